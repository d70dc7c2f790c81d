"""Whether posts are read right without a page's marks, and what answers save: ``python -m bench.extract``.

The recordings of X's own API (bench/data/x) are rendered by the sandbox in X's markup and read back in a real Chromium.

a. Every test id, class and id is stripped from the page: ids and every number have to be right all the same.
b. The same page with its marks, and its answer, are read in turns: from the bytes to the records, for the answer its
   JSON, for the page the browser's parsing, one script, and the same ladder.
c. Both shapes of the recordings are parsed: wrong posts are counted.
d. On the sandbox's own site a page is changed after all was well; the canary has to notice on its first run.

What is right is told by a reader of its own that follows the paths of these recordings and no rule of ours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.report import Anchor, Row, report
from bowerbird.browsers import chromium
from bowerbird.browsers.pool import Pool
from bowerbird.clock import SystemClock
from bowerbird.core.account import Account
from bowerbird.core.books import Batch
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Payload, Post
from bowerbird.measuring.drift import Drift
from bowerbird.platforms.web import answers, reading
from bowerbird.platforms.web.article import Article
from bowerbird.platforms.web.driver import WebDriver
from bowerbird.platforms.web.ladder import climb
from bowerbird.platforms.web.sights import Sights
from bowerbird.platforms.web.sites import SANDBOX
from bowerbird.sandbox import site
from bowerbird.sandbox.audience import Fate
from bowerbird.sandbox.cards import Card
from bowerbird.sandbox.people import Post as Shown
from bowerbird.storage.memory import MemoryBooks, MemoryStorage
from tests.perch import Perch, running_perch

RECORDINGS = Path(__file__).parent / "data" / "x"
RIGHT_LEAST = 97.0
RATIO_MAX = 0.35
ROUNDS = 15
WARM = 3
"""Rounds that are not counted."""
CLOCK = SystemClock()
MARKS = re.compile(r' (?:data-testid|class|id)="[^"]*"')
NUMBERS = ("likes", "reposts", "replies", "impressions")


def main() -> int:
    """Measure, print, and return 0 if every bar holds."""
    parser = argparse.ArgumentParser("bench.extract", description="Whether posts are read right, and how fast.")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="readings of each page and of each answer")
    asked = parser.parse_args()
    recordings = {file.stem: json.loads(file.read_text()) for file in sorted(RECORDINGS.glob("*.json"))}
    rows = [shapes(recordings)]
    skipped = {}
    if chromium.available():
        rows += asyncio.run(pages(recordings, asked.rounds))
        with running_perch() as perch:
            rows.append(asyncio.run(canary(perch)))
    else:
        skipped["pages"] = "There is no Chromium on this machine; tools/chromium.sh installs one."
    figures = {row.name.replace(" ", "_"): row.value if row.ratio is None else row.ratio for row in rows}
    return report("extract", rows, as_json=asked.json, figures=figures, skipped=skipped)


# --- the truth -------------------------------------------------------------------------------------------------


def truth(recording: Any) -> dict[str, dict[str, Any]]:
    """What a recording holds, by id: a reader that follows its paths, and stops at posts within posts."""
    return {row["id"]: row for row in map(_row, _results(recording))}


def _results(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, list):
        for inner in node:
            yield from _results(inner)
    elif isinstance(node, dict):
        if "tweet_results" in node:
            result = node["tweet_results"]["result"]
            yield result["legacy"].get("retweeted_status_result", {}).get("result", result)
            return
        for inner in node.values():
            yield from _results(inner)


def _row(result: Mapping[str, Any]) -> dict[str, Any]:
    legacy, person = result["legacy"], result["core"]["user_results"]["result"]
    views = result["views"].get("count")
    return {
        "id": result["rest_id"],
        "author": (person.get("core") or person["legacy"])["screen_name"],
        "at": datetime.strptime(legacy["created_at"], "%a %b %d %H:%M:%S %z %Y"),
        "text": legacy["full_text"],
        "lang": legacy["lang"],
        "likes": legacy["favorite_count"],
        "reposts": legacy["retweet_count"],
        "replies": legacy["reply_count"],
        "bookmarks": legacy["bookmark_count"],
        "impressions": None if views is None else int(views),
    }


def right(read: Article | None, row: Mapping[str, Any]) -> bool:
    """Whether a record is the recorded post: its id, its author, and every number that is shown."""
    if read is None or (read.id, read.author) != (row["id"], row["author"]):
        return False
    return all(getattr(read.counts, name) == row[name] for name in NUMBERS)


def page_of(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """These posts as the sandbox renders them."""
    return site.recorded([_card(row) for row in rows.values()], "v1")


def _card(row: Mapping[str, Any]) -> Card:
    at = row["at"]
    shown = Shown(
        id=row["id"], account=row["author"], text=row["text"], at=round(at.timestamp() * SECOND_US), visible_at=0,
        fate=Fate(impressions=0, events={}),
    )  # fmt: skip
    counts = {name: row[name] for name in (*NUMBERS, "bookmarks") if row[name] is not None}
    return Card(
        post=shown, name=row["author"], handle=row["author"], hue=0, answered="", counts=counts,
        path=f"/{row['author']}/status/{row['id']}", iso=at.isoformat(), age="1d", said_at=f"{at:%d %b %Y}",
    )  # fmt: skip


# --- the figures -----------------------------------------------------------------------------------------------


def shapes(recordings: Mapping[str, Any]) -> Row:
    """Parse every recording, of 2023 and of 2026; count what is missing, wrong or too much."""
    wrong = n = 0
    for recording in recordings.values():
        rows, read = truth(recording), {one.id: one for one in answers.articles(recording)}
        wrong += sum(not right(read.get(post_id), row) for post_id, row in rows.items()) + len(set(read) - set(rows))
        n += len(rows)
    return Row(name="wrong in answers", value=wrong, unit="posts", bar=0, ok=wrong == 0 and n > 0, n=n)


async def pages(recordings: Mapping[str, Any], rounds: int) -> list[Row]:
    """Read every page without its marks, and time each page against its answer."""
    seat = Pool(CLOCK, path=await asyncio.to_thread(chromium.find), arguments=chromium.flags())
    good = n = 0
    slow: list[float] = []
    quick: list[float] = []
    try:
        async with seat.page("bench", state=None, wait_s=30) as page:
            for name, recording in recordings.items():
                rows, body = truth(recording), json.dumps(recording).encode()
                html = page_of(rows)
                read = {one.id: one for one in await _by_page(page, MARKS.sub("", html))}
                good, n = good + sum(right(read.get(one), row) for one, row in rows.items()), n + len(rows)
                for turn in range(rounds + WARM):
                    began = time.perf_counter()
                    await _by_page(page, html)
                    between = time.perf_counter()
                    _by_answer(name, body)
                    if turn >= WARM:
                        slow.append(between - began)
                        quick.append(time.perf_counter() - between)
    finally:
        await seat.close()
    share = 100 * good / n
    right_row = Row(
        name="right without marks", value=share, unit="%", bar=RIGHT_LEAST, ok=share >= RIGHT_LEAST, n=n, least=True
    )
    anchor = Anchor(name="the page", version="Chromium", value=1_000 * statistics.median(slow))
    value = 1_000 * statistics.median(quick)
    ratio = sum(quick) / sum(slow)
    ratio_row = Row(
        name="answer path", value=value, unit="ms", bar=RATIO_MAX, ok=ratio <= RATIO_MAX, n=len(quick), anchor=anchor,
        ratio=ratio,
    )  # fmt: skip
    return [right_row, ratio_row]


async def _by_page(page: Any, html: str) -> list[Article]:
    await page.set_content(html, wait_until="domcontentloaded")
    view = climb([], await page.evaluate(reading.ROWS), site="x", role="search", at=0, expects=False)
    return list(view.articles)


def _by_answer(name: str, body: bytes) -> list[Article]:
    view = climb([(name, json.loads(body))], None, site="x", role="search", at=0, expects=True)
    return list(view.articles)


async def canary(perch: Perch) -> Row:
    """Change the page after all was well, and count the runs until the watch says so."""
    handle, books, sights = perch.account("none"), MemoryStorage(MemoryBooks()), Sights()
    account = Account(id=f"sandbox-web:{handle}", platform="sandbox-web", handle=handle, url=perch.url, rehearsal=True)
    await books.save_secret(account.id, "password", f"{handle}-pass")
    seat = Pool(CLOCK, path=await asyncio.to_thread(chromium.find), arguments=chromium.flags())
    driver = WebDriver(account.id, perch.url, handle, SANDBOX, seat, books, CLOCK, note=sights.note)
    try:
        now = CLOCK.now()
        post = Post(
            id="canary", account_id=account.id, key="canary", thread_id="canary", payload=Payload(text="A canary."),
            state=State.PUBLISHED, since=now, created_at=now, due=now, expires_at=now + 1, published_at=now,
        )  # fmt: skip
        wire = await driver.prepare(post)
        ref = await driver.publish(post.changed(wire=wire))
        await books.record(Batch(accounts=(account,), new_posts=(post.changed(remote=ref),)))
        drift = Drift(books, {account.id: driver}, CLOCK, sights.take, canary_s=0.0)
        worst, n = 0, 0
        for variant, spoken in (("v2", "newer"), ("v3", "newer"), ("v4", "newer"), ("v5", "none"), ("v1", "none")):
            await perch.arm("variant", variant="v1", answers="newer")
            await drift.compare_once()
            assert not drift.signs("sandbox-web"), drift.signs("sandbox-web")
            await perch.arm("variant", variant=variant, answers=spoken)
            worst, n = max(worst, await _runs_until_noticed(drift)), n + 1
    finally:
        await seat.close()
    return Row(name="canary runs", value=worst, unit="runs", bar=1, ok=worst == 1, n=n)


async def _runs_until_noticed(drift: Drift) -> int:
    for run in range(1, 10):
        await drift.compare_once()
        if drift.signs("sandbox-web"):
            return run
    return 99


if __name__ == "__main__":
    raise SystemExit(main())

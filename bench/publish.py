"""What sending through Bowerbird costs, over what anybody could write by hand: ``python -m bench.publish``.

a. The web driver against a bare Playwright script that awaits the same proof, the toast with the link to the new
   post; two accounts in one browser, both warm.
b. The publisher's whole path on SQLite books (claim, freeze, send, record) against a bare POST of httpx.
c. The Bluesky adapter against a bare ``putRecord`` of httpx, on Bluesky's own server software.

Both sides of each pair take turns, first one and then the other, so that a busy moment of the machine hits both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
from rich.progress import track

from bench.report import Anchor, Row, report
from bowerbird.browsers import chromium
from bowerbird.browsers.pool import Pool
from bowerbird.clock import SystemClock, mint_tid
from bowerbird.core.account import Account
from bowerbird.core.books import Batch
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Platform
from bowerbird.core.post import Payload, Post, expiry
from bowerbird.platforms.bluesky import Bluesky
from bowerbird.platforms.bluesky.session import StoredSession
from bowerbird.platforms.sandbox import Sandbox
from bowerbird.platforms.web.driver import WebDriver
from bowerbird.platforms.web.sites import SANDBOX
from bowerbird.posting.publisher import Publisher
from bowerbird.storage.memory import MemoryBooks, MemoryStorage
from bowerbird.storage.sqlite import SqliteStorage
from tests.network import rig
from tests.perch import Perch, running_perch

RATIO_MAX = 1.25
ADDED_MAX_MS = 5.0
WARM = 5
"""Rounds that are not counted."""

Act = Callable[[int], Awaitable[object]]
CLOCK = SystemClock()
KEYS = random.Random()


def main() -> int:
    """Measure all three, print them, and return 0 if every bar holds."""
    asked = _arguments().parse_args()
    rows: list[Row] = []
    skipped: dict[str, str] = {}
    for name, measure, rounds, why in (
        ("web driver", web, asked.web, _no_chromium()),
        ("publisher", publisher, asked.api, None),
        ("bluesky", bluesky, asked.bluesky, rig.missing(rig.Mode.PDS)),
    ):
        if why is None:
            rows.append(measure(rounds))
        else:
            skipped[name] = why
    figures = {row.name.replace(" ", "_"): row.value if row.ratio is None else row.ratio for row in rows}
    return report("publish", rows, as_json=asked.json, figures=figures, skipped=skipped)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("bench.publish", description="What sending through Bowerbird costs.")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--web", type=int, default=40, help="rounds in the browser (bar asks for 30)")
    parser.add_argument("--api", type=int, default=320, help="rounds on the sandbox's API (bar asks for 300)")
    parser.add_argument("--bluesky", type=int, default=150, help="rounds on Bluesky's server")
    return parser


def _no_chromium() -> str | None:
    return None if chromium.available() else "There is no Chromium on this machine; tools/chromium.sh installs one."


# --- the three pairs -------------------------------------------------------------------------------------------


def web(rounds: int) -> Row:
    """Measure the driver against the bare script."""
    with running_perch() as perch:
        ours, theirs = asyncio.run(_web(perch, rounds))
    return _ratio("web driver", ours, theirs, Anchor(name="bare Playwright", version=version("playwright"), value=0))


async def _web(perch: Perch, rounds: int) -> tuple[list[float], list[float]]:
    handle, other = perch.account("none"), perch.account("none")
    secrets = MemoryStorage(MemoryBooks())
    await secrets.save_secret("bench", "password", f"{handle}-pass")
    seat = Pool(CLOCK, path=await asyncio.to_thread(chromium.find), arguments=chromium.flags())
    driver = WebDriver("bench", perch.url, handle, SANDBOX, seat, secrets, CLOCK)
    await driver.whoami()
    try:
        # The page outlives its lease, so nothing of ours stands between the script and the browser.
        async with seat.page("bare", state=None, wait_s=20) as page:
            await _sign_in(page, perch.url, other)
        ready = [await _frozen(driver, f"Driven, number {n}.") for n in range(rounds + WARM)]

        def by_hand(n: int) -> Awaitable[str]:
            return _by_hand(page, perch.url, f"By hand, number {n}.")

        return await _in_turns("web driver", lambda n: driver.publish(ready[n]), by_hand, rounds)
    finally:
        await seat.close()


async def _sign_in(page: Any, url: str, handle: str) -> None:
    await page.goto(f"{url}/login")
    await page.fill("input[name=handle]", handle)
    await page.fill("input[name=password]", f"{handle}-pass")
    await page.click('form[action="/login"] button')
    await page.wait_for_url("**/home")


async def _by_hand(page: Any, url: str, text: str) -> str:
    """Post as a script of six lines would, until the same proof is read."""
    await page.goto(f"{url}/compose")
    await page.fill('[data-testid="tweetTextarea_0"]', text)
    await page.click('[data-testid="tweetButton"]')
    proof = page.locator('[data-testid="toast"] a')
    await proof.wait_for()
    return str(await proof.get_attribute("href"))


def publisher(rounds: int) -> Row:
    """Measure the whole path from the queue to the books against one bare request."""
    with running_perch() as perch, tempfile.TemporaryDirectory(prefix="bowerbird-bench-") as folder:
        ours, theirs = asyncio.run(_publisher(perch, Path(folder), rounds))
    anchor = Anchor(name="bare httpx", version=version("httpx"), value=_median_ms(theirs))
    added = _median_ms(ours) - anchor.value
    row = Row(name="publisher added", value=added, unit="ms", bar=ADDED_MAX_MS, ok=added <= ADDED_MAX_MS, n=len(ours))
    return replace(row, anchor=anchor)


async def _publisher(perch: Perch, folder: Path, rounds: int) -> tuple[list[float], list[float]]:
    handle, other = perch.account("forever"), perch.account("forever")
    account = Account(
        id="sandbox:bench", platform="sandbox", handle=handle, url=perch.url, rehearsal=True,
        posts_per_hour_max=10_000, posts_per_day_max=10_000,
    )  # fmt: skip
    books = await SqliteStorage.open(folder / "books.db", key_file=folder / "key", clock=CLOCK, engine=True)
    posts = tuple(_queued(account, n) for n in range(rounds + WARM))
    await books.record(Batch(accounts=(account,), new_posts=posts))
    await books.save_secret(account.id, "password", f"{handle}-pass")
    async with httpx.AsyncClient() as mine, httpx.AsyncClient(base_url=perch.url) as bare:
        adapter = Sandbox(account.id, perch.url, handle, books, CLOCK, mine)
        await adapter.whoami()
        sender = Publisher(books, {account.id: adapter}, CLOCK, owner="bench")
        signing = await bare.post("/api/sessions", json={"handle": other, "password": f"{other}-pass"})
        bare.headers["authorization"] = f"Bearer {signing.json()['token']}"

        async def by_hand(n: int) -> None:
            key = {"idempotency-key": mint_tid(CLOCK.now(), KEYS)}
            answer = await bare.post("/api/posts", json={"text": f"By hand, number {n}."}, headers=key)
            answer.raise_for_status()

        times = await _in_turns("publisher", lambda _: sender.publish_once(), by_hand, rounds)
    sent = len([row for row in await perch.posts(handle) if row["text"].startswith("Queued")])
    assert sent == len(posts), f"{sent} of {len(posts)} arrived"
    await books.close()
    return times


def bluesky(rounds: int) -> Row:
    """Measure the adapter against the bare request, on Bluesky's own server."""
    with rig.running(rig.Mode.PDS) as running:
        ours, theirs = asyncio.run(_bluesky(running, rounds))
    return _ratio("bluesky", ours, theirs, Anchor(name="bare httpx", version=version("httpx"), value=0))


async def _bluesky(running: rig.Rig, rounds: int) -> tuple[list[float], list[float]]:
    wren, finch = await running.account("wren"), await running.account("finch")
    session = StoredSession(MemoryStorage(MemoryBooks()), "bluesky:wren")
    adapter = Bluesky(running.pds, wren.handle, wren.password, session, CLOCK)
    ready = [await _frozen(adapter, f"Sent, number {n}.") for n in range(rounds + WARM)]
    records = {post.key: json.loads(post.wire or "{}") for post in ready}
    async with httpx.AsyncClient(base_url=f"{running.pds}/xrpc/", timeout=30) as bare:
        login = {"identifier": finch.handle, "password": finch.password}
        signing = (await bare.post("com.atproto.server.createSession", json=login)).json()
        bare.headers["authorization"] = f"Bearer {signing['accessJwt']}"

        async def by_hand(n: int) -> None:
            key = ready[n].key
            place = {"repo": finch.did, "collection": "app.bsky.feed.post", "rkey": key, "record": records[key]}
            answer = await bare.post("com.atproto.repo.putRecord", json=place)
            answer.raise_for_status()

        async with _closing(adapter):
            return await _in_turns("bluesky", lambda n: adapter.publish(ready[n]), by_hand, rounds)


# --- measuring -------------------------------------------------------------------------------------------------


async def _in_turns(name: str, ours: Act, theirs: Act, rounds: int) -> tuple[list[float], list[float]]:
    """Let both act `rounds` times after warming up, each going first every other time; return seconds."""
    times: dict[Act, list[float]] = {ours: [], theirs: []}
    turns = range(rounds + WARM)
    for n in track(turns, f"{name} ...", disable=not sys.stderr.isatty(), transient=True):
        for act in (ours, theirs) if n % 2 else (theirs, ours):
            start = time.perf_counter()
            await act(n)
            times[act].append(time.perf_counter() - start)
    return times[ours][WARM:], times[theirs][WARM:]


def _ratio(name: str, ours: list[float], theirs: list[float], anchor: Anchor) -> Row:
    value, held = _median_ms(ours), _median_ms(theirs)
    ratio = value / held
    return Row(
        name=name, value=value, unit="ms", bar=RATIO_MAX, ok=ratio <= RATIO_MAX, n=len(ours),
        anchor=replace(anchor, value=held), ratio=ratio,
    )  # fmt: skip


def _median_ms(times: list[float]) -> float:
    return statistics.median(times) * 1000


# --- posts -----------------------------------------------------------------------------------------------------


def _queued(account: Account, n: int) -> Post:
    """A post that is due now and approved."""
    now = CLOCK.now()
    key = mint_tid(now, KEYS)
    return Post(
        id=key, account_id=account.id, key=key, thread_id=key, payload=Payload(text=f"Queued, number {n}."),
        state=State.QUEUED, since=now, created_at=now, due=now, expires_at=expiry(now), approved_by="bench",
    )  # fmt: skip


async def _frozen(platform: Platform, text: str) -> Post:
    """A post whose message is made."""
    made = _queued(Account(id="bench", platform=platform.name, handle="bench"), 0)
    made = replace(made, payload=Payload(text=text))
    return replace(made, wire=await platform.prepare(made))


@asynccontextmanager
async def _closing(platform: Platform) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await platform.close()


if __name__ == "__main__":
    sys.exit(main())

"""What it costs to look at Bowerbird: ``python -m bench.face [--json]``.

* Behind the real dashboard process stand 100,000 posts with their facts and readings (`bench.seeding`), and for the
  lists once more a million; meanwhile the books change as those of a running engine do (`bench.living`).
* Every page of the routes table is visited cold: a new context of Chromium with an empty cache, loopback. Of each
  page the median counts, of all pages the worst.
* Lists are timed from the request to the last byte of the answer, by a client on this machine.
* A change is timed from before it is written until after the frame in which a page shows it; one clock.
* The anchor is a page of NiceGUI with the same fifty rows, visited in turns with ours.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, async_playwright
from rich.console import Console
from rich.table import Table

from bench.living import CLOCK, Face, answers, facing, free_port, living
from bench.report import Anchor, Row, report
from bench.seeding import Size, stock
from bench.visits import GONE, Visit, opened, visit
from bowerbird.app.books import BOOKS
from bowerbird.browsers import chromium
from bowerbird.core.books import Batch, Change, Storage
from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import Event, State
from bowerbird.dashboard.doors import COOKIE
from bowerbird.dashboard.routes import LEAVES

PAINT_MAX_MS = 400.0
SIZE_MAX_KIB = 100.0
REQUESTS_MAX = 8
LIST_MAX_MS = 50.0
LIST_MAX_MS_AT_A_MILLION = 60.0
CHANGE_MAX_MS = 500.0
CPU_MAX_PERCENT = 5.0
PAINT_RATIO_MAX = 0.5
SIZE_RATIO_MAX = 0.3
SEED = 7
PAGES_OPEN = 20
MANY = 1_000_000
KNOWN = {"post_id": "bench-00000001", "incident_id": "incident-0", "job": "publish", "account_id": "sandbox:bench-1"}
"""What stands for the parts of addresses; a page with another part is left out, and said to be."""
QUERIES = ("", "?state=published", "?account=sandbox:bench-3", "?kind=reply", "?by=published_at", "?words=lantern")
"""How the list of posts is asked for; each is followed for a few pages."""
CELLS = "/posts?state=published"
"""Our page of fifty rows, which is held against the anchor's."""

NAMES = {"first_contentful_paint_ms": "first paint", "compressed_kib": "compressed", "requests": "requests"}
"""What is measured of each page, and how the table calls it."""

Visits = dict[str, list[Visit]]


def main() -> int:
    """Measure everything, print it, and return 0 if every bar holds."""
    asked = _arguments().parse_args()
    if not chromium.available():
        print("There is no Chromium on this machine; tools/chromium.sh installs one.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="bowerbird-bench-") as folder:
        found = asyncio.run(_measured(Path(folder), asked))
    _pages(found.visits)
    figures = {key: row.value if row.ratio is None else row.ratio for key, row in found.rows.items()}
    pages = {path: _figures_of(visits) for path, visits in found.visits.items()}
    return report(
        "face", list(found.rows.values()), as_json=asked.json, seed=SEED, figures={**figures, "pages": pages},
        skipped=found.skipped,
    )  # fmt: skip


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("bench.face", description="What it costs to look at Bowerbird.")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--visits", type=int, default=5, help="cold visits to each page")
    parser.add_argument("--asks", type=int, default=60, help="requests of each list")
    parser.add_argument("--changes", type=int, default=40, help="changes that are watched until they are painted")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long twenty open pages are watched")
    parser.add_argument("--posts", type=int, default=100_000, help="posts behind the pages")
    parser.add_argument("--many", type=int, default=MANY, help="posts behind the longest lists; 0 leaves them out")
    return parser


@dataclass
class Found:
    """What was measured; each row under the name by which the line of JSON has its figure."""

    rows: dict[str, Row] = field(default_factory=dict)
    visits: Visits = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


async def _measured(folder: Path, asked: argparse.Namespace) -> Found:
    """Everything, one after the other, so that nothing disturbs anything but the living books."""
    found = Found()
    await _stocked(folder / "one", Size(posts=asked.posts))
    async with living(folder / "one") as books, facing(folder / "one") as face:
        async with _browsing() as browser:
            await _cold(browser, face, asked.visits, found)
        found.rows["list_p95_ms"] = await _lists("lists p95", face, asked.asks, LIST_MAX_MS, found)
        async with _browsing() as browser:
            found.rows["change_to_painted_p95_ms"] = await _changes(browser, face, books, asked.changes)
            await _crowd(browser, face, asked.seconds, found)
        async with _browsing() as browser:
            await _against_nicegui(browser, face, folder / "one" / BOOKS, 2 * asked.visits + 1, found)
    if asked.many:
        await _stocked(folder / "many", Size(posts=asked.many, accounts=20, facts=0, readings=0))
        async with living(folder / "many"), facing(folder / "many") as face:
            name = f"lists p95 at {asked.many:,}"
            found.rows["list_p95_ms_at_1000000"] = await _lists(name, face, asked.asks, LIST_MAX_MS_AT_A_MILLION, found)
    return found


async def _stocked(folder: Path, size: Size) -> None:
    await asyncio.to_thread(lambda: stock(folder / BOOKS, size, now=CLOCK.now(), seed=SEED))


@asynccontextmanager
async def _browsing() -> AsyncIterator[Browser]:
    """A visitor's browser: as it comes, without the flags by which the engine's own saves memory."""
    plain = [flag for flag in chromium.flags() if flag == "--no-sandbox"]
    async with async_playwright() as playwright:
        program = await asyncio.to_thread(chromium.find)
        browser = await playwright.chromium.launch(executable_path=program or None, args=plain)
        try:
            yield browser
        finally:
            await browser.close()


# --- pages -----------------------------------------------------------------------------------------------------


def _paths(found: Found) -> list[str]:
    """Every page of the table, with something that is there in the place of each part of an address."""
    paths = []
    for leaf in LEAVES:
        path = re.sub(r"{(\w+)(:\w+)?}", lambda part: KNOWN.get(part[1], part[0]), leaf.path)
        if "{" in path:
            found.skipped[leaf.path] = "the bench knows nothing to show there"
        else:
            paths.append(path)
    return paths


async def _cold(browser: Browser, face: Face, rounds: int, found: Found) -> None:
    """Visit every page of the table, in turns."""
    paths = _paths(found)
    await visit(browser, face.url, face.cookie)  # the program's own first time is nobody's page
    for _ in range(rounds):
        for path in paths:
            found.visits.setdefault(path, []).append(await visit(browser, f"{face.url}{path}", face.cookie))
    of = {path: _figures_of(visits) for path, visits in found.visits.items()}
    for key, unit, bar in (
        ("first_contentful_paint_ms", "ms", PAINT_MAX_MS),
        ("compressed_kib", "KiB", SIZE_MAX_KIB),
        ("requests", "", REQUESTS_MAX),
    ):
        worst = max(of, key=lambda path: of[path][key])
        value, name = of[worst][key], f"{NAMES[key]}, worst page {worst}"
        n = rounds * len(of)
        found.rows[key] = Row(name=name, value=value, unit=unit, bar=bar, ok=value <= bar, n=n)


def _figures_of(visits: list[Visit]) -> dict[str, float]:
    return {
        "first_contentful_paint_ms": statistics.median(each.paint_ms for each in visits),
        "compressed_kib": statistics.median(each.size for each in visits) / 1024,
        "requests": max(each.requests for each in visits),
    }


def _pages(visits: Visits) -> None:
    """Print each page's own figures."""
    table = Table(title="every page, cold")
    for heading in ("page", "first paint, ms", "compressed, KiB", "requests"):
        table.add_column(heading, justify="left" if heading == "page" else "right")
    for path, seen in visits.items():
        of = _figures_of(seen)
        table.add_row(path, *(f"{of[key]:.0f}" for key in NAMES))
    Console(width=140).print(table)


# --- lists -----------------------------------------------------------------------------------------------------


async def _lists(name: str, face: Face, rounds: int, bar: float, found: Found) -> Row:
    """Ask for every page without a browser; the row is the page with the worst p95."""
    times: dict[str, list[float]] = {}
    async with httpx.AsyncClient(base_url=face.url, cookies={COOKIE: face.cookie}, timeout=30) as client:
        for path in _paths(found):
            for query in QUERIES if path == "/posts" else ("",):
                times[path + query] = await _asked(client, path + query, rounds)
    worst = max(times, key=lambda path: _p95_ms(times[path]))
    value = _p95_ms(times[worst])
    n = sum(map(len, times.values()))
    return Row(name=f"{name}, worst {worst}", value=value, unit="ms", bar=bar, ok=value <= bar, n=n)


async def _asked(client: httpx.AsyncClient, path: str, rounds: int) -> list[float]:
    """Seconds for each answer; where one leads to a next page, that is asked for next."""
    here, times = path, []
    await client.get(path)
    for _ in range(rounds):
        start = time.perf_counter()
        answer = await client.get(here)
        times.append(time.perf_counter() - start)
        answer.raise_for_status()
        onward = re.search(r'href="([^"]+)" rel="next"', answer.text)
        here = onward[1].replace("&amp;", "&") if onward else path
    return times


def _p95_ms(times: list[float]) -> float:
    return sorted(times)[math.ceil(0.95 * len(times)) - 1] * 1000


# --- changes ---------------------------------------------------------------------------------------------------


async def _changes(browser: Browser, face: Face, books: Storage, rounds: int) -> Row:
    """Turn proposed posts down, one after the other, and wait until the open page of approvals shows it."""
    page = await opened(browser, face.url, face.cookie)
    await page.goto(f"{face.url}/approvals")
    await page.wait_for_timeout(2000)
    times = []
    for n in range(rounds):
        post = (await books.posts(states=(State.PROPOSED,), limit=1, newest_first=False))[0]
        await page.evaluate(GONE, post.payload.text)
        start = time.time()
        after = post.after(Event.TURNED_DOWN, now=CLOCK.now(), reason="person")
        told = Fact(kind="turned_down", at=after.since, by="bench", account_id=post.account_id, post_id=post.id)
        await books.record(Batch(changes=(Change(post, after),), facts=(told,)))
        times.append(await page.evaluate("window.gone") / 1000 - start)
        await page.wait_for_timeout(300 + 37 * n % 700)  # at no rhythm of ours
    await page.context.close()
    value = _p95_ms(times)
    return Row(
        name="change to paint p95", value=value, unit="ms", bar=CHANGE_MAX_MS, ok=value <= CHANGE_MAX_MS, n=rounds
    )


async def _crowd(browser: Browser, face: Face, seconds: float, found: Found) -> None:
    """Leave twenty pages open, each of a visitor of its own, and look how much of a core the dashboard needs.

    How often they were drawn anew meanwhile is told with it, for pages that stand still cost nothing.
    """
    paths, events = _paths(Found()), 0

    def came(_: dict[str, Any]) -> None:
        nonlocal events
        events += 1

    for n in range(PAGES_OPEN):
        page = await opened(browser, face.url, face.cookie)
        wire = await page.context.new_cdp_session(page)
        wire.on("Network.eventSourceMessageReceived", came)
        await wire.send("Network.enable")
        await page.goto(f"{face.url}{paths[n % len(paths)]}")
    await asyncio.sleep(3)
    start, used, before = time.perf_counter(), face.cpu_s(), events
    await asyncio.sleep(seconds)
    value = 100 * (face.cpu_s() - used) / (time.perf_counter() - start)
    drawn = events - before
    found.rows["cpu_with_20_pages_percent"] = Row(
        name=f"CPU with {PAGES_OPEN} open pages", value=value, unit="%", bar=CPU_MAX_PERCENT,
        ok=value < CPU_MAX_PERCENT, n=PAGES_OPEN,
    )  # fmt: skip
    found.rows["events_to_20_pages"] = Row(
        name="what they were sent meanwhile", value=drawn, unit="events", bar=PAGES_OPEN, ok=drawn >= PAGES_OPEN,
        n=PAGES_OPEN, least=True,
    )  # fmt: skip


# --- the anchor ------------------------------------------------------------------------------------------------


async def _against_nicegui(browser: Browser, face: Face, books: Path, rounds: int, found: Found) -> None:
    """Visit our table and the anchor's in turns."""
    try:
        anchor = version("nicegui")
    except PackageNotFoundError:
        found.skipped["NiceGUI"] = "it is not installed: run make anchors"
        return
    async with _nicegui(books) as there:
        sides: dict[str, Callable[[], Awaitable[Visit]]] = {
            "ours": lambda: visit(browser, f"{face.url}{CELLS}", face.cookie),
            "theirs": lambda: visit(browser, there),
        }
        seen: Visits = {side: [] for side in sides}
        for n in range(rounds + 1):
            for side in sides if n % 2 else reversed(sides):
                seen[side].append(await sides[side]())
    ours, theirs = (_figures_of(seen[side][1:]) for side in sides)
    for key, figure, unit, bar in (
        ("nicegui_paint_ratio", "first_contentful_paint_ms", "ms", PAINT_RATIO_MAX),
        ("nicegui_bytes_ratio", "compressed_kib", "KiB", SIZE_RATIO_MAX),
    ):
        held = Anchor(name="NiceGUI", version=anchor, value=theirs[figure])
        ratio = ours[figure] / held.value
        found.rows[key] = Row(
            name=f"50 rows, {NAMES[figure]}", value=ours[figure], unit=unit, bar=bar, ok=ratio <= bar, n=rounds,
            anchor=held, ratio=ratio,
        )  # fmt: skip


@asynccontextmanager
async def _nicegui(books: Path) -> AsyncIterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "bench.nicegui_table", str(books), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        await answers(url)
        yield url
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


if __name__ == "__main__":
    sys.exit(main())

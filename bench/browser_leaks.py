"""What is left over after many visits and faults, and what a page may leak: ``python -m bench.browser_leaks``.

a. Two seats, ten accounts, 2,000 visits and 50 faults (browser or driver killed, browser stopped, page crashed, page
   without end); at the end nothing may be left: no context or page that nobody knows, no process, no profile.
b. The memory of all browsers and their drivers at the end, against what it was at the hundredth visit.
c. A page that leaks: the most that its browser took until the page crashed, against a browser with its own flags,
   watched for a while, and whether a sibling noticed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from rich.progress import Progress

from bench.browsing import (
    LEAK,
    NO_CHROMIUM,
    PLAYWRIGHT,
    bare_options,
    crash,
    pooled,
    seat_of,
    site,
    visit_through,
)
from bench.report import Anchor, Row, report
from bowerbird.browsers import chromium, gauge, nest
from bowerbird.browsers.pool import Pool
from bowerbird.core.errors import Unreachable

GROWN_MAX, LEAK_MAX = 1.3, 0.25
HEAP_MAX_MB = 128
"""The heap of the page that leaks, megabytes."""
WATCH_S = 12.0
"""So long a browser without limits is watched while its page leaks, seconds."""
SEATS, ACCOUNTS = 2, 10
FAULTS = ("kill browser", "kill driver", "stop browser", "crash page", "page without end")


class Life:
    """Many visits, and a fault now and then."""

    def __init__(self, pool: Pool, url: str, rng: random.Random) -> None:
        self.pool, self.url, self.rng = pool, url, rng
        self.visits = self.lost = self.faults = 0
        self.at_100_mb = 0.0

    async def live(self, visits: int, faults: int) -> None:
        """Visit from two accounts at a time; a fault each so many visits."""
        every = max(1, visits // max(1, faults))
        with Progress(transient=True) as bar:
            task = bar.add_task("visits", total=visits)
            while self.visits < visits:
                names = self.rng.sample(range(ACCOUNTS), SEATS)
                broken = asyncio.create_task(self._break()) if self.faults < self.visits // every else None
                await asyncio.gather(*(self._visit(f"account{name}") for name in names))
                if broken is not None:
                    await broken
                bar.update(task, completed=self.visits)
                if not self.at_100_mb and self.visits >= 100:
                    self.at_100_mb = await self.weigh_mb()

    async def _visit(self, account: str) -> None:
        self.visits += 1
        try:
            await visit_through(self.pool, self.url, account, op="publish")
        except Unreachable:
            self.lost += 1

    async def _break(self) -> None:
        """Break something while they work."""
        fault = FAULTS[self.faults % len(FAULTS)]
        self.faults += 1
        await asyncio.sleep(self.rng.uniform(0.0, 0.1))
        if "page" in fault:
            await self._break_page(fault)
            return
        place = next((place for place in self.pool.places if place.up), None)
        if place is not None:
            pid = seat_of(self.pool, place.number).pids.get(fault.split()[1], 0)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid or 2**22 + 1, signal.SIGSTOP if "stop" in fault else signal.SIGKILL)

    async def _break_page(self, fault: str) -> None:
        with contextlib.suppress(Unreachable):
            async with self.pool.page("breaks", state=None, wait_s=60, op="publish") as page:
                if "crash" in fault:
                    await crash(page)
                await page.evaluate("for (;;) {}")

    async def weigh_mb(self) -> float:
        """What the browsers on all seats take with their drivers, megabytes, once each account has its page."""
        await asyncio.sleep(6.0)  # what is being healed is healed
        for number in range(0, ACCOUNTS, SEATS):
            await asyncio.gather(*(self._visit(f"account{number + more}") for more in range(SEATS)))
        seats = [seat_of(self.pool, place.number) for place in self.pool.places if place.up]
        weights = [await asyncio.to_thread(seat.weigh) for seat in seats]
        return sum(tree_mb + driver_mb for tree_mb, driver_mb, _ in weights)

    def strays(self) -> int:
        """Contexts and pages of the browsers that the pool does not know."""
        found = 0
        for place in self.pool.places:
            if place.up:
                seat = seat_of(self.pool, place.number)
                browser = seat._browser  # noqa: SLF001 - what nobody should have to ask is asked here
                assert browser is not None
                pages = sum(len(context.pages) for context in browser.contexts)
                known = len(seat.warm) + (seat._ready is not None)  # noqa: SLF001 - the same
                found += abs(len(browser.contexts) - known) + abs(pages - known)
        return found


async def leftovers(visits: int, faults: int, seed: int) -> tuple[list[Row], dict[str, Any]]:
    """Live, end, and count what is left."""
    before = _below()
    with site() as url:
        async with pooled(seats=SEATS, standby=True) as pool:
            life = Life(pool, url, random.Random(seed))
            await life.live(visits, faults)
            end_mb, strays = await life.weigh_mb(), life.strays()
    await asyncio.sleep(1.0)  # what was killed is reaped
    left = len(_below() - before)
    nests = await asyncio.to_thread(_nests)
    grown = round(end_mb / life.at_100_mb, 3)
    anchor = Anchor(name="visit 100", version="", value=round(life.at_100_mb, 1))
    figures = {
        "visits": life.visits, "faults": life.faults, "leases_lost": life.lost,
        "restarts": dict(pool.tally.restarts), "contexts_and_pages_left": strays, "processes_left": left,
        "profiles_left": nests, "growth": grown,
    }  # fmt: skip
    rows = [
        Row(name="contexts and pages left over", value=strays, unit="", bar=0, ok=strays == 0, n=life.visits),
        Row(name="processes left over", value=left, unit="", bar=0, ok=left == 0, n=life.faults),
        Row(name="profiles left over", value=nests, unit="", bar=0, ok=nests == 0, n=life.faults),
        Row(name="memory at the end", value=round(end_mb, 1), unit="MB", bar=GROWN_MAX, ok=grown <= GROWN_MAX, n=1,
            anchor=anchor, ratio=grown),
    ]  # fmt: skip
    return rows, figures


def _below() -> set[int]:
    return gauge.below(os.getpid(), gauge.parents()) - {os.getpid()}


def _nests() -> int:
    home: Path = nest.ground() / nest.mine()
    return len(list(home.iterdir())) if home.exists() else 0


async def leak_of_ours() -> tuple[float, float, bool]:
    """Peak megabytes of the browser while its page leaks, seconds until that was told, and whether a sibling lived."""
    peak = 0.0

    async def watch(pool: Pool) -> None:
        nonlocal peak
        while True:
            tree_mb, _, _ = await asyncio.to_thread(seat_of(pool).weigh)
            peak = max(peak, tree_mb)

    async with pooled(heap_max_mb=HEAP_MAX_MB) as pool:
        async with pool.page("sibling", state=None, wait_s=30) as page:
            await page.evaluate("window.kept = 7")
        watching = asyncio.create_task(watch(pool))
        began = time.perf_counter()
        with contextlib.suppress(Unreachable):
            async with pool.page("leaks", state=None, wait_s=30, op="publish") as page:
                await page.evaluate(LEAK)
        took_s = time.perf_counter() - began
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        async with pool.page("sibling", state=None, wait_s=30) as page:
            lived = await page.evaluate("window.kept") == 7
    return peak, took_s, lived


async def leak_of_bare() -> float:
    """Peak megabytes of a browser with its own flags."""
    from playwright.async_api import async_playwright

    peak, before = 0.0, _below()
    options = await asyncio.to_thread(bare_options)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**options)
        page = await browser.new_page()
        leaking = asyncio.ensure_future(page.evaluate(LEAK))
        began = time.perf_counter()
        while not leaking.done() and time.perf_counter() - began < WATCH_S:
            peak = max(peak, await asyncio.to_thread(lambda: gauge.pss_mb(_below() - before)))
            await asyncio.sleep(0.1)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(page.close(), 5)
        leaking.cancel()
        await asyncio.gather(leaking, return_exceptions=True)
        await browser.close()
    return peak


async def measure(visits: int, faults: int, seed: int) -> tuple[list[Row], dict[str, Any]]:
    """All three."""
    rows, figures = await leftovers(visits, faults, seed)
    ours_mb, took_s, lived = await leak_of_ours()
    bare_mb = await leak_of_bare()
    ratio = round(ours_mb / bare_mb, 3)
    figures |= {"leak_peak": ratio, "leak_told_s": round(took_s, 2), "siblings_untouched": lived}
    anchor = Anchor(name="default flags", version=PLAYWRIGHT, value=round(bare_mb))
    rows += [
        Row(name="peak of a page that leaks", value=round(ours_mb), unit="MB", bar=LEAK_MAX, ok=ratio <= LEAK_MAX, n=1,
            anchor=anchor, ratio=ratio),
        Row(name="siblings that noticed", value=not lived, unit="", bar=0, ok=lived, n=1),
    ]  # fmt: skip
    return rows, figures


def main() -> int:
    """Live, count, print, and return 0 if every bar holds."""
    parser = argparse.ArgumentParser("bench.browser_leaks", description="What many visits and faults leave over.")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--visits", type=int, default=2_000, help="visits altogether")
    parser.add_argument("--faults", type=int, default=50, help="faults among them")
    parser.add_argument("--seed", type=int, default=1, help="draws accounts and instants")
    asked = parser.parse_args()
    if not chromium.available():
        return report("browser_leaks", [], as_json=asked.json, skipped={"all": NO_CHROMIUM})
    rows, figures = asyncio.run(measure(asked.visits, asked.faults, asked.seed))
    return report("browser_leaks", rows, as_json=asked.json, seed=asked.seed, figures=figures)


if __name__ == "__main__":
    sys.exit(main())

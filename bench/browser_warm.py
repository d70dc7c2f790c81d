"""What a warm lease saves, and what the pool costs: ``python -m bench.browser_warm``.

a. Acquire, goto, extract and release by a lease, against a new context, a new page and the same visit in a bare
   Playwright browser that was started as anybody starts one.
b. Acquiring alone, while nobody else waits, against a round trip to the page (`evaluate`).

Both sides of each pair take turns, so that a busy moment of the machine hits both, and a still moment lies between
them: the bare browser goes on working for 0.4 s after each new context, and that would count against the next visit.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Coroutine
from typing import Any

from rich.progress import track

from bench.browsing import NO_CHROMIUM, PLAYWRIGHT, STILL_S, bare_options, pooled, site, visit_cold, visit_through
from bench.report import Anchor, Row, report
from bowerbird.browsers import chromium
from bowerbird.browsers.pool import Pool

WARM_MAX, ACQUIRE_MAX = 0.25, 2.0
UNCOUNTED = 4
"""Rounds that warm up."""


async def pages(pool: Pool, url: str, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds of a visit by lease and of one in a bare browser, in turns."""
    from playwright.async_api import async_playwright

    ours, bare = [], []
    options = await asyncio.to_thread(bare_options)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**options)
        for _ in track(range(rounds + UNCOUNTED), "visits", transient=True):
            ours.append(await _took_ms(visit_through(pool, url)))
            bare.append(await _took_ms(visit_cold(browser, url)))
        await browser.close()
    return ours[UNCOUNTED:], bare[UNCOUNTED:]


async def _took_ms(visit: Coroutine[Any, Any, None]) -> float:
    await asyncio.sleep(STILL_S)
    began = time.perf_counter()
    await visit
    return (time.perf_counter() - began) * 1e3


async def acquires(pool: Pool, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds until a lease has its page, and of a round trip to it, in turns."""
    had, trips = [], []
    for _ in range(rounds + UNCOUNTED):
        began = time.perf_counter()
        async with pool.page("robin", state=None, wait_s=30, op="counts") as page:
            had.append((time.perf_counter() - began) * 1e3)
            began = time.perf_counter()
            await page.evaluate("1")
            trips.append((time.perf_counter() - began) * 1e3)
    return had[UNCOUNTED:], trips[UNCOUNTED:]


async def measure(rounds: int) -> list[Row]:
    """Both pairs."""
    with site() as url:
        async with pooled() as pool:
            ours, bare = await pages(pool, url, rounds)
            had, trips = await acquires(pool, 10 * rounds)
    return [
        _row("warm lease", ours, Anchor(name="bare Playwright", version=PLAYWRIGHT, value=statistics.median(bare)),
             WARM_MAX),
        _row("acquire", had, Anchor(name="evaluate", version=PLAYWRIGHT, value=statistics.median(trips)), ACQUIRE_MAX),
    ]  # fmt: skip


def _row(name: str, values: list[float], anchor: Anchor, bar: float) -> Row:
    value = statistics.median(values)
    ratio = round(value / anchor.value, 3)
    return Row(name=name, value=round(value, 2), unit="ms", bar=bar, ok=ratio <= bar, n=len(values), anchor=anchor,
               ratio=ratio)  # fmt: skip


def main() -> int:
    """Measure, print, and return 0 if both bars hold."""
    parser = argparse.ArgumentParser("bench.browser_warm", description="What a warm lease saves.")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--rounds", type=int, default=40, help="visits of each kind")
    asked = parser.parse_args()
    if not chromium.available():
        return report("browser_warm", [], as_json=asked.json, skipped={"all": NO_CHROMIUM})
    rows = asyncio.run(measure(asked.rounds))
    figures = {"warm_lease": rows[0].ratio, "acquire": rows[1].ratio}
    return report("browser_warm", rows, as_json=asked.json, figures=figures)


if __name__ == "__main__":
    sys.exit(main())

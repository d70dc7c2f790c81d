"""How soon the next visit succeeds after each fault: ``python -m bench.browser_faults``.

a. SIGKILL of the browser, with one that stands by and without, against a bare script that starts another browser as
   soon as it hears of it, and against crawlee's pool, which is asked again and again until a visit succeeds.
b. Three visits wait in line during each of ours: none may fail.
c. A page that runs for ever, a browser that is stopped, a driver that is killed: until the seat serves again. Bare
   Playwright never hears of any of these.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.browsing import (
    NO_CHROMIUM,
    PLAYWRIGHT,
    STILL_S,
    bare_options,
    crawlee_version,
    pooled,
    seat_of,
    site,
    standing_by,
    visit,
    visit_cold,
    visit_through,
)  # fmt: skip
from bench.report import Anchor, Row, report
from bowerbird.browsers import chromium, gauge
from bowerbird.browsers.pool import Pool

if TYPE_CHECKING:
    from playwright.async_api import Playwright

STANDBY_MAX, COLD_MAX, CRAWLEE_MAX = 0.35, 1.3, 0.1
HUNG_MAX_S, FROZEN_MAX_S, DRIVER_MAX_S = 4.0, 6.0, 2.5
PATIENCE_S = 120.0
"""How long crawlee is waited for, seconds."""


class Queue:
    """Those who waited in line while something broke, and how many of them failed."""

    def __init__(self) -> None:
        self.asked = self.failed = 0

    async def first(self, pool: Pool, url: str, began: float) -> float:
        """Let three wait; return the seconds from the fault until the first of them was served."""
        waits = [asyncio.create_task(visit_through(pool, url, f"waits{n}")) for n in range(3)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        took_s = time.perf_counter() - began
        ended = await asyncio.gather(*waits, return_exceptions=True)
        self.asked += len(ended)
        self.failed += sum(isinstance(each, BaseException) for each in ended)
        return took_s


async def strike(pool: Pool, what: str, sent: signal.Signals, url: str, queue: Queue, *, standby: bool) -> float:
    """Seconds from a signal to driver or browser until the next visit was over."""
    await visit_through(pool, url)
    if standby:
        await standing_by(pool)
    await asyncio.sleep(STILL_S)
    pid, began = seat_of(pool).pids[what], time.perf_counter()
    os.kill(pid, sent)
    return await queue.first(pool, url, began)


async def struck(what: str, sent: signal.Signals, url: str, rounds: int, queue: Queue) -> list[float]:
    """The same again and again, with another browser that stands by."""
    async with pooled(standby=True) as pool:
        return [await strike(pool, what, sent, url, queue, standby=True) for _ in range(rounds)]


async def killed(url: str, rounds: int, queue: Queue) -> tuple[list[float], list[float], list[float]]:
    """Seconds after SIGKILL of the browser: a bare script's, ours with standby and ours without, in turns."""
    from playwright.async_api import async_playwright

    found: tuple[list[float], list[float], list[float]] = ([], [], [])
    options = await asyncio.to_thread(bare_options)
    async with async_playwright() as playwright, pooled(standby=True) as stood:
        bare = Bare(playwright, options, url)
        await bare.start()
        for _ in range(rounds):
            found[0].append(await bare.strike())
            found[1].append(await strike(stood, "browser", signal.SIGKILL, url, queue, standby=True))
            async with pooled() as alone:  # a new one each time, for three losses a minute make it breathe
                found[2].append(await strike(alone, "browser", signal.SIGKILL, url, queue, standby=False))
        await bare.browser.close()
    return found


async def hung(url: str, rounds: int, queue: Queue) -> list[float]:
    """Seconds from a page that began to run for ever until the next visit was over."""

    async def hang(pool: Pool) -> None:
        async with pool.page("robin", state=None, wait_s=30, op="counts") as page:
            await page.evaluate("for (;;) {}")

    took = []
    async with pooled() as pool:
        for _ in range(rounds):
            await visit_through(pool, url)
            hanging, began = asyncio.create_task(hang(pool)), time.perf_counter()
            await asyncio.sleep(0.1)
            took.append(await queue.first(pool, url, began))
            await asyncio.gather(hanging, return_exceptions=True)
    return took


class Bare:
    """A script as anybody writes it: it starts another browser as soon as it hears that one is gone."""

    def __init__(self, playwright: Playwright, options: dict[str, Any], url: str) -> None:
        self.playwright, self.options, self.url = playwright, options, url

    async def start(self) -> None:
        """Start a browser, and learn which process it is."""
        self.browser = await self.playwright.chromium.launch(**self.options)

    async def strike(self) -> float:
        """Seconds from SIGKILL until another browser has made a visit."""
        await visit_cold(self.browser, self.url)
        line = await self.browser.new_browser_cdp_session()
        told = await line.send("SystemInfo.getProcessInfo")
        gone = asyncio.Event()
        self.browser.on("disconnected", lambda _: gone.set())
        pid = next(row["id"] for row in told["processInfo"] if row["type"] == "browser")
        await asyncio.sleep(STILL_S)
        began = time.perf_counter()
        os.kill(pid, signal.SIGKILL)
        await gone.wait()
        await self.start()
        await visit_cold(self.browser, self.url)
        return time.perf_counter() - began


def _browser_below() -> int:
    """The only browser that descends from this process."""
    parents = gauge.parents()
    for pid in gauge.below(os.getpid(), parents):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
            if "--remote-debugging-pipe" in words and "--type=" not in words:
                return pid
    raise SystemExit("no browser runs")


async def crawlee(url: str) -> tuple[float, int]:
    """Seconds from SIGKILL until a visit through crawlee's pool succeeds, and the calls that failed before it."""
    from crawlee.browsers import BrowserPool

    options = await asyncio.to_thread(bare_options)
    launch: dict[str, Any] = {"executable_path": options["executable_path"], "args": options["args"]}
    async with BrowserPool.with_default_plugin(headless=True, browser_launch_options=launch) as pool:
        first = await pool.new_page()
        await visit(first.page, url)
        pid, began, failed = await asyncio.to_thread(_browser_below), time.perf_counter(), 0
        os.kill(pid, signal.SIGKILL)
        while time.perf_counter() - began < PATIENCE_S:
            try:
                page = await pool.new_page()
                await visit(page.page, url)
                break
            except Exception:  # noqa: BLE001 - whatever it raises, it has failed once more
                failed += 1
                await asyncio.sleep(0.25)
        return time.perf_counter() - began, failed


async def measure(rounds: int, figures: dict[str, Any], skipped: dict[str, str]) -> list[Row]:
    """Every fault in turn."""
    queue = Queue()
    with site() as url:
        bare, stood, alone = await killed(url, rounds, queue)
        cold = Anchor(name="bare relaunch", version=PLAYWRIGHT, value=statistics.median(bare))
        rows = [
            _ratio("killed, with standby", stood, cold, STANDBY_MAX),
            _ratio("killed, without", alone, cold, COLD_MAX),
        ]
        if crawlee_version():
            theirs, calls = await crawlee(url)
            anchor = Anchor(name="crawlee", version=crawlee_version(), value=theirs)
            rows.append(_ratio("killed, against crawlee", stood, anchor, CRAWLEE_MAX))
            figures["crawlee_failed_calls"] = calls
        else:
            skipped["killed, against crawlee"] = "crawlee is not installed; run `make setup`"
        endless = await hung(url, rounds, queue)
        frozen = await struck("browser", signal.SIGSTOP, url, rounds, queue)
        driver = await struck("driver", signal.SIGKILL, url, rounds, queue)
    failed = Row(name="queued failed", value=queue.failed, unit="", bar=0, ok=queue.failed == 0, n=queue.asked)
    return [
        *rows, _worst("page hung", endless, HUNG_MAX_S), _worst("browser frozen", frozen, FROZEN_MAX_S),
        _worst("driver killed", driver, DRIVER_MAX_S), failed,
    ]  # fmt: skip


def _ratio(name: str, took: list[float], anchor: Anchor, bar: float) -> Row:
    value = statistics.median(took)
    ratio = round(value / anchor.value, 3)
    return Row(name=name, value=round(value, 3), unit="s", bar=bar, ok=ratio <= bar, n=len(took), anchor=anchor,
               ratio=ratio)  # fmt: skip


def _worst(name: str, took: list[float], bar: float) -> Row:
    return Row(name=name, value=round(max(took), 2), unit="s", bar=bar, ok=max(took) <= bar, n=len(took))


def main() -> int:
    """Break, measure, print, and return 0 if every bar holds."""
    parser = argparse.ArgumentParser("bench.browser_faults", description="How soon a visit succeeds after a fault.")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--rounds", type=int, default=9, help="how often each fault is done")
    asked = parser.parse_args()
    if not chromium.available():
        return report("browser_faults", [], as_json=asked.json, skipped={"all": NO_CHROMIUM})
    figures: dict[str, Any] = {}
    skipped: dict[str, str] = {}
    rows = asyncio.run(measure(asked.rounds, figures, skipped))
    figures |= {
        row.name.replace(",", "").replace(" ", "_"): row.value if row.ratio is None else row.ratio for row in rows
    }
    return report("browser_faults", rows, as_json=asked.json, figures=figures, skipped=skipped)


if __name__ == "__main__":
    sys.exit(main())

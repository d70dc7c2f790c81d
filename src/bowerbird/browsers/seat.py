"""One browser with a warm page for each account, started when somebody first sits down.

One person at a time: a lease waits for the lock under its deadline. What a lease leaves behind is a page that
is known to answer; a page that crashed, hung or was cut off is thrown away, and a browser that is gone is
started again by the next lease.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bowerbird.browsers.record import Record
from bowerbird.core.errors import Unreachable
from bowerbird.core.gauge import Sample, Snapshot
from bowerbird.resilience import failpoints

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, CDPSession, Page, Playwright

START_S = 30.0
"""How long a browser may take to start, seconds."""
TRIAL = "trial"
"""Whose page it is that nobody uses."""
CLOSE_S = 2.0
"""How long a page, context or browser may take to close before it is left to die with its browser."""
PING_S = 2.0
"""How long a browser may take to say its version, seconds; measured are 30 ms on a busy machine."""
PINGS = 2
"""So many questions in a row without an answer: it stands still, though its driver calls it connected."""


class Seat:
    """A browser and its pages.

    Args:
        path: the program; empty takes Playwright's own.
        arguments: the flags it is started with.
    """

    def __init__(self, *, path: str, arguments: list[str]) -> None:
        self._path = path
        self._arguments = arguments
        self._lock = asyncio.Lock()
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._line: CDPSession | None = None
        self._pid = 0
        self._contexts: dict[str, BrowserContext] = {}
        self._pages: dict[str, Page] = {}
        self.record = Record()
        self._cause = ""

    @asynccontextmanager
    async def page(self, account_id: str, *, state: str | None, wait_s: float) -> AsyncIterator[Page]:
        """Lease the account's page.

        1. Wait for the seat, at most `wait_s` seconds.
        2. Start the browser if there is none that answers.
        3. Hand out the account's page; `state` (a storage state as JSON) seeds a new context.
        4. Afterwards keep the page if the lease ended well, else throw its context away.

        Raises:
            Unreachable: no browser could be started (or Playwright is missing), the seat stayed taken, or the page
                failed during the lease.
        """
        await _load_playwright()
        from playwright.async_api import Error

        await self._sit(account_id, wait_s)
        kept = False
        try:
            page = await self._open(account_id, state)
            yield page
            kept = not page.is_closed()
        except (Error, TimeoutError) as error:
            if _out_of_time(error):
                self.record.timeouts["a page"] += 1
            raise Unreachable(f"the page failed: {_first_line(error)}", reason="page") from error
        finally:
            try:
                if not kept:
                    await self._drop(account_id)
            finally:
                self.record.stood_up()
                self._lock.release()

    async def _sit(self, account_id: str, wait_s: float) -> None:
        """Wait in line for the seat, and note how long that took."""
        queued_at = self.record.queued()
        try:
            async with asyncio.timeout(wait_s):
                await self._lock.acquire()
        except TimeoutError as error:
            self.record.left(in_time=False)
            raise Unreachable("the browser is busy", reason="browser_busy") from error
        except BaseException:
            self.record.left()
            raise
        self.record.seated(account_id, queued_at)

    async def open(self, *, wait_s: float) -> None:
        """Start the browser if there is none that answers, so that the first lease need not.

        Raises:
            Unreachable: it could not be started within `wait_s` seconds, or the seat stayed taken for so long.
        """
        if await self.answers():
            return
        self._kill()  # whoever sits there is told at once, instead of waiting for what stands still
        await _load_playwright()
        from playwright.async_api import Error

        try:
            async with asyncio.timeout(wait_s), self._lock:
                try:
                    await self._ready()
                except BaseException:
                    await self._stop()  # also what was cut off while it started
                    raise
        except (Error, TimeoutError, OSError) as error:
            self._not_started(error)
            raise Unreachable(f"no browser could be started: {_first_line(error)}", reason="no_browser") from error

    @property
    def up(self) -> bool:
        """Whether a browser runs, as far as its driver knows."""
        return self._browser is not None and self._browser.is_connected()

    async def answers(self) -> bool:
        """Ask the browser itself, beside whatever it does: one that is frozen is connected and says nothing."""
        line = self._line
        if line is None or not self.up:
            return False
        from playwright.async_api import Error

        for _ in range(PINGS):
            try:
                async with asyncio.timeout(PING_S):
                    await line.send("Browser.getVersion")
                return True
            except (Error, TimeoutError):
                continue
        return False

    async def state(self, account_id: str) -> str | None:
        """Return the account's cookies and local storage as JSON, or None if it has no context."""
        context = self._contexts.get(account_id)
        if context is None:
            return None
        async with asyncio.timeout(CLOSE_S):
            return json.dumps(await context.storage_state())

    async def try_out(self, *, wait_s: float) -> None:
        """Open a page nobody uses and close it again; start the browser for that if need be.

        Raises:
            Unreachable: as `page` does.
        """
        async with self.page(TRIAL, state=None, wait_s=wait_s):
            await self._drop(TRIAL)

    def samples(self) -> list[Sample]:
        """How often a browser was started, ended by itself, and kept somebody waiting for too long."""
        return self.record.samples()

    def snapshot(self, now: int) -> Snapshot:
        """Who sits there, and what happened lately, for the page; `now` is UTC microseconds."""
        return self.record.snapshot(now, up=self.up, pages=self._pages)

    async def close(self) -> None:
        """Close the browser; what does not close in time dies with its driver. Doing it twice is not an error."""
        for account_id in list(self._contexts):
            await self._drop(account_id)
        await self._stop()

    async def _open(self, account_id: str, state: str | None) -> Page:
        from playwright.async_api import Error

        try:
            async with asyncio.timeout(START_S):
                browser = await self._ready()
                if account_id not in self._pages:
                    seed: Any = json.loads(state) if state else None
                    context = await browser.new_context(storage_state=seed)
                    self._contexts[account_id] = context
                    self._pages[account_id] = await context.new_page()
                return self._pages[account_id]
        except (Error, TimeoutError, OSError) as error:
            # Whichever of the two is gone, browser or driver: the next lease starts both anew.
            self._not_started(error)
            await self._stop()
            raise Unreachable(f"no browser could be started: {_first_line(error)}", reason="no_browser") from error

    async def _ready(self) -> Browser:
        if self._browser is not None and self._browser.is_connected():
            return self._browser
        from playwright.async_api import async_playwright

        await self._stop()
        await failpoints.reach("browser.start")
        self._playwright = await async_playwright().start()
        browser = await self._playwright.chromium.launch(
            executable_path=self._path or None, args=self._arguments, headless=True
        )
        await self._call_up(browser)
        browser.on("disconnected", self._ended)
        self._browser = browser  # not before: one that is up can be asked
        self.record.began()
        return browser

    def _ended(self, browser: Browser) -> None:
        """Note the end of a browser that nobody closed."""
        if browser is self._browser:
            self.record.ended(self._cause or "it died")
        self._cause = ""

    def _not_started(self, error: BaseException) -> None:
        if _out_of_time(error):
            self.record.timeouts["a browser to start"] += 1

    async def _call_up(self, browser: Browser) -> None:
        """Open a line to the browser itself, and learn which process it is."""
        self._line = await browser.new_browser_cdp_session()
        told = await self._line.send("SystemInfo.getProcessInfo")
        self._pid = next((int(row["id"]) for row in told["processInfo"] if row["type"] == "browser"), 0)

    def _kill(self) -> None:
        """Kill the browser that stands still, with all its processes: it can do nothing about it."""
        if self._pid and self.up:
            self._cause = "it stood still, and was killed"
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if os.getpgid(self._pid) == self._pid:
                    os.killpg(self._pid, signal.SIGKILL)
                else:
                    os.kill(self._pid, signal.SIGKILL)
        self._pid = 0

    async def _stop(self) -> None:
        """End browser and driver, also those that were cut off while starting: they belong to their driver."""
        self._contexts.clear()
        self._pages.clear()
        browser, driver = self._browser, self._playwright
        self._browser = self._playwright = self._line = None
        self._pid = 0
        await _within(browser.close() if browser else None)
        await _within(driver.stop() if driver else None)

    async def _drop(self, account_id: str) -> None:
        """Throw a page away, and the whole browser with it if it does not even close a page."""
        page, context = self._pages.pop(account_id, None), self._contexts.pop(account_id, None)
        closed = await _within(page.close() if page else None)
        if not closed or not await _within(context.close() if context else None):
            if self.up:
                self.record.ended("a page would not close, so it was closed")
            await self._stop()


async def _load_playwright() -> None:
    """Import it in a thread: that takes up to a second, and the loop has other things to do."""
    if "playwright.async_api" in sys.modules:
        return
    try:
        await asyncio.to_thread(import_module, "playwright.async_api")
    except ImportError as error:
        raise Unreachable("Playwright is not installed; run `pip install playwright`", reason="no_browser") from error


async def _within(closing: Awaitable[None] | None) -> bool:
    """Await a close for `CLOSE_S` seconds at most (closing a frozen browser hangs for ever); True if it closed."""
    if closing is None:
        return True
    from playwright.async_api import Error

    try:
        async with asyncio.timeout(CLOSE_S):
            await closing
    except (Error, TimeoutError):
        return False
    return True


def _out_of_time(error: BaseException) -> bool:
    """Whether time ran out; Playwright's own error for it has only the name in common with Python's."""
    return isinstance(error, TimeoutError) or type(error).__name__ == "TimeoutError"


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0][:200] or type(error).__name__

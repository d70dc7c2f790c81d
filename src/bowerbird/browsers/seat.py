"""One seat: a driver and its browser, in a nest of their own, with a warm page for each account.

What makes a page dear is its process: a new page takes ten times as long as one that is there already, so pages
stay and the least recently used goes first. A seat does what it is told and says how it is; when to throw away what
is `Supervisor`'s affair. Driver and browser die together: without its driver a browser ends by itself, and a
driver without its browser is of no use.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from bowerbird.browsers import gauge, nest
from bowerbird.browsers.door import CALL_S, Door, Shut
from bowerbird.core.errors import Unreachable
from bowerbird.resilience import failpoints

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, CDPSession, Page, Playwright

START_S = 30.0
"""How long driver and browser may take to start, seconds."""
OPEN_S = 8.0
"""How long a new page may take, seconds; measured are 0.25 s, and 0.5 s on a busy machine."""
PROBE_S = 1.0
"""How long a page or a browser may take to answer a question, seconds; measured are 2 to 30 ms."""
LEASES_MAX = 300
"""A page serves so often; then it is made anew, for Playwright keeps in our own process each request of a context, some
11 KB a visit, and lets go of them when it closes."""
STRIKES = 2
"""So many questions in a row without an answer: it stands still, though its driver calls it connected."""
CLOSE_S = 1.0
"""How long a page or a context may take to close, seconds, before the next larger thing goes with it."""
FIRST = """<p style="font: 14px sans-serif">Words, <b>bold</b> and <code>code</code></p><script>[1].map(String)</script>
<img src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/%3E">"""
"""What a page is drawn with that waits for its first user; it asks nobody for anything."""
ALONE: Literal["block"] = "block"
"""No service worker lives beside a page: what one sends, nobody who watches the page would see."""
TRIAL = "trial"
"""Whose page it is that nobody uses."""


class Chair(Protocol):
    """What the pool needs of a seat; `Seat` is the real one."""

    @property
    def number(self) -> int:
        """Which one it is; no two ever have the same."""

    @property
    def up(self) -> bool:
        """Whether driver and browser run, as far as anybody knows without asking."""

    @property
    def death(self) -> str:
        """What died by itself, ``browser`` or ``driver``; empty if nothing did."""

    @property
    def warm(self) -> Sequence[str]:
        """The accounts that have a page, least recently used first."""

    async def start(self) -> None:
        """Start driver and browser; Unreachable (`no_browser`) if that cannot be done."""

    async def warm_up(self) -> None:
        """Have a page ready for whoever comes first; never raises."""

    async def revive(self) -> bool:
        """Start another browser under the same driver, after the browser alone died; False if that cannot be done."""

    async def page(self, account_id: str, state: str | None) -> Page:
        """Return the account's page, made if need be; `Shut` if that cannot be done."""

    async def alive(self, account_id: str) -> bool:
        """Ask the account's page something small."""

    async def answers(self) -> bool:
        """Ask the browser itself, beside whatever it does."""

    async def state(self, account_id: str) -> str | None:
        """The account's cookies and local storage as JSON; None if it has no page here or does not say."""

    async def drop(self, account_id: str) -> bool:
        """Throw the account's page away; False if it would not even close."""

    def kill(self) -> None:
        """Kill driver and browser at once."""

    async def close(self) -> None:
        """End both, and remove everything of theirs; twice is not an error."""

    def weigh(self) -> tuple[float, float, float]:
        """Memory of the browser and of the driver in megabytes, processor seconds; blocks, so ask in a thread."""


class Seat:
    """The real seat.

    Args:
        path: the program; empty takes Playwright's own.
        arguments: the flags it is started with.
        door: through which every call goes.
        died: told once, when driver or browser ends by itself.
        starting: held while a driver starts, for only one at a time can have its nest as temporary folder.
    """

    def __init__(
        self, number: int, *, path: str, arguments: Sequence[str], door: Door,
        died: Callable[[Seat], None], starting: asyncio.Lock,
    ) -> None:  # fmt: skip
        self.number = number
        self.death = ""
        self._path, self._arguments = path, list(arguments)
        self._door, self._died, self._starting = door, died, starting
        self._nest: Path | None = None
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._line: CDPSession | None = None
        self._pids: dict[str, int] = {}
        self._minded: list[int] = []
        self._contexts: dict[str, BrowserContext] = {}
        self._pages: dict[str, Page] = {}
        self._leases: Counter[str] = Counter()
        self._ready: tuple[BrowserContext, Page] | None = None
        self._ended = False
        self._life = 0

    @property
    def up(self) -> bool:
        """Whether both run, as far as anybody knows without asking."""
        return self._browser is not None and not self._ended and self._browser.is_connected()

    @property
    def warm(self) -> Sequence[str]:
        """The accounts that have a page, least recently used first."""
        return list(self._pages)

    @property
    def pids(self) -> dict[str, int]:
        """The processes ``driver`` and ``browser``, as far as they are known."""
        return dict(self._pids)

    # --- starting and ending ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start driver and browser.

        1. A nest of its own; the driver with it as temporary folder.
        2. The browser, leader of its own process group, without handlers for signals: who ends it are we.
        3. A line to the browser itself, and somebody who tells when one of both ends.

        Raises:
            Unreachable: it cannot be started, or took longer than `START_S` seconds; nothing of it is left.
        """
        await _load_playwright()
        try:
            async with asyncio.timeout(START_S):
                await failpoints.reach("browser.start")
                self._playwright = await self._start_driver()
                await self._start_browser(self._playwright)
        except Exception as error:
            # Whatever it is: a driver that ends while it starts raises plain exceptions.
            await self.close()
            why = str(error).strip().split("\n", 1)[0][:200] or type(error).__name__
            raise Unreachable(f"no browser could be started: {why}", reason="no_browser") from error
        except BaseException:
            self.kill()
            raise

    async def revive(self) -> bool:
        """Start another browser under the same driver, which takes half as long as starting both.

        Returns:
            False if the driver is gone, too, or gives no browser; the seat is of no use then.
        """
        if self._playwright is None or self.death != "browser":
            return False
        self._contexts.clear()
        self._pages.clear()
        self._leases.clear()
        self._ready = None
        self._browser = self._line = None
        self._life += 1
        self._ended, self.death = False, ""
        driver = self._playwright
        if await self._door.tried("browser.start", lambda: self._start_browser(driver), within_s=START_S):
            return True
        self.kill()
        return False

    async def _start_driver(self) -> Playwright:
        from playwright.async_api import async_playwright

        self._nest = await asyncio.to_thread(nest.make)
        async with self._starting:
            with nest.as_tmpdir(self._nest):
                manager = async_playwright()
                driver = await manager.start()
        _hush(manager)
        self._pids["driver"] = await asyncio.to_thread(nest.driver_of, self._nest)
        return driver

    async def _start_browser(self, driver: Playwright) -> None:
        browser = await driver.chromium.launch(
            executable_path=self._path or None, args=self._arguments, headless=True,
            handle_sigint=False, handle_sigterm=False, handle_sighup=False,
        )  # fmt: skip
        self._line = await browser.new_browser_cdp_session()
        told = await self._line.send("SystemInfo.getProcessInfo")
        self._pids["browser"] = next((int(row["id"]) for row in told["processInfo"] if row["type"] == "browser"), 0)
        self._life += 1
        life = self._life
        browser.on("disconnected", lambda _: self._lost("browser", life))
        for what, pid in self._pids.items():
            self._mind(what, pid)
        self._browser = browser  # not before: one that is up can be asked

    def _mind(self, what: str, pid: int) -> None:
        """Hear at once when a process ends: Playwright says nothing when its driver does."""
        if not pid or not hasattr(os, "pidfd_open"):
            return
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            return
        asyncio.get_running_loop().add_reader(handle, self._lost, what, self._life)
        self._minded.append(handle)

    def _lost(self, what: str, life: int) -> None:
        """One of both ended by itself; the end of an earlier browser is heard twice, and may be heard late."""
        if not self._ended and life == self._life:
            self._ended, self.death = True, what
            self._let_go()
            self._died(self)

    def _let_go(self) -> None:
        while self._minded:
            handle = self._minded.pop()
            asyncio.get_running_loop().remove_reader(handle)
            os.close(handle)

    def kill(self) -> None:
        """Kill both at once: what stands still cannot be asked to end."""
        self._ended = True
        self._let_go()
        for pid in self._pids.values():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if pid and os.getpgid(pid) == pid:
                    os.killpg(pid, signal.SIGKILL)
                elif pid:
                    os.kill(pid, signal.SIGKILL)

    async def close(self) -> None:
        """End both, politely where they listen, and remove everything of theirs; twice is not an error."""
        browser, driver, place = self._browser, self._playwright, self._nest
        polite = browser is not None and not self._ended
        self._ended = True
        self._let_go()
        self._browser = self._playwright = self._line = self._nest = None
        self._contexts.clear()
        self._pages.clear()
        self._leases.clear()
        self._ready = None
        if not (polite and browser and await self._door.tried("browser.close", browser.close)):
            self.kill()
        if driver is not None and not await self._door.tried("driver.stop", driver.stop):
            self.kill()
        self._pids.clear()
        if place is not None:
            await asyncio.to_thread(nest.clear, place)

    # --- pages ------------------------------------------------------------------------------------------------

    async def page(self, account_id: str, state: str | None) -> Page:
        """Return the account's page.

        1. One that has served `LEASES_MAX` times is made anew, and knows what it knew.
        2. One that is there has to answer, else it is thrown away.
        3. A new one has a context of its own, seeded with `state` (a storage state as JSON).

        Raises:
            Shut: the browser gives no page, or does not even let go of one.
        """
        if self._leases[account_id] >= LEASES_MAX and (known := await self.state(account_id)) is not None:
            if not await self.drop(account_id):
                raise Shut("a page would not close")
            state = known
        self._leases[account_id] += 1
        if account_id in self._pages:
            if await self.alive(account_id):
                self._pages[account_id] = self._pages.pop(account_id)  # the last used stands last
                return self._pages[account_id]
            if not self.up:
                raise Shut("the browser is gone")
            if not await self.drop(account_id):
                raise Shut("a page would not close")
        return await self._door.through("page.open", lambda: self._open(account_id, state), within_s=OPEN_S)

    async def _open(self, account_id: str, state: str | None) -> Page:
        if self._browser is None:
            raise OSError("the browser is gone")
        seed: Any = json.loads(state) if state else None
        made, self._ready = self._ready, None
        if made and seed is not None and not hasattr(made[0], "set_storage_state"):  # an older Playwright
            made = None
        context = made[0] if made else await self._browser.new_context(storage_state=seed, service_workers=ALONE)
        self._contexts[account_id] = context
        if made and seed is not None:
            await context.set_storage_state(seed)
        page = made[1] if made else await context.new_page()
        self._pages[account_id] = page
        self._door.tame(page)
        return page

    async def warm_up(self) -> None:
        """Have a page ready for whoever comes first: its process is what takes long. Never raises.

        It was drawn and read once, so that fonts, pictures and scripts are there, and the driver knows the way.
        """

        async def open_one() -> tuple[BrowserContext, Page]:
            if self._browser is None:
                raise OSError("the browser is gone")
            context = await self._browser.new_context(service_workers=ALONE)
            page = await context.new_page()
            await page.set_content(FIRST)
            await page.eval_on_selector_all("p", "rows => rows.map(row => row.textContent)")
            return context, page

        with contextlib.suppress(Shut):
            self._ready = await self._door.through("page.open", open_one, within_s=OPEN_S)

    async def alive(self, account_id: str) -> bool:
        """Ask the account's page what 1 is."""
        page = self._pages.get(account_id)
        if page is None or page.is_closed():
            return False
        return await self._door.tried("probe", lambda: page.evaluate("1"), within_s=PROBE_S)

    async def answers(self) -> bool:
        """Ask the browser itself for its version, twice if need be: a frozen one is connected and says nothing."""
        for _ in range(STRIKES):
            line = self._line
            if line is None or not self.up:
                return False
            if await self._door.tried("ping", partial(line.send, "Browser.getVersion"), within_s=PROBE_S):
                return True
        return False

    async def state(self, account_id: str) -> str | None:
        """The account's cookies and local storage as JSON; None if it has no page here or does not say."""
        context = self._contexts.get(account_id)
        if context is None:
            return None
        try:
            return json.dumps(await self._door.through("state", context.storage_state, within_s=CALL_S))
        except Shut:
            return None

    async def drop(self, account_id: str) -> bool:
        """Throw the account's page away with its context; False if they would not close."""
        page, context = self._pages.pop(account_id, None), self._contexts.pop(account_id, None)
        self._leases.pop(account_id, None)
        if page is not None and not await self._door.tried("page.close", page.close, within_s=CLOSE_S):
            return False
        return context is None or await self._door.tried("context.close", context.close, within_s=CLOSE_S)

    # --- how large it is --------------------------------------------------------------------------------------

    def weigh(self) -> tuple[float, float, float]:
        """Memory of the browser and of the driver in megabytes, processor seconds; blocks, so ask in a thread."""
        browser, driver = self._pids.get("browser", 0), self._pids.get("driver", 0)
        tree = gauge.below(browser, gauge.parents()) if browser else set()
        used = {*tree, driver} if driver else tree
        return gauge.pss_mb(tree), gauge.rss_mb(driver) if driver else 0.0, gauge.cpu_s(used)


async def crash(page: Page, door: Door) -> None:
    """Crash a page, as a drill wants it: its process ends, and the command that ends it is never answered."""
    line = await page.context.new_cdp_session(page)
    await door.tried("page.crash", lambda: line.send("Page.crash"), within_s=PROBE_S)


async def _load_playwright() -> None:
    """Import it in a thread: that takes up to a second, and the loop has other things to do."""
    if "playwright.async_api" in sys.modules:
        return
    try:
        await asyncio.to_thread(import_module, "playwright.async_api")
    except ImportError as error:
        raise Unreachable("Playwright is not installed; run `pip install playwright`", reason="no_browser") from error


def _hush(manager: object) -> None:
    """Look at the error that Playwright sets when its driver dies, for nobody else does, and asyncio then complains."""
    transport = getattr(getattr(manager, "_client", None), "_transport", None)
    future = getattr(transport, "on_error_future", None)
    if isinstance(future, asyncio.Future):
        future.add_done_callback(lambda done: done.cancelled() or done.exception())

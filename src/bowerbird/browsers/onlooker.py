"""Somebody in front of a page: a real browser has it open, and each time it says something else that is noted, with
the moment at which it was painted.

What a page says is whatever an expression of the caller returns. It is looked at again after each change of the
document, so looking costs nothing while nothing changes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bowerbird.browsers.door import first_line, of_playwright
from bowerbird.browsers.seat import CLOSE_S, START_S
from bowerbird.core.errors import Unreachable
from bowerbird.core.ports import Clock

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

GLIMPSES_MAX = 2_000
"""So many changes are remembered, the newest."""
OPEN_S = 10.0
"""How long one step of opening a page may take, seconds."""
WATCH = """(() => {
  let had, asked = false;
  const everything = {subtree: true, childList: true, attributes: true, characterData: true};
  const look = () => {
    asked = false;
    const said = JSON.stringify((%s)());
    if (said !== had) window.noteGlimpse(had = said);
  };
  const ask = () => {
    if (!asked) requestAnimationFrame(() => setTimeout(look));
    asked = true;
  };
  const begin = () => { new MutationObserver(ask).observe(document, everything); ask(); };
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", begin) : begin();
})()"""
"""Looks once the frame in which something changed has been painted."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a page said from this moment on (monotonic seconds), as JSON."""

    at: float
    said: str


@dataclass
class Onlooker:
    """One visitor with one page, who notes what it says."""

    page: Page
    clock: Clock
    glimpses: deque[Glimpse] = field(default_factory=lambda: deque(maxlen=GLIMPSES_MAX))

    async def watch(self, says: str) -> None:
        """Note from the next page on what this JavaScript function returns."""

        def note(source: Any, said: str) -> None:
            self.glimpses.append(Glimpse(self.clock.monotonic(), said))

        async with _within(OPEN_S, "the page cannot be watched"):
            await self.page.expose_binding("noteGlimpse", note)
            await self.page.add_init_script(WATCH % says)

    async def sign_in(self, url: str, fields: Mapping[str, str]) -> None:
        """Open a page and send its first form with these fields, found by their labels.

        Raises:
            Unreachable: the page or one of the fields did not come within `OPEN_S` seconds.
        """
        async with _within(OPEN_S * (2 + len(fields)), "the page did not open"):
            await self.page.goto(url)
            for label, value in fields.items():
                await self.page.get_by_label(label, exact=True).fill(value)
            async with self.page.expect_navigation():
                await self.page.keyboard.press("Enter")


@asynccontextmanager
async def _within(seconds: float, what: str) -> AsyncIterator[None]:
    """Bound what few calls of Playwright bound themselves.

    Raises:
        Unreachable: it took longer, or failed.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise Unreachable(f"{what} within {seconds:g} s", reason="page") from error
    except Exception as error:
        if not of_playwright(error):
            raise
        raise Unreachable(f"{what}: {first_line(error)}", reason="page") from error


@asynccontextmanager
async def onlooking(browser: Browser, clock: Clock) -> AsyncIterator[Onlooker]:
    """A fresh visitor, for as long as somebody wants to look.

    Raises:
        Unreachable: the browser gives no page within `OPEN_S` seconds.
    """
    async with _within(OPEN_S, "there is no page to look at"):
        context = await browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(OPEN_S * 1000)
        page = await context.new_page()
    try:
        yield Onlooker(page, clock)
    finally:
        async with asyncio.timeout(CLOSE_S):
            await context.close()


@asynccontextmanager
async def browser_of_our_own(path: str, arguments: list[str]) -> AsyncIterator[Browser]:
    """A browser for onlookers, which nobody else sits at.

    Raises:
        Unreachable: Playwright is missing, or the browser does not start.
    """
    try:
        from playwright.async_api import Error, async_playwright
    except ImportError as error:
        raise Unreachable("Playwright is not installed; run `pip install playwright`", reason="no_browser") from error
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(
                executable_path=path or None, args=arguments, timeout=START_S * 1000
            )
        except Error as error:
            raise Unreachable(f"no browser could be started: {error}", reason="no_browser") from error
        try:
            yield browser
        finally:
            with contextlib.suppress(TimeoutError):  # its driver ends next, and takes it along
                async with asyncio.timeout(CLOSE_S):
                    await browser.close()

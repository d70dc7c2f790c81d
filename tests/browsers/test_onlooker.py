"""Somebody in front of a page: what Playwright does not bound itself ends all the same."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from bowerbird.browsers.onlooker import OPEN_S, Onlooker, onlooking
from bowerbird.clock import VirtualClock, run_virtual
from bowerbird.core.errors import Unreachable


class Mute:
    """A browser, and anything else of Playwright's: whatever it is asked, it does not answer."""

    def __getattr__(self, name: str) -> Any:
        """Anything of it is as mute as itself."""
        return self

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Ask it for something."""
        return asyncio.get_running_loop().create_future()


class Stiff(Mute):
    """A page that opens, and then answers no key."""

    async def goto(self, url: str) -> None:
        """Be there."""

    @asynccontextmanager
    async def expect_navigation(self) -> Any:
        """Be ready for the next page."""
        yield


def test_a_browser_that_gives_no_page_is_told() -> None:
    """Within the time that a page may take."""

    async def play(clock: VirtualClock) -> None:
        with pytest.raises(Unreachable, match="there is no page to look at"):
            async with onlooking(cast("Any", Mute()), clock):
                pass
        assert clock.monotonic() == OPEN_S

    run_virtual(play)


def test_a_page_that_hangs_while_somebody_signs_in_is_told() -> None:
    """A key has no limit of its own, nor has what is put into a page before it is opened."""

    async def play(clock: VirtualClock) -> None:
        stands = Onlooker(cast("Any", Stiff()), clock)
        with pytest.raises(Unreachable, match="the page did not open"):
            await stands.sign_in("http://127.0.0.1/login", {})
        with pytest.raises(Unreachable, match="the page cannot be watched"):
            await stands.watch("() => 1")
        assert clock.monotonic() == 3 * OPEN_S

    run_virtual(play)

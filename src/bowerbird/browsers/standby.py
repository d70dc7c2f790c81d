"""The browser that stands by: it runs, has a page ready and nobody on it, for the place that loses its own.

It is started beside everything else, and nobody waits for it; so one that cannot be started is tried after half a
second, then after twice as long, up to a minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from bowerbird.browsers.budget import Starts
from bowerbird.browsers.seat import Chair
from bowerbird.core.errors import Unreachable
from bowerbird.core.ports import Clock

FAILED_MAX_S = 60.0
"""The longest wait after a start that failed, seconds."""


class Standby:
    """One seat, or none.

    Args:
        start: starts one; Unreachable if that cannot be done.
        later: does something beside everything else.
    """

    def __init__(
        self, clock: Clock, start: Callable[[], Awaitable[Chair]],
        later: Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]],
    ) -> None:  # fmt: skip
        self.seat: Chair | None = None
        self._clock, self._start, self._later = clock, start, later
        self._starts = Starts(failed_max_s=FAILED_MAX_S)
        self._coming: asyncio.Task[Any] | None = None
        self._closed = False

    def have(self) -> None:
        """Start one, unless there is one, one is coming, or it is too early after one that failed."""
        coming = self._coming is not None and not self._coming.done()
        if self.seat is None and not coming and not self._starts.wait_s(self._clock.monotonic()):
            self._coming = self._later(self._come())

    async def _come(self) -> None:
        try:
            seat = await self._start()
        except Unreachable:
            self._starts.failed(self._clock.monotonic())
            return
        self._starts.began()
        try:
            await seat.warm_up()
        except BaseException:
            self._later(seat.close())  # nobody else knows of it yet
            raise
        self.keep(seat)

    def keep(self, seat: Chair) -> None:
        """Let a seat that runs stand by; one is enough."""
        if self.seat is None and not self._closed:
            self.seat = seat
        else:
            self._later(seat.close())

    async def take(self) -> Chair | None:
        """Return the one that stands by, for a place; None if there is none that answers."""
        seat, self.seat = self.seat, None
        well = False
        try:
            well = seat is not None and await seat.answers()
            return seat if well else None
        finally:
            if seat is not None and not well:
                seat.kill()
                self._later(seat.close())

    async def look(self) -> None:
        """Throw away one that answers nothing."""
        seat = self.seat
        if seat is not None and not await seat.answers() and self.lost(seat):
            seat.kill()

    def lost(self, seat: Chair) -> bool:
        """This seat is of no use any more; False if it does not stand by."""
        if seat is not self.seat:
            return False
        self._starts.lost(self._clock.monotonic())
        self.dismiss()
        return True

    def dismiss(self) -> None:
        """End the one that stands by."""
        if self.seat is not None:
            seat, self.seat = self.seat, None
            self._later(seat.close())

    def close(self) -> None:
        """Nobody stands by any more, nor whoever is on the way."""
        self._closed = True
        self.dismiss()

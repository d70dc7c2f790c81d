"""The scale: what all seats take of this machine's memory, and what they may take.

1. Everything is weighed every five seconds, and every two once it is near the budget: a page may take 200 MB a second.
2. Sizes are proportional (PSS), read in a thread. What was not weighed yet counts as large as its kind was measured.
3. What a page takes is learned, a fifth of the way each time, so that who asks for one more is told the truth.
4. The budget is a share of what the machine, or its control group, has left: others' memory counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from bowerbird.browsers import gauge
from bowerbird.browsers.place import Place
from bowerbird.browsers.seat import Chair
from bowerbird.browsers.slope import Grown
from bowerbird.core.ports import Clock

WEIGH_S = 5.0
"""Memory is weighed this often, seconds; once costs about 80 ms of a thread."""
NEAR = 2 / 3
"""Of the budget; when so much of it is taken, they are weighed with each look."""
PAGE_MB = 112.0
"""What a page takes until it was measured, megabytes: the first takes 100 to 120, each further one 46."""
PAGE_LEAST_MB, PAGE_MOST_MB, LEARN = 40.0, 400.0, 0.2
"""A page is believed to take so much at least and at most, and how much of what is new is believed each time."""
BARE_MB = 200.0
"""What a browser without pages takes, megabytes; measured are 230 alone, and 130 beside another."""
SPARE_MB = 350.0
"""What one that stands by takes with its driver, megabytes; measured are 345 beside another."""


class Scale:
    """Weighs the places, and who stands by.

    Args:
        spare: tells who stands by; None if nobody does.
        most_mb: what all may take, megabytes; 0 lets the machine decide.
        thread: runs what blocks; read: what the machine says about its memory.
    """

    def __init__(
        self, clock: Clock, places: Sequence[Place], spare: Callable[[], Chair | None], *, most_mb: float = 0.0,
        thread: Callable[..., Awaitable[Any]] = asyncio.to_thread,
        read: Callable[[], gauge.Machine] = gauge.machine,
    ) -> None:  # fmt: skip
        self.budget_mb: float | None = None
        self.pressure_pct: float | None = None
        self.page_mb = PAGE_MB
        self._clock, self._places, self._spare, self.most_mb = clock, places, spare, most_mb
        self._thread, self._read = thread, read
        self._spare_mb: tuple[Chair | None, float] = (None, 0.0)
        self._peak: tuple[float, float] = (float("-inf"), 0.0)
        self._weighed_at = float("-inf")

    @property
    def used_mb(self) -> float:
        """What all took when they were last weighed, megabytes; one that was not weighed yet counts as a bare one."""
        taken_mb = sum(place.mb or SPARE_MB for place in self._places if place.up)
        who, mb = self._spare_mb
        spare = self._spare()
        return taken_mb + (0.0 if spare is None else mb if who is spare else SPARE_MB)

    @property
    def peak_mb(self) -> float:
        """The most that all took lately, megabytes: what was given back at once was taken all the same."""
        at, most_mb = self._peak
        return max(self.used_mb, most_mb if self._clock.monotonic() - at < 2 * WEIGH_S else 0.0)

    @property
    def due(self) -> bool:
        """Whether it is time to weigh again."""
        near = self.budget_mb is not None and self.peak_mb > NEAR * self.budget_mb
        return near or self._clock.monotonic() - self._weighed_at >= WEIGH_S

    @property
    def pressed(self) -> bool:
        """Whether somebody on this machine waits for memory."""
        return self.pressure_pct is not None and self.pressure_pct > gauge.PRESSED

    def room(self, more_mb: float) -> bool:
        """Whether so much more may be taken, as far as anything is known."""
        return self.budget_mb is None or self.used_mb + more_mb <= self.budget_mb

    def lighter(self, place: Place) -> None:
        """Until it is weighed again, a seat that lost a page counts as so much smaller."""
        if place.later:
            last = place.later[-1]
            tree_mb = max(BARE_MB, last.tree_mb - self.page_mb)
            place.later[-1] = replace(last, tree_mb=tree_mb, pages=last.pages - 1)

    async def weigh(self) -> None:
        """Weigh every seat, learn what a page takes, and what all may take."""
        self._weighed_at = now = self._clock.monotonic()
        for place in self._places:
            if (seat := place.seat) is not None and seat.up:
                await self._weigh_one(place, seat, now)
        if (spare := self._spare()) is not None:
            tree_mb, driver_mb, _ = await self._thread(spare.weigh)
            self._spare_mb = (spare, tree_mb + driver_mb)
        machine = await self._thread(self._read)
        self.pressure_pct = machine.pressure_pct
        self.budget_mb = gauge.budget_mb(machine, self.used_mb, self.most_mb)
        self._peak = (now, self.used_mb)

    async def _weigh_one(self, place: Place, seat: Chair, now: float) -> None:
        tree_mb, driver_mb, cpu_s = await self._thread(seat.weigh)
        if place.seat is not seat or not tree_mb:
            return
        grown = Grown(at=now, tree_mb=tree_mb, driver_mb=driver_mb, leases=place.served, pages=len(seat.warm))
        place.weighed(grown)
        place.cpu_s = cpu_s
        if seat.warm:
            one_mb = min(PAGE_MOST_MB, max(PAGE_LEAST_MB, (tree_mb - BARE_MB) / len(seat.warm)))
            self.page_mb += LEARN * (one_mb - self.page_mb)

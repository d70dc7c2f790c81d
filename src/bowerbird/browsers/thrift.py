"""Thrift: what is given back when browsers take more than they may, and before another page is opened.

Idle pages go first, the one that was used longest ago on the fullest seat, and what they know is kept for their next
page; then whoever stands by, then idle seats, and far over the budget the largest seat with whoever sits there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bowerbird.browsers.place import STUCK, Place
from bowerbird.browsers.scale import BARE_MB, PAGE_MB, Scale
from bowerbird.browsers.seat import Chair
from bowerbird.browsers.standby import Standby

PAGES_MAX = 8
"""Warm pages on one seat at most, whatever memory there is."""
OVER = 1.2
"""Over so many times the budget even a seat on lease goes."""


class Thrift:
    """Gives memory back.

    Args:
        carried: what pages knew that are gone, by account.
        lose: kills a seat and has another one in its place; told its cause in a word, and why.
    """

    def __init__(
        self, places: Sequence[Place], scale: Scale, standby: Standby, carried: dict[str, str],
        lose: Callable[[Place, Chair | None, str, str], None],
    ) -> None:  # fmt: skip
        self._places, self._scale, self._standby, self._carried, self._lose = places, scale, standby, carried, lose

    async def make_room(self, place: Place) -> bool:
        """Make room for one more page at this place: idle pages go first, then who stands by.

        Returns:
            False if there is none though everything idle went; a place without a page always has some.
        """
        while place.seat is not None and len(place.seat.warm) >= PAGES_MAX and await self._shed([place]):
            continue
        if self._scale.pressed:
            await self._shed()
        while not self._scale.room(self._scale.page_mb):
            if await self._shed():
                continue
            if self._standby.seat is None:
                return place.seat is not None and not place.seat.warm
            self._standby.dismiss()
        return True

    async def shrink(self) -> None:
        """Give back what is over the budget: idle pages, who stands by, idle seats, and at last the largest seat."""
        budget = self._scale.budget_mb
        if budget is None:
            return
        while self._scale.used_mb > budget and await self._shed():
            continue
        if self._scale.used_mb > budget:
            self._standby.dismiss()
        for place in sorted(self._places, key=lambda place: -place.mb):
            used_mb = self._scale.used_mb
            over = used_mb > budget * (OVER if place.taken else 1.0)
            if place.up and over and place.mb > BARE_MB + 2 * PAGE_MB:
                self._lose(place, place.seat, "memory", f"all took {used_mb:.0f} MB and may take {budget:.0f}")

    async def _shed(self, places: Sequence[Place] = ()) -> bool:
        """Close the idle page that was used longest ago on the fullest of these seats; False if there is none."""
        fullest = sorted(places or self._places, key=lambda place: -len(place.seat.warm) if place.seat else 0)
        for place in fullest:
            if place.seat is not None and (idle := place.idle):
                await self._close(place, place.seat, idle[0])
                return True
        return False

    async def _close(self, place: Place, seat: Chair, owner: str) -> None:
        """Close an idle page, and keep what it knows; not if somebody came for it while it told that."""
        known = await seat.state(owner)
        if place.seat is not seat or owner not in place.idle:
            return
        if known is not None:
            self._carried[owner] = known
        if await seat.drop(owner):
            self._scale.lighter(place)
        elif place.taken is None:
            self._lose(place, seat, *STUCK)
        else:
            place.worn = STUCK

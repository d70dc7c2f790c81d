"""Seats for runs: each lane has some of its own, and may take from the common ones while there are any.

In a line the oldest slot goes first, a critical job as if it had waited half a minute longer: nobody waits for ever,
because whoever waits comes to the front. A seat is a value that can be given back once, by whoever finds that its
holder will not.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

from bowerbird.jobs.table import Lane

AHEAD_S = 30.0
"""A critical job stands in line as if its slot were this much older, in seconds."""


@dataclass(slots=True, eq=False)
class Seat:
    """One seat that is taken, until it is given back."""

    lane: str
    taken: bool = True


@dataclass(order=True, slots=True)
class Waiting:
    """Somebody in line; the smallest is next."""

    rank: float
    number: int
    since: float = field(compare=False)
    turn: asyncio.Future[Seat] = field(compare=False)


class Lanes:
    """The seats of one runner.

    Args:
        lanes: floor and most of each. `seats`: all together; no less than the floors.

    Raises:
        ValueError: the floors are more than there is.
    """

    def __init__(self, lanes: Mapping[str, Lane], seats: int) -> None:
        self._lanes = dict(lanes)
        self._common = seats - sum(lane.floor for lane in lanes.values())
        if self._common < 0:
            raise ValueError(f"{seats} seats are fewer than the floors of the lanes")
        self._busy = dict.fromkeys(lanes, 0)
        self._lines: dict[str, list[Waiting]] = {name: [] for name in lanes}
        self._numbers = itertools.count()
        self.waits = dict.fromkeys(lanes, 0.0)

    async def take(self, lane: str, *, slot: float, now: float, critical: bool = False) -> Seat:
        """Take a seat, or wait in line for one; a wait that is cancelled leaves the line.

        Args:
            slot, now: the slot of the run and the time, both in monotonic seconds.
        """
        if self._front(lane) is None and self._free(lane):
            return self._seat(lane)
        turn: asyncio.Future[Seat] = asyncio.get_running_loop().create_future()
        rank = slot - (AHEAD_S if critical else 0.0)
        heapq.heappush(self._lines[lane], Waiting(rank, next(self._numbers), now, turn))
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give(turn.result())
            raise

    def give(self, seat: Seat) -> None:
        """Give a seat back; doing it twice is not an error."""
        if not seat.taken:
            return
        seat.taken = False
        self._busy[seat.lane] -= 1
        self._call()

    def busy(self, lane: str) -> int:
        """Seats of this lane that are taken."""
        return self._busy[lane]

    def in_line(self, lane: str) -> int:
        """How many wait for a seat in this lane."""
        return sum(not each.turn.done() for each in self._lines[lane])

    def wait_s(self, lane: str, now: float) -> float:
        """How long the last run waited, or whoever waits now has waited, whichever is longer, in seconds."""
        return max([self.waits[lane], *(now - each.since for each in self._lines[lane] if not each.turn.done())])

    def full(self, lane: str) -> bool:
        """True if nobody finds a seat in this lane just now."""
        return not self._free(lane)

    def _free(self, name: str) -> bool:
        busy, lane = self._busy[name], self._lanes[name]
        if busy < lane.floor:
            return True
        borrowed = sum(max(0, self._busy[each] - self._lanes[each].floor) for each in self._lanes)
        return busy < lane.most and borrowed < self._common

    def _seat(self, lane: str) -> Seat:
        self._busy[lane] += 1
        return Seat(lane)

    def _call(self) -> None:
        """Call those whose turn it is, the front of every line that can move, best rank first."""
        if not any(self._lines.values()):
            return
        while ready := [(front, name) for name in self._lanes if (front := self._front(name)) and self._free(name)]:
            front, name = min(ready)
            heapq.heappop(self._lines[name])
            front.turn.set_result(self._seat(name))

    def _front(self, lane: str) -> Waiting | None:
        """Whoever is next in this lane; those who left the line are forgotten."""
        line = self._lines[lane]
        while line and line[0].turn.done():
            heapq.heappop(line)
        return line[0] if line else None

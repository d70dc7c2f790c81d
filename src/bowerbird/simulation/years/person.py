"""The owner of a world's accounts: looks in now and then, answers what is asked, and now and then has much to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from bowerbird.clock import SeededChance, VirtualClock
from bowerbird.core.account import Account
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Command
from bowerbird.simulation.years.bell import Bell, RingingShelf
from bowerbird.simulation.years.venue import Venue
from bowerbird.simulation.years.words import WORDS
from bowerbird.storage.memory import MemoryBooks

LOOKS_IN_S = 7_200.0
"""How often a person looks in, seconds."""
LEFT_S = 5 * 3_600.0
"""For so long at least a person leaves standing what is not ours: somebody has to be reminded of it, seconds."""
BURST = 4
"""Posts that a person sends at once."""


class Room(Protocol):
    """What a person sees and can reach of the world."""

    clock: VirtualClock
    chance: SeededChance
    books: MemoryBooks
    shelf: RingingShelf
    bell: Bell

    @property
    def venues(self) -> Mapping[str, Venue]:
        """The platforms, by account and driver."""


class Person:
    """Somebody at the dashboard, who knows what is true out there: `now` is the true time, microseconds."""

    def __init__(self, room: Room, now: Callable[[], int]) -> None:
        self._room, self._now = room, now

    async def look_in(self) -> None:
        """Put right what can be, every two hours."""
        while True:
            await self._room.clock.sleep(LOOKS_IN_S)
            self.put_right(LEFT_S)

    def put_right(self, left_s: float) -> None:
        """Settle what is parked, truthfully, and delete what is not ours and has stood for so long, in seconds."""
        venues = self._room.venues.values()
        for post in list(self._room.shelf.in_state(State.PARKED)):
            there = any(arrival.post_id == post.id for venue in venues for arrival in venue.arrivals)
            self._press("settle", post_id=post.id, verdict="there" if there else "leave")
        old = self._now() - int(left_s * SECOND_US)
        for venue in venues:
            venue.removed.update(each.id for each in venue.foreign if each.at <= old)

    def burst(self, account: Account) -> None:
        """Have much to say at once."""
        for n in range(BURST):
            words = self._room.chance.stream(f"burst {n}").sample(WORDS, 8)
            self._press("post", account_id=account.id, text=f"{' '.join(words)}.".capitalize(), due=None)

    def _press(self, verb: str, **args: Any) -> None:
        """Press a button."""
        commands = self._room.books.commands
        name = f"command-{len(commands)}"
        commands[name] = Command(id=name, verb=verb, args=args, by="person", asked_at=self._room.clock.now())
        self._room.bell.ring("obey")

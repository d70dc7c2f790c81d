"""A wall clock that jumps."""

from __future__ import annotations

from bowerbird.core.account import HoldKind
from bowerbird.core.lifecycle import State
from bowerbird.posting.wall import Wall

from .room import START, Hands, Room, post


class Stepped(Hands):
    """A wall that can be moved without time passing."""

    passed: float = 0.0

    def monotonic(self) -> float:
        """Seconds that really passed."""
        return self.passed

    def pass_s(self, seconds: float) -> None:
        """Let seconds really pass."""
        self.passed += seconds
        super().pass_s(seconds)


async def test_a_jump_of_an_hour_sends_nothing_and_misses_nothing() -> None:
    """After a step the account is held, and lets go by itself when the wall is steady."""
    room = Room()
    clock = Stepped()
    room.clock = room.sweeper.clock = room.publisher.clock = clock
    wall = Wall(room.books, clock)
    await room.put(post(due=START + 10, expires_at=START + 3600 * 1_000_000))
    await wall.watch_once()

    clock.at += 7200 * 1_000_000  # somebody moves the wall two hours ahead
    await wall.watch_once()
    await room.sweeper.sweep_once()

    assert [hold.kind for hold in await room.books.holds(now=clock.now())] == [HoldKind.CLOCK]
    assert (await room.get()).state is State.QUEUED
    assert not await room.publisher.publish_once()

    clock.at -= 7200 * 1_000_000  # and back
    await wall.watch_once()
    clock.pass_s(61)
    await wall.watch_once()

    assert await room.books.holds(now=clock.now()) == []
    assert await room.publisher.publish_once()


async def test_time_that_merely_passes_is_no_step() -> None:
    """A laptop that slept has both clocks behind it, or comes back through the same door."""
    room = Room()
    clock = Stepped()
    wall = Wall(room.books, clock)
    await room.put(post())
    for _ in range(5):
        await wall.watch_once()
        clock.pass_s(3600)

    assert await room.books.holds(now=clock.now()) == []

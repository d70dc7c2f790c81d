"""A wall clock that jumps."""

from __future__ import annotations

import asyncio

import pytest

from bowerbird.core.account import HoldKind
from bowerbird.core.books import Batch
from bowerbird.core.errors import Unconfirmed, Unreachable
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Post, RemoteRef
from bowerbird.posting.approvals import approve
from bowerbird.posting.wall import Wall

from .room import ACCOUNT, START, Hands, Room, post, raising


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
    assert not await room.publisher.publish_once()
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


def stepped_room() -> tuple[Room, Stepped]:
    """A room whose clock can be stepped, and in which nobody watches the wall."""
    room, clock = Room(), Stepped()
    room.clock = room.sweeper.clock = room.publisher.clock = room.reconciler.clock = clock
    return room, clock


async def test_nothing_is_sent_early_in_the_moment_before_the_watch_notices() -> None:
    """The publisher looks at both clocks itself before it claims."""
    room, clock = stepped_room()
    await room.put(post(due=START + 3600 * SECOND_US, expires_at=START + 7200 * SECOND_US))
    assert not await room.publisher.publish_once()

    clock.at += 4000 * SECOND_US
    assert not await room.publisher.publish_once()

    clock.pass_s(61)
    assert await room.publisher.publish_once()


async def test_nothing_is_missed_in_the_moment_before_the_watch_notices() -> None:
    """The sweeper looks at both clocks itself before it calls anything late."""
    room, clock = stepped_room()
    await room.put(post())
    await room.sweeper.sweep_once()

    clock.at += 4000 * SECOND_US
    await room.sweeper.sweep_once()

    assert (await room.get()).state is State.QUEUED


async def test_a_jump_of_the_wall_proves_no_absence() -> None:
    """An hour that did not pass gave the platform no time to show the post, and ended no attempt."""
    room, clock = stepped_room()
    await room.put(post(expires_at=START + 90_000 * SECOND_US))
    room.platform.fate = raising(Unconfirmed())
    await room.publisher.publish_once()
    await room.reconciler.settle_once()

    clock.at += 4000 * SECOND_US
    for _ in range(60):
        await room.reconciler.settle_once()
        clock.pass_s(1)
    assert (await room.get()).state is State.UNSURE

    clock.pass_s(150)
    await room.reconciler.settle_once()
    assert (await room.get()).state is State.QUEUED


async def test_an_attempt_does_not_grow_when_the_wall_is_set_back() -> None:
    """What is left of an attempt is never more than an attempt."""
    room, clock = stepped_room()
    room.publisher.attempt_s = 5.05
    await room.put(post())
    original = room.platform.prepare

    async def prepare(claimed: Post) -> str:
        clock.at -= 3600 * SECOND_US
        return await original(claimed)

    async def never(sent: Post) -> RemoteRef:
        await asyncio.sleep(3600)
        raise AssertionError

    room.platform.prepare = prepare  # type: ignore[method-assign,assignment]
    room.platform.publish = never  # type: ignore[method-assign,assignment]
    await asyncio.wait_for(room.publisher.publish_once(), timeout=2)

    assert (await room.get()).state is State.UNSURE


async def test_the_jump_is_a_number_until_the_wall_is_steady() -> None:
    """What the alert reads: how far it jumped, and 0 again when it is trusted."""
    room, clock = Room(), Stepped()
    wall = Wall(room.books, clock)
    await wall.watch_once()
    clock.at -= 3600 * 1_000_000
    await wall.watch_once()
    assert [sample.value for sample in wall.samples()] == [-3600]
    clock.pass_s(61)
    await wall.watch_once()
    assert [sample.value for sample in wall.samples()] == [0]


@pytest.mark.proves("2.2")
async def test_what_a_jump_ahead_made_late_is_sent_when_the_wall_is_steady() -> None:
    """The wall stays two hours ahead: a post that was due in a minute is not missed, for no time has passed for it."""
    room = Room()
    clock = Stepped()
    room.clock = room.sweeper.clock = room.publisher.clock = clock
    wall = Wall(room.books, clock)
    await room.put(post(due=START + 60 * SECOND_US, expires_at=START + 3660 * SECOND_US))
    await wall.watch_once()
    clock.at += 7200 * SECOND_US
    await wall.watch_once()
    clock.pass_s(61)
    await wall.watch_once()
    await room.sweeper.sweep_once()
    assert (await room.get()).state is State.QUEUED
    assert await room.publisher.publish_once()
    assert (await room.get()).state is State.PUBLISHED


@pytest.mark.proves("2.2")
@pytest.mark.parametrize("error", [Unconfirmed("no answer", reason="timeout"), Unreachable("no way", reason="connect")])
async def test_what_was_on_its_way_when_the_wall_jumped_is_not_missed_either(error: Exception) -> None:
    """Two hours that did not pass make nothing late: neither what comes back, nor what is in doubt."""
    room, clock = stepped_room()
    wall, left, answer = Wall(room.books, clock), asyncio.Event(), asyncio.Event()

    async def fails(sent: Post) -> RemoteRef:
        left.set()
        await answer.wait()
        raise error

    room.platform.publish = fails  # type: ignore[method-assign,assignment]
    await room.put(post(due=START, expires_at=START + 3600 * SECOND_US))
    await wall.watch_once()
    sending = asyncio.create_task(room.publisher.publish_once())
    await left.wait()
    clock.at += 7200 * SECOND_US
    await wall.watch_once()
    answer.set()
    await sending
    assert (await room.get()).state in (State.UNSURE, State.QUEUED)
    for _ in range(20):
        clock.pass_s(10)
        await wall.watch_once()
        await room.sweeper.sweep_once()
        await room.reconciler.settle_once()
    assert (await room.get()).state is State.QUEUED, (await room.get()).reason
    assert (await room.get()).expires_at == START + 10_800 * SECOND_US


async def overtaken(ahead_s: int) -> tuple[Room, Stepped, Wall]:
    """A proposal that was due in a minute, after the wall jumped ahead."""
    room, clock = stepped_room()
    wall = Wall(room.books, clock)
    due = START + 60 * SECOND_US
    proposal = post(state=State.PROPOSED, approved_by="", due=due, expires_at=due + 3600 * SECOND_US)
    await room.put(proposal)
    await wall.watch_once()
    clock.at += ahead_s * SECOND_US
    await wall.watch_once()
    return room, clock, wall


async def passed(room: Room, clock: Stepped, wall: Wall, seconds: float) -> State:
    """The state of the proposal after so many real seconds, in which everybody looked."""
    for _ in range(2):
        clock.pass_s(seconds / 2)
        await wall.watch_once()
        await room.sweeper.sweep_once()
    return (await room.get()).state


@pytest.mark.proves("2.2")
async def test_a_proposal_that_a_jump_ahead_overtook_is_waited_for_as_long_as_it_would_have_been() -> None:
    """Nobody could approve it in no time; it expires after its real minute, once the wall is steady."""
    room, clock, wall = await overtaken(7200)
    assert await passed(room, clock, wall, 30) is State.PROPOSED
    room.sweeper.steady = type(room.sweeper.steady)()  # another process, that saw no jump
    await room.books.record(Batch(lifted=((ACCOUNT.id, HoldKind.CLOCK),)))
    await room.sweeper.sweep_once()
    assert (await room.get()).state is State.PROPOSED
    assert await passed(room, clock, wall, 130) is State.DROPPED


async def test_a_spared_proposal_that_is_approved_goes_when_the_wall_is_steady() -> None:
    """Its slot has passed by the wall, and a person said yes."""
    room, clock, wall = await overtaken(7200)
    await approve(room.books, "p1", by="ann", now=clock.now())
    for _ in range(2):
        clock.pass_s(40)
        await wall.watch_once()
        await room.sweeper.sweep_once()
        await room.publisher.publish_once()

    assert (await room.get()).state is State.PUBLISHED


async def test_a_jump_that_is_taken_back_keeps_no_proposal_for_ever() -> None:
    """A wall that was a month ahead for a minute: the proposal has its own time again."""
    room, clock, wall = await overtaken(30 * 86_400)
    assert await passed(room, clock, wall, 40) is State.PROPOSED
    clock.at -= 30 * 86_400 * SECOND_US
    await wall.watch_once()

    assert await passed(room, clock, wall, 200) is State.DROPPED


@pytest.mark.proves("2.2", "4.4")
async def test_a_step_back_by_an_hour_leaves_no_doubt_for_an_hour() -> None:
    """Its next look and its attempt's end go back with the wall; what ends soon by the new wall stays as it is."""
    room, clock = Room(), Stepped()
    wall = Wall(room.books, clock)
    soon = clock.now() - 3600 * SECOND_US + 70 * SECOND_US
    doubt = {"state": State.UNSURE, "not_before": clock.now() + 5 * SECOND_US}
    await room.put(post(1, **doubt, attempt_until=clock.now() + 60 * SECOND_US), post(2, **doubt, attempt_until=soon))
    await wall.watch_once()
    clock.at -= 3600 * SECOND_US
    await wall.watch_once()
    before, fresh = await room.get("p1"), await room.get("p2")
    assert (before.not_before, before.attempt_until) == (clock.at + 5 * SECOND_US, clock.at + 60 * SECOND_US)
    assert (fresh.not_before, fresh.attempt_until) == (clock.at + 5 * SECOND_US, soon)

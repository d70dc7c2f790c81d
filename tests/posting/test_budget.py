"""Limits that are used up: what is held, for how long, and how often that is told."""

from __future__ import annotations

from dataclasses import replace

from bowerbird.core import errors
from bowerbird.core.account import HoldKind
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Found
from bowerbird.core.post import SECOND_US, RemoteRef

from .room import ACCOUNT, START, Room, post, raising, thread

DAY_S = 86_400
LONG = START + 10 * DAY_S * SECOND_US


async def hold_facts(room: Room) -> int:
    """How often a hold was told."""
    return len(await room.books.facts(kinds=("hold_set",)))


async def run_s(room: Room, seconds: float, *, step_s: float = 10.0) -> None:
    """Let the publisher look every few seconds."""
    until = room.clock.now() + int(seconds * SECOND_US)
    while room.clock.now() < until:
        while await room.publisher.publish_once():
            pass
        room.clock.pass_s(step_s)


async def test_a_doubt_that_ends_gives_its_place_to_the_next_at_once() -> None:
    """A reservation can come back any moment, so nobody waits for a whole window."""
    room = Room(replace(ACCOUNT, posts_per_day_max=1))
    room.platform.fate = raising(errors.Unconfirmed())
    await room.put(post(1, expires_at=START + 30 * SECOND_US), post(2, expires_at=LONG))
    await room.publisher.publish_once()
    await room.publisher.publish_once()
    room.clock.pass_s(75)
    await room.reconciler.settle_once()  # absent, and too late: its quota comes back
    room.platform.fate = lambda sent: RemoteRef(id=sent.id)

    await run_s(room, 60)

    assert ((await room.get("p1")).state, (await room.get("p2")).state) == (State.DROPPED, State.PUBLISHED)


async def test_a_limit_that_stays_used_up_is_told_once() -> None:
    """A doubt of several hours at the limit is one fact, not one a minute."""
    room = Room(replace(ACCOUNT, posts_per_day_max=1))
    room.platform.fate = raising(errors.Unconfirmed())
    await room.put(post(1), post(2, expires_at=LONG))

    await run_s(room, 4 * 3600)

    assert await hold_facts(room) == 1


async def test_a_limit_is_told_again_when_it_is_used_up_again() -> None:
    """Between the two there was room."""
    room = Room(replace(ACCOUNT, posts_per_hour_max=1))
    await room.put(*(post(n, expires_at=LONG) for n in (1, 2, 3)))

    await run_s(room, 2 * 3600 + 60)

    assert len(room.platform.sent) == 3
    assert await hold_facts(room) == 2


async def test_a_day_at_a_limit_of_nothing_writes_little() -> None:
    """Somebody who sets a limit of 0 gets one fact."""
    room = Room(replace(ACCOUNT, posts_per_hour_max=0))
    await room.put(post(1, expires_at=LONG))
    before = len(await room.books.facts(limit=1000))

    await run_s(room, DAY_S)

    assert len(await room.books.facts(limit=1000)) - before == 1
    assert (await room.get()).state is State.QUEUED


async def test_a_thread_longer_than_its_limit_ends_and_lets_the_others_pass() -> None:
    """It could never be sent whole, and waiting for it would miss everything behind it."""
    room = Room(replace(ACCOUNT, posts_per_hour_max=2))
    await room.put(*thread(3), post(9, due=START + 1))
    room.clock.pass_s(1)

    await run_s(room, 60)
    await room.sweeper.sweep_once()
    await room.sweeper.sweep_once()

    assert (await room.get("p9")).state is State.PUBLISHED
    assert [(await room.get(f"p{n}")).reason for n in (1, 2, 3)] == ["longer than the limit", "orphaned", "orphaned"]


async def test_what_was_found_counts_and_the_hold_says_for_how_long() -> None:
    """A place that is really taken comes back when it leaves the window."""
    room = Room(replace(ACCOUNT, posts_per_hour_max=1))
    room.platform.fate = raising(errors.Unconfirmed())
    await room.put(post(1), post(2))
    await room.publisher.publish_once()
    room.platform.look = lambda _: Found(ref=RemoteRef(id="there"))
    await room.reconciler.settle_once()
    room.clock.pass_s(1)

    await room.publisher.publish_once()

    (hold,) = await room.books.holds(now=room.clock.now())
    assert (hold.kind, hold.until) == (HoldKind.BUDGET, START + 3600 * SECOND_US)

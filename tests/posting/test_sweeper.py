"""Bringing to rest what can no longer go."""

from __future__ import annotations

from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.books import Batch
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import story

from .room import ACCOUNT, START, Room, post, thread


async def test_a_post_that_is_too_late_is_missed_and_said_so() -> None:
    """Nobody is greeted with yesterday's good morning."""
    room = Room()
    await room.put(post())
    room.clock.pass_s(3601)

    await room.sweeper.sweep_once()

    assert ((await room.get()).state, await room.kinds()) == (State.DROPPED, ["missed"])


async def test_what_nobody_approved_in_time_expires() -> None:
    """An unapproved post is never sent."""
    room = Room()
    await room.put(post(state=State.PROPOSED, approved_by=""))
    room.clock.pass_s(1)

    await room.sweeper.sweep_once()

    assert ((await room.get()).state, await room.kinds()) == (State.DROPPED, ["expired"])


async def test_nothing_is_late_while_the_clock_is_not_trusted() -> None:
    """A wall clock that jumped an hour drops no post."""
    room = Room()
    await room.put(post())
    await room.books.record(Batch(holds=(Hold(account_id=ACCOUNT.id, kind=HoldKind.CLOCK, since=START),)))
    room.clock.pass_s(4000)

    await room.sweeper.sweep_once()

    assert (await room.get()).state is State.QUEUED


async def test_parts_after_a_broken_one_are_taken_out_with_their_quota() -> None:
    """A thread that lost a part does not go on without it."""
    room = Room()
    head, *rest = thread(3)
    await room.put(head.changed(state=State.REJECTED), *rest)

    await room.sweeper.sweep_once()
    await room.sweeper.sweep_once()

    assert [(await room.get(p.id)).reason for p in rest] == ["orphaned", "orphaned"]


async def test_what_is_left_of_a_thread_whose_beginning_stands_says_what_can_be_done() -> None:
    """Half a thread is in public: a person takes it back, or writes the rest beneath it; nothing is asked of them."""
    room = Room()
    head, second, third = thread(3)
    await room.put(head, second.changed(expires_at=START + 60 * SECOND_US), third)
    await room.publisher.publish_once()
    await room.books.record(Batch(holds=(Hold(account_id=ACCOUNT.id, kind=HoldKind.PAUSED, since=START),)))
    room.clock.pass_s(61)
    await room.sweeper.sweep_once()
    await room.sweeper.sweep_once()

    assert [(await room.get(name)).reason for name in ("p2", "p3")] == ["missed", "orphaned"]
    for name, told in (("p2", "too late"), ("p3", "Taken back by sweeper")):
        (line,) = [
            line.sentence
            for line in story(await room.get(name), await room.books.facts(post_id=name), [])
            if line.chapter == "ended"
        ]
        assert told in line
        assert "the beginning of its thread stands (https://there/p1): `bowerbird retract p1` takes it back" in line


async def test_a_withdrawn_post_that_came_back_to_the_queue_ends_there() -> None:
    """Taking back while sending is a flag, and the flag is honoured."""
    room = Room()
    await room.put(post(withdrawn=True))
    assert not await room.publisher.publish_once()
    room.clock.pass_s(3601)

    await room.sweeper.sweep_once()

    assert ((await room.get()).state, (await room.get()).reason) == (State.DROPPED, "withdrawn")


async def test_a_parked_post_is_kept_for_two_weeks() -> None:
    """A person has fourteen days to say whether it is there."""
    room = Room()
    await room.put(post(state=State.PARKED))
    room.clock.pass_s(13 * 86_400)
    await room.sweeper.sweep_once()
    assert (await room.get()).state is State.PARKED

    room.clock.at = START + int(14.1 * 86_400) * SECOND_US
    await room.sweeper.sweep_once()
    assert ((await room.get()).state, (await room.get()).reason) == (State.DROPPED, "abandoned")

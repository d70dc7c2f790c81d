"""Settling doubts by looking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bowerbird.core import errors
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Absent, Found, Look, Unknown
from bowerbird.core.post import SECOND_US, Post, RemoteRef
from bowerbird.core.work import Owner

from .room import START, Room, post, raising

THERE = RemoteRef(id="there")


def looking(error: Exception) -> Callable[[Post], Look]:
    """A look that fails."""

    def look(post: Post) -> Look:
        raise error

    return look


async def in_doubt(room: Room, **changes: Any) -> None:
    """Put one post in doubt."""
    room.platform.fate = raising(errors.Unconfirmed())
    await room.put(post(**changes))
    await room.publisher.publish_once()


async def test_what_is_found_is_published_and_never_sent_again() -> None:
    """A dropped answer costs a look, not a duplicate."""
    room = Room()
    await in_doubt(room)
    room.platform.look = lambda _: Found(ref=THERE)

    assert await room.reconciler.settle_once()

    settled = await room.get()
    assert (settled.state, settled.remote, len(room.platform.sent)) == (State.PUBLISHED, THERE, 1)


async def test_absent_counts_only_after_the_platform_had_time_to_show_it() -> None:
    """Looking too early proves nothing."""
    room = Room()
    await in_doubt(room)
    await room.reconciler.settle_once()
    assert (await room.get()).state is State.UNSURE

    room.clock.pass_s(60 + 10 + 1)  # the attempt's end and the platform's settling time
    await room.reconciler.settle_once()

    assert ((await room.get()).state, (await room.get()).absences) == (State.QUEUED, 1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"absences": 2}, "attempts"),
        ({"expires_at": START + 65 * SECOND_US}, "missed"),
        ({"withdrawn": True}, "withdrawn"),
    ],
)
async def test_an_absence_can_be_the_end(changes: dict[str, Any], reason: str) -> None:
    """The third absence asks a person; a late or withdrawn post is not sent any more."""
    room = Room()
    withdrawn = bool(changes.pop("withdrawn", False))
    await in_doubt(room, **changes)
    if withdrawn:
        from bowerbird.posting.approvals import withdraw

        await withdraw(room.books, "p1", by="ann", now=room.clock.now())
    room.clock.pass_s(75)
    await room.reconciler.settle_once()

    settled = await room.get()
    assert (settled.state, settled.reason) == (State.PARKED if reason == "attempts" else State.DROPPED, reason)


async def test_what_cannot_be_seen_stays_in_doubt_and_is_parked_after_a_day() -> None:
    """Not seeing is not absence."""
    room = Room()
    await in_doubt(room)
    room.platform.look = lambda _: Unknown(why="the page is gone")
    for _ in range(200):
        await room.reconciler.settle_once()
        room.clock.pass_s(600)

    parked = await room.get()
    assert (parked.state, parked.reason, len(room.platform.sent)) == (State.PARKED, "unknown", 1)


async def test_a_worker_that_died_leaves_a_doubt_and_no_second_post() -> None:
    """A lapsed lease proves nothing."""
    room = Room()
    await room.put(post())
    await room.books.claim_post("sandbox:wren", now=START, owner="boot-0", until=START + 60 * SECOND_US, quotas=())
    room.platform.look = lambda _: Found(ref=THERE)

    await room.reconciler.settle_once()

    assert (await room.kinds())[:2] == ["claimed", "lost_touch"]


async def test_a_living_worker_keeps_its_post() -> None:
    """Nobody takes a post from an owner that is heard and whose attempt is not over."""
    room = Room()
    await room.put(post())
    await room.books.beat(Owner(id="boot-0", role="engine", pid=1, started_at=START, heard_at=START))
    await room.books.claim_post("sandbox:wren", now=START, owner="boot-0", until=START + 60 * SECOND_US, quotas=())

    assert not await room.reconciler.settle_once()
    assert (await room.get()).state is State.SENDING


async def test_a_post_whose_message_was_never_made_goes_again_at_once() -> None:
    """Without a message nothing can have been sent, so there is nothing to wait for."""
    room = Room()
    await room.put(post())
    await room.books.claim_post("sandbox:wren", now=START, owner="boot-0", until=START + 60 * SECOND_US, quotas=())

    await room.reconciler.settle_once()

    assert (await room.get()).state is State.QUEUED


async def test_one_that_cannot_be_looked_at_does_not_block_the_others() -> None:
    """A doubtful post is pushed ahead before the look."""
    room = Room()
    room.platform.fate = raising(errors.Unconfirmed())
    await room.put(post(1), post(2))
    await room.publisher.publish_once()
    await room.publisher.publish_once()
    room.platform.look = lambda looked: Unknown(why="hidden") if looked.id == "p1" else Found(ref=THERE)

    await room.reconciler.settle_once()
    await room.reconciler.settle_once()

    assert ((await room.get("p1")).state, (await room.get("p2")).state) == (State.UNSURE, State.PUBLISHED)


async def test_no_look_is_made_while_the_platform_is_spared() -> None:
    """An open breaker would refuse each look: none is made or written down, and the doubt is settled when it closes."""
    room = Room()
    await in_doubt(room)
    room.platform.look, refusal = looking(errors.Unreachable(reason="breaker_open")), ["the breaker is open"]
    room.reconciler.may_look = lambda account_id: refusal[0]
    for _ in range(60):
        await room.reconciler.settle_once()
        room.clock.pass_s(1)
    assert "looked_in_vain" not in await room.kinds()

    refusal[0], room.platform.look = "", lambda _: Found(ref=THERE)
    for _ in range(6):
        await room.reconciler.settle_once()
        room.clock.pass_s(1)
    assert (await room.get()).state is State.PUBLISHED


async def test_an_absent_post_gives_its_quota_back() -> None:
    """What is proved not to have arrived never counted."""
    room = Room()
    await in_doubt(room)
    room.clock.pass_s(75)
    room.platform.look = lambda _: Absent()
    await room.reconciler.settle_once()

    assert await room.used() == 0


@pytest.mark.parametrize("error", [errors.SignedOut(), RuntimeError("the page changed")])
async def test_a_look_that_fails_saw_nothing(error: Exception) -> None:
    """Whatever comes out of it, the post stays in doubt, is pushed ahead, and is parked after a day."""
    room = Room()
    await in_doubt(room)
    room.platform.look = looking(error)
    for _ in range(200):
        await room.reconciler.settle_once()
        room.clock.pass_s(600)

    assert ((await room.get()).state, (await room.get()).reason) == (State.PARKED, "unknown")


async def test_an_adapter_that_goes_away_during_a_look_proves_nothing() -> None:
    """An account that is just being connected anew is looked at again."""
    room = Room()
    await in_doubt(room)
    room.clock.pass_s(75)
    platforms = {room.account.id: room.platform}
    room.reconciler.platforms = platforms

    def look(_: Post) -> Look:
        platforms.clear()
        return Absent()

    room.platform.look = look
    await room.reconciler.settle_once()

    assert (await room.get()).state is State.UNSURE


async def test_a_parked_post_that_a_person_sends_again_is_not_withdrawn_any_more() -> None:
    """The newer wish counts: it goes, and does not sit in the queue until it is late."""
    from bowerbird.posting.approvals import settle_by_person, withdraw

    room = Room()
    await in_doubt(room, absences=2, expires_at=START + 9000 * SECOND_US)
    await withdraw(room.books, "p1", by="ann", now=room.clock.now())
    room.clock.pass_s(75)
    await room.reconciler.settle_once()
    assert (await room.get()).state is State.PARKED
    await settle_by_person(room.books, "p1", verdict="send", by="ann", now=room.clock.now())
    room.platform.fate = lambda sent: THERE

    assert await room.publisher.publish_once()

    assert (await room.get()).state is State.PUBLISHED

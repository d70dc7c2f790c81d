"""The fake platform: keeps the truth, remembers keys for as long as it says, and fails when asked."""

from __future__ import annotations

import asyncio
import math
import random
from dataclasses import replace

import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core import errors
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Absent, Found, Gone, Platform, Unknown
from bowerbird.core.post import Payload, Post, expiry
from bowerbird.simulation import FakePlatform, Script
from bowerbird.simulation.faults import Fate

SETTLE_S = 60.0


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that whoever sleeps moves."""
    return VirtualClock(start_at=0)


def platform(clock: VirtualClock, *fates: Fate | None, dedup_s: float = 0.0, look: str = "") -> FakePlatform:
    """A platform on which the first sends meet these fates."""
    left = list(fates)
    script = Script(send=lambda post: left.pop(0) if left else None, look=lambda post: look)
    return FakePlatform(clock, dedup_s=dedup_s, settle_s=SETTLE_S, rng=random.Random(1), script=script)


async def prepared(there: FakePlatform, key: str = "k1") -> Post:
    """A post whose message is made."""
    post = Post(
        id="p1", account_id="fake:a", key=key, thread_id="p1", payload=Payload(text="hello"), since=0,
        state=State.SENDING, created_at=0, due=0, expires_at=expiry(0),
    )  # fmt: skip
    return replace(post, wire=await there.prepare(post))


async def test_it_is_a_platform(clock: VirtualClock) -> None:
    """It serves as the port, and says who we are."""
    there: Platform = platform(clock)
    assert (await there.whoami()).handle == there.name
    assert there.length("four") == 4
    assert isinstance(await there.search("asyncio"), Unknown)
    assert await there.mentions(0) == []
    await there.close()


async def test_without_keys_the_same_message_twice_is_two_posts(clock: VirtualClock) -> None:
    """A keyless platform takes whatever comes."""
    there = platform(clock)
    post = await prepared(there)
    assert await there.publish(post) != await there.publish(post)
    assert len(there.truth("p1")) == 2


async def test_with_keys_the_same_key_twice_is_one_post(clock: VirtualClock) -> None:
    """A platform that is keyed for ever answers with the post that is there."""
    there = platform(clock, dedup_s=math.inf)
    post = await prepared(there)
    first = await there.publish(post)
    clock.advance(1e7)
    assert await there.publish(post) == first
    assert len(there.truth("p1")) == 1


async def test_a_key_is_forgotten_when_its_hour_is_over(clock: VirtualClock) -> None:
    """A platform that is keyed for a while makes a second post afterwards."""
    there = platform(clock, dedup_s=3_000.0)
    post = await prepared(there)
    first = await there.publish(post)
    clock.advance(2_900)
    assert await there.publish(post) == first
    clock.advance(200)
    assert await there.publish(post) != first


async def test_making_a_message_twice_makes_two_messages(clock: VirtualClock) -> None:
    """Or nobody would notice a message that is rebuilt."""
    there = platform(clock)
    assert (await prepared(there)).wire != (await prepared(there)).wire


async def test_a_look_finds_what_is_there_and_nothing_else(clock: VirtualClock) -> None:
    """Absent before, found after; by its message where there is no key."""
    there = platform(clock)
    post = await prepared(there)
    assert await there.resolve(post) == Absent()
    ref = await there.publish(post)
    assert await there.resolve(post) == Found(ref=ref)
    assert await there.resolve(replace(post, wire="other")) == Absent()


async def test_a_post_that_appears_late_is_there_all_the_same(clock: VirtualClock) -> None:
    """Accepted, answer lost, invisible for a while, and then seen."""
    there = platform(clock, Fate("late_appearance", 0.9))
    post = await prepared(there)
    with pytest.raises(errors.Unconfirmed):
        await there.publish(post)
    assert len(there.truth("p1")) == 1
    assert await there.resolve(post) == Absent()
    clock.advance(SETTLE_S)
    assert isinstance(await there.resolve(post), Found)


RAISES = {
    "refused": (errors.Refused, 0),
    "rate_limited": (errors.RateLimited, 0),
    "unreachable": (errors.Unreachable, 0),
    "signed_out": (errors.SignedOut, 0),
    "unforeseen_before": (RuntimeError, 0),
    "error_after_accept": (errors.Unconfirmed, 1),
    "answer_dropped": (errors.Unconfirmed, 1),
    "unforeseen_after": (RuntimeError, 1),
}


@pytest.mark.parametrize("fault", RAISES)
async def test_each_fault_says_what_it_says_and_does_what_it_does(clock: VirtualClock, fault: str) -> None:
    """The error that the caller gets, and whether the post is there: the two need not agree."""
    error, arrived = RAISES[fault]
    there = platform(clock, Fate(fault, 30.0))
    with pytest.raises(error):
        await there.publish(await prepared(there))
    assert len(there.truth("p1")) == arrived
    assert [send.fault for send in there.sends] == [fault]


async def test_a_session_that_ended_comes_back(clock: VirtualClock) -> None:
    """While signed out nobody can send, look or ask; afterwards all is well."""
    there = platform(clock, Fate("signed_out", 100.0))
    post = await prepared(there)
    for attempt in (there.publish, there.publish):
        with pytest.raises(errors.SignedOut):
            await attempt(post)
    assert isinstance(await there.resolve(post), Unknown)
    clock.advance(100)
    assert (await there.whoami()).handle == there.name
    assert (await there.publish(post)).id == there.arrivals[0].id


async def test_a_cancelled_send_cancels_whoever_sends(clock: VirtualClock) -> None:
    """The caller's task is cancelled, with the post accepted or not."""
    there = platform(clock, Fate("cancelled", 0.1))
    task = asyncio.create_task(there.publish(await prepared(there)))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(there.truth("p1")) == 1


async def test_a_blind_look_never_raises(clock: VirtualClock) -> None:
    """What cannot be seen is unknown, with the reason."""
    there = platform(clock, look="blind")
    assert await there.resolve(await prepared(there)) == Unknown(why="blind")


async def test_what_was_removed_is_gone(clock: VirtualClock) -> None:
    """Deleting twice is not an error, a look no longer finds it, and its numbers say that it is gone."""
    there = platform(clock)
    post = await prepared(there)
    ref = await there.publish(post)
    assert not isinstance((await there.counts([ref]))[ref.id], Gone)
    await there.delete(ref)
    await there.delete(ref)
    assert isinstance((await there.counts([ref]))[ref.id], Gone)
    assert await there.resolve(post) == Absent()

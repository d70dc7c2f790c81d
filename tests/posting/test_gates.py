"""Who is claimed for: breakers that are open and adapters that are missing keep nobody else; and drills break here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bowerbird.core.books import Batch
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Found
from bowerbird.core.post import RemoteRef
from bowerbird.resilience import failpoints
from bowerbird.resilience.failpoints import Broken

from .room import ACCOUNT, Room, post


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    """Whatever a test arms is taken away."""
    yield
    failpoints.armed = None


@pytest.mark.proves("4.1", "4.2")
async def test_nothing_is_claimed_for_an_account_whose_breaker_is_open() -> None:
    """Its posts wait in the queue, untouched, and go when the breaker lets them."""
    room, why = Room(), {ACCOUNT.id: "the breaker sandbox is open"}
    room.publisher.may_send = lambda account_id: why.get(account_id, "")
    await room.put(post(1))
    assert not await room.publisher.publish_once()
    waiting = await room.get()
    assert (waiting.state, waiting.attempt, await room.kinds()) == (State.QUEUED, 0, [])

    why.clear()
    assert await room.publisher.publish_once()
    assert (await room.get()).state is State.PUBLISHED


@pytest.mark.proves("4.2")
async def test_accounts_that_cannot_be_posted_for_keep_no_other() -> None:
    """Two hundred that wait longer, some without an adapter, some behind an open breaker."""
    room = Room()
    others = [replace(ACCOUNT, id=f"sandbox:{n:03}", handle=f"a{n:03}") for n in range(200)]
    earlier = [post(n + 10, account_id=one.id, due=post().due - 1) for n, one in enumerate(others)]
    await room.put(post(1))
    await room.books.record(Batch(accounts=tuple(others), new_posts=tuple(earlier)))
    room.publisher.platforms = {one.id: room.platform for one in [*others[:100], ACCOUNT]}
    room.publisher.may_send = lambda account_id: "" if account_id == ACCOUNT.id else "open"

    assert await room.publisher.publish_once()
    assert (await room.get()).state is State.PUBLISHED


@pytest.mark.proves("4.4")
@pytest.mark.parametrize(("place", "sent"), [("posting.after_claim", 0), ("posting.after_send", 1)])
async def test_a_worker_that_dies_around_the_send_leaves_a_post_that_is_settled_by_looking(
    place: str, sent: int
) -> None:
    """After the claim nothing was sent; after the send it stands there; either way it goes out once."""
    room = Room()
    await room.put(post(1))
    failpoints.armed = failpoints.Failpoints(f"{place}=raise*1")
    with pytest.raises(Broken):
        await room.publisher.publish_once()
    assert ((await room.get()).state, len(room.platform.sent)) == (State.SENDING, sent)

    room.clock.pass_s(80)
    if sent:
        room.platform.look = lambda looked: Found(ref=RemoteRef(id="there"))
    while await room.reconciler.settle_once():
        pass
    await room.publisher.publish_once()
    assert ((await room.get()).state, len(room.platform.sent)) == (State.PUBLISHED, 1)

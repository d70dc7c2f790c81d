"""An engine that holds the lock is alone: whoever claimed a post before is dead, and is not waited for."""

from __future__ import annotations

import pytest

from bowerbird.core.account import Account
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Capabilities, Found
from bowerbird.core.post import SECOND_US, Post, RemoteRef
from bowerbird.core.work import Owner
from bowerbird.posting.pacing import quotas_for
from bowerbird.posting.reconciler import Reconciler

from .room import Room, Told, post


class Driven(Told):
    """A platform that is driven through a browser."""

    @property
    def capabilities(self) -> Capabilities:
        """The browser is a process of its own."""
        return Capabilities(dedup_s=0, settle_s=self.settle_s, text_max=300, browser=True)


async def claimed_by(room: Room, owner: str, *, account: Account) -> Post:
    """A post on its way, of a process heard just now."""
    now = room.clock.now()
    await room.books.beat(Owner(id=owner, role="engine", pid=1, started_at=now, heard_at=now))
    claimed = await room.books.claim_post(
        account.id, now=now, owner=owner, until=now + 60 * SECOND_US, quotas=quotas_for(account)
    )
    assert isinstance(claimed, Post)
    return claimed


async def died_a_second_ago(room: Room) -> Reconciler:
    """A message on its way, whose engine died, and the reconciler of the engine that took the lock after it."""
    await room.put(post(wire="made"))
    await claimed_by(room, "boot-0", account=room.account)
    room.clock.pass_s(1)
    return Reconciler(room.books, {room.account.id: room.platform}, room.clock, "boot-1", alone_since=room.clock.now())


async def test_the_dead_ones_post_is_in_doubt_at_once() -> None:
    """Nobody waits ten seconds for a heartbeat that cannot come."""
    room = Room()
    reconciler = await died_a_second_ago(room)
    room.platform.look = lambda _: Found(ref=RemoteRef(id="there"))

    assert await reconciler.settle_once()

    assert (await room.get()).state is State.PUBLISHED


async def test_without_the_proof_it_stays_on_its_way() -> None:
    """Where several engines may run, only silence or the attempt's end tells."""
    room = Room()
    await died_a_second_ago(room)

    assert not await room.reconciler.settle_once()

    assert (await room.get()).state is State.SENDING


async def test_our_own_post_is_not_taken_for_a_dead_ones() -> None:
    """We beat once before we claim."""
    room = Room()
    await room.put(post(wire="made"))
    alone_since = room.clock.now()
    room.clock.pass_s(0.001)
    await claimed_by(room, "boot-1", account=room.account)
    reconciler = Reconciler(room.books, {room.account.id: room.platform}, room.clock, "boot-1", alone_since=alone_since)

    assert not await reconciler.settle_once()

    assert (await room.get()).state is State.SENDING


@pytest.mark.parametrize(("platform", "state"), [(Told(), State.QUEUED), (Driven(), State.UNSURE)])
async def test_the_attempt_ended_with_its_process_but_not_with_a_browser(platform: Told, state: State) -> None:
    """Two seconds for what was on the wire, ten for the platform; a browser may go on until the attempt's end."""
    room = Room()
    room.platform = platform
    reconciler = await died_a_second_ago(room)
    await reconciler.settle_once()
    room.clock.pass_s(11)
    await reconciler.settle_once()
    assert (await room.get()).state is State.UNSURE

    room.clock.pass_s(2)
    await reconciler.settle_once()

    assert (await room.get()).state is state


async def test_what_cannot_be_looked_at_yet_waits_for_its_adapter() -> None:
    """For a second after the start nothing is connected; the doubt begins when somebody can look."""
    room = Room()
    await died_a_second_ago(room)
    early = Reconciler(room.books, {}, room.clock, "boot-1", alone_since=room.clock.now())

    assert not await early.settle_once()
    assert (await room.get()).state is State.SENDING

    room.clock.pass_s(60)  # the attempt's own end needs no adapter
    await early.settle_once()
    assert (await room.get()).state is State.UNSURE


async def test_a_post_that_may_still_appear_is_looked_for_again_soon() -> None:
    """An early absence proves nothing, and the next look comes after a second, not at the end of the wait."""
    room = Room()
    reconciler = await died_a_second_ago(room)
    await reconciler.settle_once()
    room.platform.look = lambda _: Found(ref=RemoteRef(id="there"))
    room.clock.pass_s(1)

    await reconciler.settle_once()

    assert (await room.get()).state is State.PUBLISHED

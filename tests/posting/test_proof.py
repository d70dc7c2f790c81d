"""Proofs that come after everybody had given the attempt up."""

from __future__ import annotations

import pytest

from bowerbird.core.books import Batch, Change
from bowerbird.core.errors import BowerbirdError
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Absent
from bowerbird.core.post import SECOND_US, Post, RemoteRef
from bowerbird.posting.approvals import edit, settle_by_person
from bowerbird.posting.proof import confirm_late

from .room import ACCOUNT, START, Room, post, raising

REF = RemoteRef(id="there")


async def prove(room: Room, attempt: Post) -> None:
    """Let the proof of an attempt arrive now."""
    await confirm_late(room.books, attempt, REF, now=room.clock.now(), look_at=START, by="test")


async def thought_absent(room: Room) -> Post:
    """A post that was sent, looked for in vain, and queued again; returns the attempt."""
    from bowerbird.core import errors

    room.platform.fate = raising(errors.Unconfirmed())
    room.platform.look = lambda _: Absent()
    await room.put(post(expires_at=START + 9000 * SECOND_US))
    await room.publisher.publish_once()
    attempt = await room.get()
    room.clock.pass_s(75)
    await room.reconciler.settle_once()
    assert (await room.get()).state is State.QUEUED
    return attempt


async def test_a_quota_that_was_given_back_counts_again() -> None:
    """The platform counts what arrived, so we do."""
    room = Room()
    attempt = await thought_absent(room)
    assert await room.used() == 0

    await prove(room, attempt)

    assert ((await room.get()).state, await room.used()) == (State.PUBLISHED, 1)


async def test_it_counts_also_where_the_limit_is_used_up() -> None:
    """Five that arrived are five, whatever we meant to allow."""
    room = Room()
    attempt = await thought_absent(room)
    room.platform.fate = lambda sent: RemoteRef(id=sent.id)
    await room.put(*(post(n, due=START - n) for n in range(2, 6)))
    while await room.publisher.publish_once():
        pass

    await prove(room, attempt)

    assert await room.used() == 5


async def test_what_is_still_reserved_is_not_counted_twice() -> None:
    """A post in doubt has never stopped counting."""
    room = Room()
    from bowerbird.core import errors

    room.platform.fate = raising(errors.Unconfirmed())
    await room.put(post())
    await room.publisher.publish_once()

    await prove(room, await room.get())

    assert await room.used() == 1


async def test_a_post_that_was_edited_meanwhile_is_published_with_the_words_that_were_sent() -> None:
    """The new words wait for nobody any more: the post is there, in the old ones."""
    room = Room()
    attempt = await thought_absent(room)
    asks = ACCOUNT.__class__(id=ACCOUNT.id, platform="sandbox", handle="wren")
    await edit(room.books, asks, "p1", text="Other words.", key="k-new", by="ann", now=room.clock.now())
    assert (await room.get()).state is State.PROPOSED

    await prove(room, attempt)

    now = await room.get()
    assert (now.state, now.payload.text, now.key, now.remote) == (State.PUBLISHED, "Words of post 1.", "k1", REF)


async def test_what_a_person_said_is_there_learns_where() -> None:
    """A proof adds the place, and from then on it is measured; that is no second post."""
    room = Room()
    attempt = post(state=State.PARKED, attempt=1)
    await room.put(attempt)
    await settle_by_person(room.books, "p1", verdict="there", by="ann", now=room.clock.now())

    await prove(room, attempt)

    now = await room.get()
    assert (now.remote, now.look_at, (await room.kinds())[-1]) == (REF, START, "confirmed_late")


async def test_a_proof_that_cannot_be_written_is_not_forgotten_in_silence() -> None:
    """A row that never stands still is an error that somebody hears of."""
    room = Room()
    await room.put(post(state=State.UNSURE, attempt=1))
    written = room.books.record

    async def moves(batch: Batch) -> object:
        found = await room.get()
        await written(Batch(changes=(Change(found, found.changed(not_before=found.not_before + 1)),)))
        return await written(batch)

    room.books.record = moves  # type: ignore[method-assign,assignment]

    with pytest.raises(BowerbirdError, match="it is at there"):
        await prove(room, await room.get())

"""What a person decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bowerbird.core.account import Mode
from bowerbird.core.errors import BadInput
from bowerbird.core.lifecycle import State
from bowerbird.core.post import Post
from bowerbird.posting import approvals
from bowerbird.posting.renewal import Renewal

from .room import ACCOUNT, START, Room, post, raising, thread


def proposed(number: int = 1) -> Post:
    """A post that waits for a yes."""
    return post(number, state=State.PROPOSED, approved_by="")


async def test_an_approval_says_whose_it_was() -> None:
    """A yes is bound to a person and a time."""
    room = Room()
    await room.put(proposed())

    await approvals.approve(room.books, "p1", by="ann", now=START + 5)

    approved = await room.get()
    assert (approved.state, approved.approved_by, approved.approved_at) == (State.QUEUED, "ann", START + 5)


async def test_an_approval_of_words_that_changed_is_refused() -> None:
    """Nobody approves by accident what they have not seen."""
    room = Room()
    await room.put(replace(proposed(), version=2))

    with pytest.raises(BadInput, match="you saw version 1, it is version 2"):
        await approvals.approve(room.books, "p1", by="ann", now=START, version=1)
    assert (await room.get()).state is State.PROPOSED


async def test_a_decision_covers_the_whole_thread() -> None:
    """A thread is approved or turned down as one."""
    room = Room()
    await room.put(*(part.changed(state=State.PROPOSED) for part in thread(3)))

    await approvals.approve(room.books, "p1", by="ann", now=START)

    assert {(await room.get(f"p{n}")).state for n in (1, 2, 3)} == {State.QUEUED}


@pytest.mark.parametrize(("mode", "state"), [(Mode.ASK, State.PROPOSED), (Mode.AUTO, State.QUEUED)])
async def test_an_edit_is_a_new_version_with_a_new_key(mode: Mode, state: State) -> None:
    """Other words are another message; where approval is asked it is asked again."""
    room = Room(replace(ACCOUNT, mode=mode))
    await room.put(post())

    await approvals.edit(room.books, room.account, "p1", text="Better words.", key="k-new", by="ann", now=START)

    edited = await room.get()
    assert (edited.state, edited.version, edited.key, edited.wire) == (state, 2, "k-new", None)


async def test_a_published_post_cannot_be_approved_and_the_error_says_what_can_be() -> None:
    """A refusal names the remedy."""
    room = Room()
    await room.put(post(state=State.PUBLISHED))

    with pytest.raises(BadInput, match="what can happen to it: gone"):
        await approvals.approve(room.books, "p1", by="ann", now=START)


async def test_an_unknown_post_is_said_to_be_unknown() -> None:
    """There is no silence for a wrong id."""
    room = Room()
    with pytest.raises(BadInput, match="no post nowhere"):
        await approvals.approve(room.books, "nowhere", by="ann", now=START)


async def test_taking_back_while_sending_only_sets_a_flag() -> None:
    """What may have left cannot be called back by wishing."""
    room = Room()
    await room.put(post(state=State.SENDING))

    await approvals.withdraw(room.books, "p1", by="ann", now=START)

    taken = await room.get()
    assert (taken.state, taken.withdrawn) == (State.SENDING, True)


@pytest.mark.parametrize(
    ("verdict", "state"), [("there", State.PUBLISHED), ("send", State.QUEUED), ("leave", State.DROPPED)]
)
async def test_a_person_settles_a_parked_post(verdict: str, state: State) -> None:
    """Three answers, three ends."""
    room = Room()
    await room.put(post(state=State.PARKED, absences=3))

    await approvals.settle_by_person(room.books, "p1", verdict=verdict, by="ann", now=START)

    assert ((await room.get()).state, (await room.get()).absences) == (state, 0)


async def test_a_session_that_works_again_lifts_the_hold() -> None:
    """Only that account waited, and it goes on by itself."""
    from bowerbird.core.errors import SignedOut

    room = Room()
    room.platform.fate, room.platform.known = raising(SignedOut()), False
    await room.put(post())
    await room.publisher.publish_once()
    renewal = Renewal(room.books, {ACCOUNT.id: room.platform}, room.clock)
    await renewal.renew_once()
    assert len(await room.books.holds(now=START)) == 1

    room.platform.known = True
    await renewal.renew_once()
    assert await room.books.holds(now=START) == []

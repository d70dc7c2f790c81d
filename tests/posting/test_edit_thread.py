"""Editing one part of a thread that was approved."""

from __future__ import annotations

from dataclasses import replace

from bowerbird.core.account import Mode
from bowerbird.core.lifecycle import State
from bowerbird.posting.approvals import approve, edit

from .room import ACCOUNT, START, Room, thread

ASKS = replace(ACCOUNT, mode=Mode.ASK)


async def edit_part(room: Room, number: int) -> None:
    """Change the words of one part."""
    await edit(room.books, ASKS, f"p{number}", text="Other words.", key="k-new", by="ann", now=room.clock.now())


async def test_a_thread_waits_as_a_whole_for_the_approval_of_one_part() -> None:
    """The head does not go alone while a later part has words that nobody approved."""
    room = Room()
    await room.put(*thread(3))

    await edit_part(room, 2)

    assert not await room.publisher.publish_once()
    assert [(await room.get(f"p{n}")).state for n in (1, 2, 3)] == [State.PROPOSED] * 3


async def test_approving_it_again_lets_the_whole_thread_go() -> None:
    """One decision covers all parts; the others keep their words, keys and versions."""
    room = Room()
    await room.put(*thread(3))
    await edit_part(room, 2)

    await approve(room.books, "p1", by="ann", now=START)
    while await room.publisher.publish_once():
        pass

    assert [key for key, _ in room.platform.sent] == ["k1", "k-new", "k3"]


async def test_where_nobody_is_asked_the_thread_stays_in_the_queue() -> None:
    """An account that approves by itself goes on by itself."""
    room = Room()
    await room.put(*thread(2))

    await edit(room.books, ACCOUNT, "p2", text="Other words.", key="k-new", by="ann", now=START)

    assert [(await room.get(f"p{n}")).state for n in (1, 2)] == [State.QUEUED] * 2

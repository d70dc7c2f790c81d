"""A person's own post, through the same gates."""

from __future__ import annotations

from typing import Any

import pytest

from bowerbird.core.errors import BadInput
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Media, Post
from bowerbird.planning.proposals import propose
from tests.planning.room import WREN, Room, measure


async def put(room: Room, text: str, **more: Any) -> Post:
    """Propose a text as Ada."""
    return await propose(room.books, measure(), WREN, text, by="ada", clock=room.clock, chance=room.chance, **more)


async def test_a_person_s_post_is_approved_and_takes_the_next_slot() -> None:
    """It is queued in her name for 09:30, and the planner leaves that slot to it."""
    room = await Room().open()
    post = await put(room, "  Hello, world. \r\n")
    assert (post.state, post.approved_by, post.payload.text) == (State.QUEUED, "ada", "Hello, world.")
    await room.planner.plan_once()
    assert [p.choice.writer for p in await room.posts()] == ["person", "bank", "bank"]
    assert [fact.kind for fact in await room.books.facts(post_id=post.id)] == ["planned", "approved"]


async def test_a_time_may_be_given() -> None:
    """Now and any time within a year; the past and the far future are refused."""
    room = await Room().open()
    now = room.clock.now()
    assert (await put(room, "Hello now.", due=now)).due == now
    for due in (now - 120 * SECOND_US, now + 400 * 86_400 * SECOND_US):
        with pytest.raises(BadInput, match="must lie ahead"):
            await put(room, "Hello then.", due=due)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "says nothing"),
        ("a" * 301, "300 fit: shorten it by 1"),
        ("x https://", "leads nowhere"),
        ("a\x07", "U+0007"),
    ],
)
async def test_what_cannot_be_posted_is_refused_with_the_remedy(text: str, sentence: str) -> None:
    """The sentence says what is wrong, and nothing is stored."""
    room = await Room().open()
    with pytest.raises(BadInput, match=sentence.replace("+", r"\+")):
        await put(room, text)
    assert await room.posts() == []


async def test_what_was_said_is_not_said_again_by_a_person_either() -> None:
    """The second copy is refused."""
    room = await Room().open()
    await put(room, "Once is enough.")
    with pytest.raises(BadInput, match="said before"):
        await put(room, "once is ENOUGH.")


async def test_a_long_text_becomes_a_thread_when_that_is_wanted() -> None:
    """Two parts, both approved, both due together; the head is returned."""
    room = await Room().open()
    head = await put(room, "First sentence here. " * 10 + "\n\n" + "Second one there. " * 10, thread=True)
    posts = await room.posts()
    assert [(post.part, post.thread_id, post.due) for post in posts] == [(n, head.id, head.due) for n in range(2)]


async def test_a_picture_goes_with_the_first_part_and_needs_words() -> None:
    """With a description it is stored; without one it is refused."""
    room = await Room().open()
    picture = Media(path="a.png", mime="image/png", alt="A wren.", sha256="0")
    assert (await put(room, "Look.", media=[picture])).payload.media == (picture,)
    with pytest.raises(BadInput, match="no description"):
        await put(room, "Look again.", media=[Media(path="a.png", mime="image/png", alt="", sha256="0")])


async def test_a_proposal_waits_for_its_yes() -> None:
    """Not approved, it is PROPOSED, and holds its slot."""
    room = await Room().open()
    post = await put(room, "May I?", approved=False)
    assert (post.state, post.approved_by) == (State.PROPOSED, "")

"""The planner and cards: the head carries one, and a post without one is planned all the same, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from bowerbird.core.ports import Brief, Draft, Sketch
from bowerbird.core.post import Media

from .room import WREN, Room, draft

MEDIA = Media(path="cards/a.png", mime="image/png", alt="A card with this code:\nprint(1)", sha256="aa")


@dataclass
class Pencil:
    """Draws what it is told, and remembers for whom."""

    gives: Media | str = MEDIA
    asked: list[tuple[Sketch, str]] = field(default_factory=list)

    async def draw(self, sketch: Sketch, *, by: str) -> Media | str:
        """Write it down and answer."""
        self.asked.append((sketch, by))
        return self.gives


def shown(brief: Brief, n: int) -> Sequence[Draft]:
    """A thread whose claim has code."""
    words = draft(brief, f"lark{n * 7919} wren{n} kite dove", f"An example{n}: print({n})", claim_id=f"c{n}")
    return [replace(words, sketch=Sketch(text="A claim.", code="print(1)"))]


async def planned(pencil: Pencil | None, **fields: object) -> Room:
    """A room in which one slot was planned."""
    room = Room(replace(WREN, **({"slots": ("09:30",)} | fields)), say=shown)  # type: ignore[arg-type]
    room.planner.cards = pencil
    await room.open()
    await room.planner.plan_once()
    return room


async def test_the_head_of_a_thread_carries_the_card() -> None:
    """Only the first part, with the account's name on it; the fact says that it was drawn."""
    pencil = Pencil()
    room = await planned(pencil)
    head, tail = await room.posts()
    assert (head.payload.media, tail.payload.media) == ((MEDIA,), ())
    assert pencil.asked == [(Sketch(text="A claim.", code="print(1)"), "wren")]
    assert [fact.data["card"] for fact in await room.facts("planned")] == ["drawn", "drawn"]


@pytest.mark.proves("1.G2")
async def test_without_a_card_a_post_is_planned_all_the_same() -> None:
    """The browser is away: the slot is filled, and the fact says why there is no picture."""
    room = await planned(Pencil("no browser runs"))
    assert [post.payload.media for post in await room.posts()] == [(), ()]
    assert {fact.data["card"] for fact in await room.facts("planned")} == {"no browser runs"}


async def test_without_the_setting_nothing_is_different() -> None:
    """Nobody draws: no picture and no word about one."""
    room = await planned(None)
    assert [post.payload.media for post in await room.posts()] == [(), ()]
    assert not any("card" in fact.data for fact in await room.facts("planned"))


async def test_a_post_that_is_due_soon_waits_for_no_card() -> None:
    """Nobody is asked to draw: it would make it late."""
    pencil = Pencil()
    room = await planned(pencil, slots=(), every_s=6.0, cover_h=0.01)
    soon = [post for post in await room.posts() if post.due - room.clock.now() < 30_000_000 and not post.part]
    assert soon
    assert all(not post.payload.media for post in soon)
    assert all("no time" in str(fact.data["card"]) for fact in await room.facts("planned") if fact.post_id in {
        post.id for post in soon
    })  # fmt: skip

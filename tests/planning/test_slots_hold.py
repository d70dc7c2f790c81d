"""Whatever happens to the queue, a slot never holds two posts that may go."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bowerbird.core.account import Mode
from bowerbird.core.books import Batch, Change
from bowerbird.core.lifecycle import Event, State
from bowerbird.core.post import Post
from bowerbird.planning.proposals import propose
from tests.planning.room import WREN, Room, measure

STEPS = st.lists(st.sampled_from(["plan", "hours", "approve", "turn_down", "own", "restart"]), max_size=15)
GIVEN_UP = {State.REJECTED, State.DROPPED}


async def step(room: Room, name: str, n: int) -> Room:
    """Let one thing happen."""
    proposed = [post for post in await room.posts() if post.state is State.PROPOSED]
    if name == "plan":
        await room.planner.plan_once()
    elif name == "hours":
        room.clock.advance(5 * 3_600)
    elif name == "own":
        words = " ".join(f"{bird}{n * 6271 % 9973}" for bird in ("heron", "finch", "robin", "eagle"))
        await propose(room.books, measure(), WREN, words, by="ada", clock=room.clock, chance=room.chance)
    elif name == "restart":
        room.planner = replace(room.planner)
    elif proposed:
        await answer(room, proposed[n % len(proposed)], yes=name == "approve")
    return room


async def answer(room: Room, post: Post, *, yes: bool) -> None:
    """Approve a proposal, or turn it down."""
    event = Event.APPROVED if yes else Event.TURNED_DOWN
    after = post.after(event, now=room.clock.now(), approved_by="ada" if yes else "")
    await room.books.record(Batch(changes=(Change(post, after),)))


async def history(mode: Mode, names: list[str]) -> list[Post]:
    """Let these things happen one after another, and plan once more at the end."""
    room = await Room(replace(WREN, mode=mode)).open()
    for n, name in enumerate([*names, "plan"]):
        await step(room, name, n)
    return await room.posts()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([Mode.ASK, Mode.AUTO]), STEPS)
def test_a_slot_never_holds_two_posts(mode: Mode, names: list[str]) -> None:
    """Over plans, approvals, refusals, a person's own posts and restarts: one live post per slot, planned ahead."""
    posts = asyncio.run(history(mode, names))
    live = Counter(post.due for post in posts if post.state not in GIVEN_UP)
    assert set(live.values()) == {1}
    assert all(post.due > post.created_at for post in posts)
    assert len({post.key for post in posts}) == len({post.payload.text_hash for post in posts}) == len(posts)

"""The world: it comes back as it was, and its people speak in time."""

import asyncio

import httpx
import pytest

from bowerbird.clock import VirtualClock, run_virtual
from bowerbird.core.errors import BadInput
from bowerbird.sandbox.journal import MemoryJournal
from bowerbird.sandbox.people import Draft, Keyed, signups
from bowerbird.sandbox.turns import CATCH_UP_TURNS, MENTION_EVERY
from bowerbird.sandbox.world import World


async def reopened(world: World) -> World:
    """Return the world that another process would find."""
    return await World.open(world.journal, now=world.now, seed=99, speed=1)


async def test_a_restart_finds_the_world_again(world: World, clock: VirtualClock) -> None:
    """Posts, keys, sessions, followers and counts, whatever seed and speed the new process was given."""
    token, _ = await world.sign_in("wren", "wren-pass")
    post, _ = await world.post("wren", Draft(text="Use `heapq.nsmallest`.", key="k1"))
    clock.advance(120)
    await world.advance()
    again = await reopened(world)
    assert again.signed_in(token).handle == "wren"
    assert again.by_key(again.accounts["wren"], "k1", clock.now()) == world.posts[post.id]
    assert again.counts(again.posts[post.id]) == world.counts(world.posts[post.id])
    assert again.accounts["wren"] == world.accounts["wren"]
    assert again.order == world.order


async def test_counts_go_on_after_a_restart_as_without_one(world: World, clock: VirtualClock) -> None:
    """The future is the same too."""
    post, _ = await world.post("wren", Draft(text="Try `functools.cache` on a slow function."))
    again = await reopened(world)
    clock.advance(3_600)
    await world.advance()
    expected = world.counts(world.posts[post.id])
    world.journal.records.clear()  # type: ignore[attr-defined]
    await again.advance()
    assert again.counts(again.posts[post.id]) == expected
    assert expected["likes"] > 0


async def test_the_first_mention_comes_within_ten_seconds(wren: httpx.AsyncClient, clock: VirtualClock) -> None:
    """At the demo's speed; the others are addressed in their turn."""
    clock.advance(10)
    (told,) = (await wren.get("/api/mentions")).json()["posts"]
    assert "@wren" in told["text"]
    assert told["account"] != "wren"


async def test_everybody_is_addressed_now_and_then(world: World, clock: VirtualClock) -> None:
    """Each account about once in three quarters of a minute at the demo's speed."""
    clock.advance(5 * MENTION_EVERY * 3)
    await world.advance()
    assert all(world.mentions(handle) for handle in ("wren", "finch", "robin"))


async def test_a_question_can_be_answered(wren: httpx.AsyncClient, clock: VirtualClock) -> None:
    """And the one who asked is shown the answer below the question."""
    clock.advance(10)
    (told,) = (await wren.get("/api/mentions")).json()["posts"]
    made = await wren.post("/api/posts", json={"text": "Like this.", "reply_to": told["id"]})
    assert made.json()["reply_to_account"] == told["account"]
    assert (await wren.get(f"/api/posts/counts?ids={told['id']}")).json()["counts"][told["id"]]["replies"] == 1


async def test_people_answer_our_posts_and_are_counted(world: World, clock: VirtualClock) -> None:
    """Every counted reply is a post that can be read, and reaches the mentions."""
    for number in range(12):
        await world.post("wren", Draft(text=f"Did you know? `itertools.batched(x, {number})` makes batches."))
    clock.advance(3_600)
    await world.advance()
    answers = [answer for post in world.timeline("wren") for answer in world.answers(post.id)]
    assert len(answers) == sum(world.counts(post)["replies"] for post in world.timeline("wren"))
    assert len(answers) >= 3
    assert {answer.id for answer in answers} <= {post.id for post in world.mentions("wren", limit=100)}


async def test_followers_come_with_good_posts(world: World, clock: VirtualClock) -> None:
    """Not all at once, and never before the post."""
    before = world.accounts["wren"].followers(clock.now())
    for number in range(30):
        await world.post("wren", Draft(text=f"Try `functools.partial` number {number}."))
    assert world.accounts["wren"].followers(clock.now()) == before
    clock.advance(7_200)
    assert world.accounts["wren"].followers(clock.now()) > before


async def test_after_a_long_pause_little_is_made_up_for(world: World, clock: VirtualClock) -> None:
    """A week of silence does not become a week of chatter in one request."""
    clock.advance(7 * 86_400)
    await world.advance()
    assert 0 < len(world.order) <= CATCH_UP_TURNS + 2


async def test_an_accepted_post_is_whole_though_its_client_hung_up(world: World) -> None:
    """Cancelled in the middle of writing, it is in the journal and in the world, or in neither."""
    asked = asyncio.ensure_future(world.post("wren", Draft(text="Half?", key="k")))
    for _ in range(3):
        await asyncio.sleep(0)
    asked.cancel()
    for _ in range(9):
        await asyncio.sleep(0)
    kept = [record for record in await world.journal.page(0, 100) if record["kind"] == "post"]
    assert [record["id"] for record in kept] == [post.id for post in world.timeline("wren")]


def test_a_world_lives_in_virtual_time() -> None:
    """A simulation can hold one in memory: no thread, no real clock."""

    async def main(clock: VirtualClock) -> int:
        """Let a minute pass, and count who spoke to wren."""
        world = await World.open(MemoryJournal(), now=clock.now, accounts=signups("wren:none"))
        await clock.sleep(60)
        await world.advance()
        return len(world.mentions("wren"))

    assert run_virtual(main) >= 1


def test_accounts_are_read_from_words() -> None:
    """How long keys are remembered, and whether impressions are shown."""
    wren, robin = signups("wren:hour, robin:none:no-impressions")
    assert (wren.handle, wren.keyed, wren.impressions) == ("wren", Keyed.HOUR, True)
    assert (robin.keyed, robin.impressions) == (Keyed.NONE, False)


@pytest.mark.parametrize("spec", ["wren", "wren:sometimes", "a b:none", "wren:none:loud"])
def test_accounts_that_cannot_be_read_are_refused(spec: str) -> None:
    """With a sentence that says how to write them."""
    with pytest.raises(BadInput, match="forever"):
        signups(spec)

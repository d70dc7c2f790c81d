"""Posts that get another time, and posts that are taken back from their platform."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from bowerbird.clock import SeededChance
from bowerbird.core import errors
from bowerbird.core.account import Account, Hold, HoldKind
from bowerbird.core.books import Batch, Change
from bowerbird.core.lifecycle import Event, State
from bowerbird.core.post import SECOND_US, Post, RemoteRef
from bowerbird.core.story import clock_time
from bowerbird.core.work import Command
from bowerbird.posting.verbs import Verbs

from .room import ACCOUNT, START, Room, post, raising, reply
from .room import thread as parts_of

HOUR_US = 3_600 * SECOND_US


def slots(account: Account, taken: Collection[int], now: int) -> Sequence[int]:
    """On the hour, for a day."""
    hours = [START + n * HOUR_US for n in range(1, 48)]
    return [at for at in hours if at > now and at not in taken]


class Desk:
    """A posting room with its buttons."""

    def __init__(self) -> None:
        self.room = Room()
        keys = iter(f"key-{n}" for n in range(100))
        platforms = {ACCOUNT.id: self.room.platform}
        self.verbs = Verbs(
            self.room.books, self.room.clock, SeededChance(1), lambda: next(keys), self.gate, slots, platforms
        )

    async def gate(self, account: Account, post: Post, text: str) -> None:
        """Let everything through."""

    async def ask(self, verb: str, **args: str) -> str:
        """Press a button."""
        command = Command(id="c1", verb=verb, args=args, by="ann", asked_at=self.room.clock.now())
        return await self.verbs.table()[verb](command)

    async def queued(self) -> list[Post]:
        """What waits, the soonest first."""
        return await self.room.books.posts(states=(State.QUEUED,), newest_first=False)


async def paused(*posts: Post) -> Desk:
    """A desk whose account was on hold for a while."""
    desk = Desk()
    await desk.room.put(*posts)
    await desk.room.books.record(Batch(holds=(Hold(account_id=ACCOUNT.id, kind=HoldKind.PAUSED, since=START),)))
    return desk


async def test_held_posts_get_the_next_free_slots_as_new_versions() -> None:
    """In the order in which they were due, each with another key; what lies ahead keeps its slot."""
    ahead = post(3, due=START + HOUR_US, expires_at=START + 2 * HOUR_US)
    desk = await paused(post(1), post(2), ahead)
    desk.room.clock.pass_s(600)

    assert await desk.ask("reslot") == "2 posts have a new time."

    found = [(one.id, (one.due - START) // HOUR_US, one.version, one.key) for one in await desk.queued()]
    assert found == [("p3", 1, 1, "k3"), ("p1", 2, 2, "key-0"), ("p2", 3, 2, "key-1")]


async def test_one_post_gets_another_time_and_the_others_keep_theirs() -> None:
    """Named by its id, it alone is moved; what cannot be moved is said."""
    desk = await paused(post(1), post(2))
    desk.room.clock.pass_s(600)

    assert await desk.ask("reslot", post_id="p2") == f"It goes {clock_time(START + HOUR_US)} UTC."

    assert [(one.id, one.version) for one in await desk.queued()] == [("p1", 1), ("p2", 2)]
    with pytest.raises(errors.BadInput, match="cannot have another time"):
        await desk.ask("reslot", post_id="p2")


async def test_missed_posts_go_as_new_posts_and_only_once() -> None:
    """A post at rest stays at rest; its words wait again, and pressing twice changes nothing."""
    desk = await paused(post(1))
    desk.room.clock.pass_s(7_200)
    await desk.room.sweeper.sweep_once()

    assert await desk.ask("reslot", account_id=ACCOUNT.id) == "1 posts have a new time."
    assert await desk.ask("reslot") == "Nothing waits for a new time."

    (again,) = await desk.queued()
    assert (again.payload.text, again.approved_by, again.id != "p1") == ("Words of post 1.", "mode:auto", True)
    assert (await desk.room.get()).state is State.DROPPED


async def test_a_thread_moves_as_a_whole_and_answers_stay() -> None:
    """Its parts share one slot; an answer that waited so long is stale."""
    desk = await paused(*parts_of(3), reply(9))
    desk.room.clock.pass_s(600)
    await desk.ask("reslot")

    assert [(one.part, one.due) for one in await desk.queued() if one.thread_id == "p1"] == [
        (part, START + HOUR_US) for part in range(3)
    ]
    assert (await desk.room.get("p9")).due == START


async def test_what_was_ever_on_its_way_gets_no_other_key() -> None:
    """Another key would let it arrive twice if the first attempt did arrive after all."""
    desk = Desk()
    desk.room.platform.fate = raising(errors.Unreachable())
    await desk.room.put(post(1))
    await desk.room.publisher.publish_once()
    desk.room.clock.pass_s(600)

    assert await desk.ask("reslot") == "Nothing waits for a new time."


async def test_a_published_post_is_deleted_there_and_then_in_the_books() -> None:
    """Twice is the same as once."""
    desk, deleted = Desk(), []

    async def delete(ref: RemoteRef) -> None:
        deleted.append(ref.id)

    desk.room.platform.delete = delete  # type: ignore[method-assign]
    await desk.room.put(post(1))
    await desk.room.publisher.publish_once()

    assert await desk.ask("retract", post_id="p1") == "Taken back; nobody sees it any more."
    assert await desk.ask("retract", post_id="p1") == "It was taken back before."
    found = await desk.room.get()
    assert (found.state, found.reason, deleted) == (State.REMOVED, "taken back", ["r-p1"])
    assert (await desk.room.kinds())[-1] == "gone"


async def test_a_post_that_was_seen_gone_while_we_took_it_back_did_not_vanish_by_itself() -> None:
    """Whoever looks between the deletion and our word for it is put right, or it would be missed for a day."""
    desk = Desk()
    await desk.room.put(post(1))
    await desk.room.publisher.publish_once()

    async def delete(ref: RemoteRef) -> None:
        before = await desk.room.get()
        after = before.after(Event.GONE, now=desk.room.clock.now(), reason="gone", look_at=None)
        await desk.room.books.record(Batch(changes=(Change(before, after),)))

    desk.room.platform.delete = delete  # type: ignore[method-assign]
    await desk.ask("retract", post_id="p1")

    assert ((await desk.room.get()).state, (await desk.room.get()).reason) == (State.REMOVED, "taken back")


async def test_a_thread_is_taken_back_from_its_end() -> None:
    """What stands below the post goes with it, the last part first; what stands above stays."""
    desk, deleted = Desk(), []

    async def delete(ref: RemoteRef) -> None:
        deleted.append(ref.id)

    desk.room.platform.delete = delete  # type: ignore[method-assign]
    await desk.room.put(*parts_of(3))
    for _ in range(3):
        await desk.room.publisher.publish_once()
    await desk.ask("retract", post_id="p2")

    assert deleted == ["r-p3", "r-p2"]
    assert (await desk.room.get("p1")).state is State.PUBLISHED


@pytest.mark.parametrize(
    "error", [errors.Refused("posts are deleted on the site"), errors.Unconfirmed(), TimeoutError()]
)
async def test_a_post_that_still_stands_is_not_called_removed(error: Exception) -> None:
    """The platform comes first."""
    desk = Desk()

    async def delete(ref: RemoteRef) -> None:
        raise error

    desk.room.platform.delete = delete  # type: ignore[method-assign]
    await desk.room.put(post(1))
    await desk.room.publisher.publish_once()

    with pytest.raises(errors.BadInput, match="it still stands"):
        await desk.ask("retract", post_id="p1")
    assert (await desk.room.get()).state is State.PUBLISHED


async def test_what_was_not_published_is_withdrawn_instead() -> None:
    """The answer says which button does it."""
    desk = Desk()
    await desk.room.put(post(1))
    with pytest.raises(errors.BadInput, match="others are withdrawn"):
        await desk.ask("retract", post_id="p1")


async def test_posts_without_a_free_slot_stay_where_they_are() -> None:
    """Nothing is moved to nowhere."""
    desk = await paused(*(replace(post(n), id=f"p{n}") for n in range(1, 60)))
    desk.room.clock.pass_s(600)
    await desk.ask("reslot")

    assert sum(one.due == START for one in await desk.queued()) == 59 - 47

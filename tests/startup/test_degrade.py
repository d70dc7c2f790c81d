"""The table of what is done without each part: every row is a promise, and the real rooms are driven to keep it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bowerbird.clock import SystemClock
from bowerbird.core.account import HoldKind
from bowerbird.core.books import Batch
from bowerbird.core.degrade import TABLE, table_markdown
from bowerbird.core.errors import SignedOut, StorageFull, Unreachable, WriterError
from bowerbird.core.lifecycle import State
from bowerbird.core.post import Post, RemoteRef
from bowerbird.core.work import Owner
from bowerbird.posting.publisher import Publisher
from bowerbird.startup.heart import Heart
from bowerbird.storage.memory import MemoryBooks, MemoryStorage
from bowerbird.writers.ladder import Ladder
from tests.planning.room import Room
from tests.posting.room import ACCOUNT, START, Hands, Told, post, raising
from tests.startup.test_boot import House, play
from tests.writers.test_ladder import BRIEF, Rung

pytestmark = pytest.mark.proves("1.G2")

PROOFS: dict[str, str] = {
    "browser": "test_without_a_browser_everybody_else_posts_on",
    "platform": "test_without_one_platform_the_others_work_on",
    "writer": "test_without_a_provider_the_bank_writes",
    "books": "test_without_books_nothing_is_sent_and_the_heart_says_why",
    "disk": "test_on_a_full_disk_the_pages_read_and_nothing_is_claimed",
    "session": "test_without_a_session_only_that_account_pauses",
    "network": "test_without_a_network_posts_keep_their_place_and_their_limits",
    "channel": "tests/alerts/test_outbox.py: test_a_message_that_failed_is_tried_again_with_growing_waits",
    "jobs": "test_without_jobs_the_engine_stays_up_and_says_so",
    "learning": "test_without_a_model_plans_follow_the_calendar",
    "monitors": "tests/jobs/test_monitors.py",
}
"""The test that drives each row."""


def test_every_row_has_its_test_and_its_words() -> None:
    """A plan that nobody executes is none."""
    assert set(PROOFS) == set(TABLE)
    root = Path(__file__).parents[2]
    for name, proof in PROOFS.items():
        file, _, test = proof.partition(": ")
        assert test in (root / file).read_text() if "/" in file else file in globals(), name
    for row in TABLE.values():
        assert f"| {row.without} | {row.then} |" in table_markdown()
        assert row.then.endswith(".")
        assert row.needed_for


class Two:
    """Posting with two accounts on two platforms, a post of each due now."""

    def __init__(self, books: MemoryStorage | None = None) -> None:
        self.clock, self.books = Hands(), books or MemoryStorage(MemoryBooks())
        self.first, self.second = Told(), Told()
        self.accounts = (ACCOUNT, replace(ACCOUNT, id="sandbox:finch", handle="finch"))
        platforms = dict(zip((one.id for one in self.accounts), (self.first, self.second), strict=True))
        self.publisher = Publisher(self.books, platforms, self.clock, "boot-1")

    async def publish(self, fate: Callable[[Post], RemoteRef], *, both: bool = False) -> list[State]:
        """Let the first platform (or both) meet a fate; return how the two posts are afterwards."""
        self.first.fate = fate
        if both:
            self.second.fate = fate
        posts = (post(1), post(2, account_id=self.accounts[1].id))
        await self.books.record(Batch(accounts=self.accounts, new_posts=posts))
        for _ in range(4):
            await self.publisher.publish_once()
        found = [await self.books.post(one.id) for one in posts]
        return [one.state for one in found if one is not None]


async def test_without_a_browser_everybody_else_posts_on() -> None:
    """The post that needs it keeps its place in the queue."""
    assert await Two().publish(raising(Unreachable(reason="no_browser"))) == [State.QUEUED, State.PUBLISHED]


async def test_without_one_platform_the_others_work_on() -> None:
    """Its posts wait; when it is back they go out by themselves."""
    two = Two()
    assert await two.publish(raising(Unreachable(reason="connect"))) == [State.QUEUED, State.PUBLISHED]
    two.first.fate = Told().fate
    two.clock.pass_s(120)
    await two.publisher.publish_once()
    assert len(two.first.sent) == 2


async def test_without_a_session_only_that_account_pauses() -> None:
    """It is on hold until somebody signs in; its post is still there."""
    two = Two()
    assert await two.publish(raising(SignedOut())) == [State.QUEUED, State.PUBLISHED]
    held = [(hold.account_id, hold.kind) for hold in await two.books.holds(now=two.clock.now())]
    assert held == [(ACCOUNT.id, HoldKind.SIGNED_OUT)]


async def test_without_a_network_posts_keep_their_place_and_their_limits() -> None:
    """Nothing arrived, so nothing counts."""
    from bowerbird.posting.pacing import quotas_for

    two = Two()
    assert await two.publish(raising(Unreachable(reason="connect")), both=True) == [State.QUEUED, State.QUEUED]
    used = await two.books.used(quotas_for(ACCOUNT), now=START)
    assert {one.used for one in used} == {0}


async def test_without_a_provider_the_bank_writes() -> None:
    """And the draft says for whom it stood in."""
    (draft,) = await Ladder([Rung("model", WriterError("model: down")), Rung("bank", ("evergreen",))]).draft(BRIEF)
    assert (draft.choice.writer, draft.fell_back) == ("bank", ("model: down",))


class Shut(MemoryStorage):
    """Books that can be read and not written."""

    def __getattribute__(self, name: str) -> Any:
        """Refuse every verb that writes."""
        if name in ("record", "beat", "claim_post", "keep"):

            async def refuse(*args: Any, **kwargs: Any) -> Any:
                raise StorageFull("no room")

            return refuse
        return super().__getattribute__(name)


async def test_without_books_nothing_is_sent_and_the_heart_says_why() -> None:
    """The claim comes first, so what cannot be written down is not sent."""
    books = MemoryBooks()
    await MemoryStorage(books).record(Batch(accounts=(ACCOUNT,), new_posts=(post(),)))
    platform, said = Told(), []

    class Listening:
        """Somebody who hears the heart."""

        async def beat(self, row: dict[str, Any]) -> None:
            """Hear one beat."""
            said.append(row["note"])

    with pytest.raises(StorageFull):
        await Publisher(Shut(books), {ACCOUNT.id: platform}, Hands(), "boot-1").publish_once()
    assert platform.sent == []
    owner = Owner(id="boot", role="engine", pid=1, started_at=0, heard_at=0)
    heart = Heart(Shut(books), SystemClock(), owner, lambda: "working", pulse=Listening())
    task = asyncio.create_task(heart.beat_for_ever())
    await heart.clock.sleep(0.05)
    await heart.pulse_once()
    task.cancel()
    assert said[-1] == "the books cannot be written: no room"


async def test_on_a_full_disk_the_pages_read_and_nothing_is_claimed() -> None:
    """The post is where it was, untouched."""
    books = MemoryBooks()
    await MemoryStorage(books).record(Batch(accounts=(ACCOUNT,), new_posts=(post(),)))
    shut = Shut(books)
    with pytest.raises(StorageFull):
        await Publisher(shut, {ACCOUNT.id: Told()}, Hands(), "boot-1").publish_once()
    assert await shut.post("p1") == post()


def test_without_jobs_the_engine_stays_up_and_says_so() -> None:
    """The other parts are kept, the page has the plan, and they are tried again."""

    async def story(house: House) -> None:
        jobs = house.thing("jobs", critical=True, without="jobs", fails=3, error=OSError("broken on purpose"))
        house.thing("books", critical=True)
        task = asyncio.create_task(house.boot.run())
        await house.clock.sleep(0.01)
        data = house.boot.snapshot().data
        assert (data["ready"], data["missing"]) == (False, ["jobs"])
        assert data["parts"][0]["plan"] == TABLE["jobs"].then
        await house.clock.sleep(20)
        assert (len(jobs.started), house.boot.missing()) == (4, [])
        task.cancel()

    play(story)


async def test_without_a_model_plans_follow_the_calendar() -> None:
    """Every slot of the cover is filled, with a reason, and no version is named."""
    room = await Room().open()
    await room.planner.plan_once()
    posts = await room.posts()
    assert [one.choice.slot for one in posts] == ["09:30", "12:30", "17:30"]
    assert not any(one.choice.model_version for one in posts)
    assert all(one.choice.because for one in posts)

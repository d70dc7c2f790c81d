"""Reading numbers: what was seen is kept, what was not seen is never a zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.account import Account, HoldKind
from bowerbird.core.books import Batch
from bowerbird.core.errors import PlatformError, RateLimited, SignedOut, Unreachable
from bowerbird.core.findings import Counts
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Capabilities, Gone, Identity, Platform
from bowerbird.core.post import SECOND_US, Payload, Post, RemoteRef
from bowerbird.measuring.reader import ELSEWHERE_S, FOLLOWERS_EVERY_S, Reader
from bowerbird.resilience import failpoints
from bowerbird.resilience.failpoints import Failpoints
from bowerbird.storage.memory import MemoryStorage
from tests.storage.test_spooled import opened

WREN = "sandbox:wren"
LADDER = (60.0, 300.0, 3_600.0)


LIMITS = Capabilities(dedup_s=0.0, settle_s=20.0, text_max=300)


@dataclass
class Numbers:
    """A platform that knows these numbers, or raises this error, and remembers what it was asked."""

    says: dict[str, Counts | Gone] = field(default_factory=dict)
    error: PlatformError | None = None
    followers: int | None = 120
    asked: list[int] = field(default_factory=list)
    known: int = 0
    capabilities: Capabilities = LIMITS
    breaks_at: str = ""

    def _break(self, place: str) -> None:
        """Shut the books while this is being asked."""
        if place == self.breaks_at:
            failpoints.armed = Failpoints("storage.write=raise")

    async def counts(self, refs: Sequence[RemoteRef]) -> Mapping[str, Counts | Gone]:
        """What was prepared, for those asked about."""
        self.asked.append(len(refs))
        self._break("counts")
        if self.error:
            raise self.error
        return {ref.id: self.says[ref.id] for ref in refs if ref.id in self.says}

    async def whoami(self) -> Identity:
        """Who we are."""
        self.known += 1
        self._break("whoami")
        return Identity(id="did:wren", handle="wren", followers=self.followers)


class Room:
    """A reader with its books, its clock and its platform."""

    def __init__(self) -> None:
        self.clock, self.books, self.platform = VirtualClock(), MemoryStorage(), Numbers()
        platforms: dict[str, Platform] = {WREN: self.platform}  # type: ignore[dict-item]
        self.reader = Reader(self.books, platforms, self.clock, LADDER)

    async def published(self, *names: str, account_id: str = WREN) -> list[Post]:
        """Posts that were published just now and are due for their first reading in a minute."""
        now = self.clock.now()
        posts = [
            Post(
                id=name, account_id=account_id, key=name, thread_id=name, payload=Payload(text=name),
                state=State.PUBLISHED, since=now, created_at=now, due=now, expires_at=now + 1,
                remote=RemoteRef(id=f"at-{name}"), published_at=now, look_at=now + 60 * SECOND_US,
            )
            for name in names
        ]  # fmt: skip
        account = Account(id=WREN, platform="sandbox", handle="wren", rehearsal=True)
        await self.books.record(Batch(new_posts=tuple(posts), accounts=(account,)))
        return posts

    async def after(self, seconds: float) -> bool:
        """Measure once, so many seconds later."""
        await self.clock.sleep(seconds)
        return await self.reader.measure_once()

    async def kinds(self, post_id: str) -> list[str]:
        """The facts of a post."""
        return [fact.kind for fact in await self.books.facts(post_id=post_id)]


@pytest.fixture
def room() -> Room:
    """A room of one account."""
    return Room()


@pytest.mark.proves("8.G4")
async def test_each_rung_gets_one_reading(room: Room) -> None:
    """A post is read at a minute, five minutes and an hour, and then no more."""
    (post,) = await room.published("a")
    room.platform.says = {"at-a": Counts(impressions=10, likes=1)}
    assert not await room.reader.measure_once()
    assert [await room.after(s) for s in (60, 240, 3_300)] == [True, True, True]
    readings = await room.books.readings(post_id="a")
    assert [(r.rung, r.age_s) for r in readings] == [(0, 60.0), (1, 300.0), (2, 3_600.0)]
    assert all(r.rehearsal and r.followers == 120 for r in readings)
    seen = await room.books.post("a")
    assert seen is not None
    assert (seen.look_at, seen.looks, seen.state) == (None, 3, post.state)
    assert await room.kinds("a") == ["measured"] * 3


async def test_what_was_not_observed_stays_unknown(room: Room) -> None:
    """A number that the platform does not show is None in the reading, not 0."""
    await room.published("a")
    room.platform.says = {"at-a": Counts(likes=0)}
    await room.after(60)
    (reading,) = await room.books.readings(post_id="a")
    assert (reading.counts.likes, reading.counts.impressions, reading.counts.reposts) == (0, None, None)


@pytest.mark.proves("8.2")
async def test_an_unreadable_post_is_tried_again_soon(room: Room) -> None:
    """A post that the answer leaves out gets no reading, a fact, and another look in 15 seconds."""
    await room.published("a", "b")
    room.platform.says = {"at-a": Counts(likes=1)}
    await room.after(60)
    assert await room.books.readings(post_id="b") == []
    assert await room.kinds("b") == ["unmeasured"]
    room.platform.says |= {"at-b": Counts(likes=2)}
    assert await room.after(15)
    (reading,) = await room.books.readings(post_id="b")
    assert (reading.rung, reading.age_s) == (0, 75.0)


async def test_a_post_that_is_gone_is_removed(room: Room) -> None:
    """The platform says twice that it is gone: the post comes to rest and is not looked at again."""
    await room.published("a")
    room.platform.says = {"at-a": Gone()}
    await room.after(60)
    await room.after(15)
    post = await room.books.post("a")
    assert post is not None
    assert (post.state, post.look_at) == (State.REMOVED, None)
    assert await room.kinds("a") == ["unmeasured", "gone"]


async def test_a_post_that_appears_late_is_not_gone(room: Room) -> None:
    """Before a post has settled, not to be there means nothing; and one miss later on means nothing either."""
    await room.published("a")
    room.platform.capabilities = Capabilities(dedup_s=0.0, settle_s=200.0, text_max=300)
    room.platform.says = {"at-a": Gone()}
    await room.after(60)
    assert not await room.after(139)
    room.platform.says = {"at-a": Counts(likes=1)}
    assert await room.after(1)
    room.platform.says = {"at-a": Gone()}
    await room.after(100)
    post = await room.books.post("a")
    assert post is not None
    assert (post.state, post.reason) == (State.PUBLISHED, "missing")
    assert len(await room.books.readings(post_id="a")) == 1


@pytest.mark.proves("8.2")
@pytest.mark.parametrize("error", [Unreachable("no route", reason="connect"), PlatformError("a page", reason="drift")])
async def test_an_error_is_a_fact_with_its_reason(room: Room, error: PlatformError) -> None:
    """A platform that does not answer costs the reading, and the post tells why."""
    await room.published("a")
    room.platform.error = error
    await room.after(60)
    (fact,) = await room.books.facts(post_id="a")
    assert (fact.kind, fact.data["reason"]) == ("unmeasured", error.reason)
    assert await room.books.readings(post_id="a") == []


async def test_a_limit_is_waited_for(room: Room) -> None:
    """A rate limit says when to come back, and nobody asks before."""
    await room.published("a")
    room.platform.error = RateLimited("slow down", retry_at=room.clock.now() + 200 * SECOND_US)
    await room.after(60)
    assert not await room.after(139)
    room.platform.error = None
    assert await room.after(1)


@pytest.mark.proves("5.4")
async def test_a_session_that_ended_holds_the_account(room: Room) -> None:
    """Only the first look meets the closed door; the others wait for the hold to be lifted."""
    await room.published("a")
    room.platform.error = SignedOut("the session has ended")
    await room.after(60)
    (hold,) = await room.books.holds(now=room.clock.now())
    assert hold.kind is HoldKind.SIGNED_OUT
    await room.after(ELSEWHERE_S)
    assert room.platform.asked == [1]
    room.platform.error, room.platform.says = None, {"at-a": Counts(likes=1)}
    await room.books.record(Batch(lifted=((WREN, HoldKind.SIGNED_OUT),)))
    assert await room.after(ELSEWHERE_S)
    assert len(await room.books.readings(post_id="a")) == 1


async def test_twenty_five_posts_are_one_question(room: Room) -> None:
    """Posts of one account are read together, and the rest at once afterwards."""
    await room.published(*(f"p{n}" for n in range(30)))
    room.platform.says = {f"at-p{n}": Counts(likes=n) for n in range(30)}
    assert await room.after(60)
    assert await room.reader.measure_once()
    assert not await room.reader.measure_once()
    assert room.platform.asked == [25, 5]
    assert len(await room.books.readings(account_id=WREN)) == 30


async def test_followers_are_asked_once_an_hour(room: Room) -> None:
    """Many readings, one question about the account; its row shows the number."""
    await room.published("a")
    room.platform.says = {"at-a": Counts(likes=1)}
    await room.after(60)
    await room.after(240)
    account = await room.books.account(WREN)
    assert account is not None
    assert (account.followers, room.platform.known) == (120, 1)
    await room.after(FOLLOWERS_EVERY_S)
    assert room.platform.known == 2


async def test_a_post_nobody_speaks_for_does_not_block(room: Room) -> None:
    """An account without an adapter is put aside, and the next account is read."""
    await room.published("x", account_id="bluesky:gone")
    await room.published("a")
    room.platform.says = {"at-a": Counts(likes=1)}
    assert await room.after(60)
    assert await room.reader.measure_once()
    assert len(await room.books.readings(post_id="a")) == 1


async def test_a_post_without_a_place_is_looked_at_no_more(room: Room) -> None:
    """A person said that it is there, nobody knows where: that is told once."""
    (post,) = await room.published("a")
    lost = replace(post, id="b", key="b", thread_id="b", remote=None)
    await room.books.record(Batch(new_posts=(lost,)))
    await room.after(60)
    seen = await room.books.post("b")
    assert seen is not None
    assert seen.look_at is None
    assert await room.kinds("b") == ["unmeasured"]


async def test_a_crash_over_a_look_costs_two_minutes(room: Room) -> None:
    """A look that was claimed and never answered comes back by itself."""
    await room.published("a")
    await room.clock.sleep(60)
    now = room.clock.now()
    assert await room.books.claim_look(now=now, push_until=now + 120 * SECOND_US)
    room.platform.says = {"at-a": Counts(likes=1)}
    assert not await room.reader.measure_once()
    assert await room.after(120)
    assert len(await room.books.readings(post_id="a")) == 1


@pytest.mark.parametrize("absurd", [-1, 2**70])
async def test_an_impossible_number_is_told_and_keeps_no_other_post(absurd: int) -> None:
    """It is no reading; the posts that were asked about with it have theirs."""
    room = Room()
    await room.published("a", "b")
    room.platform.says = {"at-a": Counts(likes=absurd), "at-b": Counts(likes=2)}

    await room.after(61)

    assert [reading.post_id for reading in await room.books.readings()] == ["b"]
    assert await room.kinds("a") == ["unmeasured"]


@pytest.mark.proves("8.3")
@pytest.mark.parametrize("breaks_at", ["counts", "whoami"])
async def test_a_reading_that_the_books_cannot_take_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaks_at: str
) -> None:
    """The numbers come while the books are shut: they are spooled, written later, and a second look adds nothing."""
    monkeypatch.setattr(failpoints, "armed", None)
    room = Room()
    room.books = await opened(tmp_path, clock=room.clock)  # type: ignore[assignment]
    room.reader.storage = room.books
    await room.published("p1", "p2")
    room.platform.says = {"at-p1": Counts(likes=3), "at-p2": Counts(likes=4)}
    room.platform.breaks_at = breaks_at
    assert await room.after(61)
    monkeypatch.setattr(failpoints, "armed", None)
    assert await room.books.readings() == []
    assert not await room.books.replay_once()
    assert sorted((r.post_id, r.counts.likes) for r in await room.books.readings()) == [("p1", 3), ("p2", 4)]
    room.platform.breaks_at = ""
    assert await room.after(121)
    assert len(await room.books.readings()) == 2
    assert [post.looks for post in await room.books.posts()] == [1, 1]
    await room.books.close()

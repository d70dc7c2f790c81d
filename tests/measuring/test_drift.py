"""The watch over pages: a canary each hour, every sign told once, and what was normal remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.account import Account, Hold, HoldKind
from bowerbird.core.books import Batch
from bowerbird.core.errors import PlatformError, SignedOut, Unreachable
from bowerbird.core.findings import Counts, Sighting
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Capabilities, Gone, Platform
from bowerbird.core.post import Payload, Post, RemoteRef
from bowerbird.measuring.drift import AGAIN_S, CANARY_S, Drift
from bowerbird.storage.memory import MemoryStorage

WREN = "sandbox-web:wren"
GOOD = Sighting(
    site="sandbox-web", role="post", at=0, used={"answer": 1}, read={"answer": 1, "testid": 1}, compared=1, agreed=1
)
BLIND = replace(GOOD, read={"answer": 1, "testid": 0}, compared=0, agreed=0)


LIMITS = Capabilities(dedup_s=0.0, settle_s=20.0, text_max=300, browser=True)


@dataclass
class Pages:
    """A platform whose posts are read like this."""

    says: Counts | Gone | PlatformError | None = field(default_factory=Counts)
    asked: list[str] = field(default_factory=list)
    name: str = "sandbox-web"
    capabilities: Capabilities = LIMITS

    async def counts(self, refs: Sequence[RemoteRef]) -> Mapping[str, Counts | Gone]:
        """What is prepared, for whoever is asked about."""
        self.asked += [ref.id for ref in refs]
        if isinstance(self.says, PlatformError):
            raise self.says
        return {} if self.says is None else {ref.id: self.says for ref in refs}


class Room:
    """A watch with its books, its clock and one account."""

    def __init__(self) -> None:
        self.clock, self.books, self.pages = VirtualClock(), MemoryStorage(), Pages()
        self.seen: list[Sighting] = []
        platforms: dict[str, Platform] = {WREN: self.pages}  # type: ignore[dict-item]
        self.drift = Drift(self.books, platforms, self.clock, self._take)

    def _take(self) -> list[Sighting]:
        seen, self.seen = self.seen, []
        return seen

    async def look(self, *seen: Sighting) -> list[tuple[str, str]]:
        """Let it look at these pages; return what it has told so far."""
        self.seen += seen
        await self.drift.compare_once()
        facts = await self.books.facts(after=0, kinds=("drifted", "drift_over"), limit=100)
        return [(fact.kind, fact.data["what"]) for fact in facts]


@pytest.fixture
async def room() -> Room:
    """A room with one published post."""
    room = Room()
    now = room.clock.now()
    post = Post(
        id="one", account_id=WREN, key="one", thread_id="one", payload=Payload(text="One."), state=State.PUBLISHED,
        since=now, created_at=now, due=now, expires_at=now + 1, published_at=now,
        remote=RemoteRef(id="17", url="http://perch.example/wren/status/17"),
    )  # fmt: skip
    account = Account(id=WREN, platform="sandbox-web", handle="wren")
    await room.books.record(Batch(accounts=(account,), new_posts=(post,)))
    return room


@pytest.mark.proves("8.4")
async def test_a_changed_page_is_told_once_and_so_is_its_end(room: Room) -> None:
    """As a fact, and as a number that a rule judges."""
    assert await room.look(GOOD) == []
    assert await room.look(BLIND) == [("drifted", "blind")]
    assert await room.look(BLIND) == [("drifted", "blind")]
    changed = [row.value for row in room.drift.samples() if row.name == "bowerbird_page_changed"]
    assert changed == [1]
    assert await room.look(GOOD) == [("drifted", "blind"), ("drift_over", "blind")]


async def test_a_post_of_ours_is_read_each_hour(room: Room) -> None:
    """On a site on which nothing happens, too."""
    for _ in range(3):
        await room.look()
    assert room.pages.asked == ["17"]
    await room.clock.sleep(CANARY_S)
    await room.look()
    assert room.pages.asked == ["17", "17"]


async def test_our_own_post_that_cannot_be_read_is_a_sign(room: Room) -> None:
    """It stands there, and nobody can read it: noticed by the first canary."""
    room.pages.says = None
    assert await room.look() == [("drifted", "blind")]


@pytest.mark.parametrize("says", [Gone(), Unreachable("no network")])
async def test_a_post_that_is_gone_or_cannot_be_asked_for_is_none(room: Room, says: Gone | PlatformError) -> None:
    """Others tell that; the canary is tried again soon after a failure."""
    room.pages.says = says
    assert await room.look() == []
    await room.clock.sleep(AGAIN_S)
    await room.look()
    assert len(room.pages.asked) == (1 if isinstance(says, Gone) else 2)


@pytest.mark.proves("5.4")
async def test_a_session_that_has_ended_holds_the_account(room: Room) -> None:
    """Whoever notices it first: the next one might come minutes later."""
    room.pages.says = SignedOut("the session has ended")
    assert await room.look() == []
    (hold,) = await room.books.holds(now=room.clock.now())
    assert (hold.account_id, hold.kind, hold.why) == (WREN, HoldKind.SIGNED_OUT, "the session has ended")
    await room.clock.sleep(CANARY_S)
    await room.look()
    assert room.pages.asked == ["17"]


async def test_a_signed_out_account_is_left_alone(room: Room) -> None:
    """Its pages say nothing about the site."""
    hold = Hold(account_id=WREN, kind=HoldKind.SIGNED_OUT, since=room.clock.now())
    await room.books.record(Batch(holds=(hold,)))
    await room.look()
    assert room.pages.asked == []


async def test_a_restart_remembers_what_every_answer_had(room: Room) -> None:
    """So a page that changed while nobody looked is noticed, too."""
    whole, less = frozenset({"Op", "Op.legacy"}), frozenset({"Op"})
    await room.look(*[replace(GOOD, paths=whole)] * 6, BLIND)  # something to tell, so it is written down
    again = Drift(room.books, room.drift.platforms, room.clock, lambda: [replace(GOOD, paths=less)] * 3)
    await again.compare_once()
    assert "schema" in again.signs("sandbox-web")


@pytest.mark.proves("8.4")
async def test_a_short_period_is_kept_whatever_the_site_answers(room: Room) -> None:
    """One that was told to look every five seconds does not rest for minutes, after a failure either."""
    room.drift.canary_s = 5.0
    for says in (Unreachable("no network"), Counts()):
        room.pages.says = says
        asked = len(room.pages.asked)
        for _ in range(12):
            await room.look()
            await room.clock.sleep(1.0)
        assert len(room.pages.asked) - asked in {2, 3}

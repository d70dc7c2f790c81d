"""A harvester with its books, a platform that says what it is told to, and a writer that writes what it is told to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bowerbird.clock import SeededChance, VirtualClock
from bowerbird.core.account import Account, Mode
from bowerbird.core.books import Batch
from bowerbird.core.errors import PlatformError, WriterError
from bowerbird.core.findings import Counts, Seen, Target, TargetState
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Brief, Capabilities, Draft, Unknown
from bowerbird.core.post import SECOND_US, Choice, Post, RemoteRef
from bowerbird.harvesting.harvester import Harvester
from bowerbird.storage.memory import MemoryStorage

WREN = "sandbox:wren"
QUESTION = "@wren how do I run two things at once with asyncio?"


LIMITS = Capabilities(dedup_s=0.0, settle_s=60.0, text_max=300, bytes_max=3_000)


@dataclass
class Town:
    """A platform with mentions and search results."""

    said: list[Seen] = field(default_factory=list)
    found: dict[str, list[Seen] | Unknown] = field(default_factory=dict)
    error: PlatformError | None = None
    asked: list[int] = field(default_factory=list)
    searched: list[str] = field(default_factory=list)
    capabilities: Capabilities = LIMITS

    def length(self, text: str) -> int:
        """Characters."""
        return len(text)

    async def mentions(self, after: int) -> list[Seen]:
        """Those after this instant, a hundred at most."""
        self.asked.append(after)
        if self.error:
            raise self.error
        return sorted((s for s in self.said if s.posted_at > after), key=lambda s: s.posted_at)[:100]

    async def search(self, query: str, limit: int = 25) -> list[Seen] | Unknown:
        """What was prepared for this query."""
        self.searched.append(query)
        if self.error:
            raise self.error
        return self.found.get(query, [])


@dataclass
class Pen:
    """A writer with these texts, or this error; it knows two topics."""

    texts: list[str] = field(default_factory=list)
    error: WriterError | None = None
    briefs: list[Brief] = field(default_factory=list)
    name: str = "bank"

    def cells(self) -> Sequence[Choice]:
        """Two topics."""
        return [Choice(topic="asyncio"), Choice(topic="pathlib")]

    def reserve(self, said: Collection[str]) -> int:
        """It has to be asked."""
        return 0

    async def draft(self, brief: Brief) -> list[Draft]:
        """One draft per text."""
        self.briefs.append(brief)
        if self.error:
            raise self.error
        choice = Choice(topic=brief.wants.topic, writer=self.name, evidence="docs")
        return [Draft(texts=(text,), choice=choice) for text in self.texts]


class Room:
    """Everything a harvest needs, and a few questions about what it did."""

    def __init__(self) -> None:
        self.clock, self.books, self.town, self.pen = VirtualClock(), MemoryStorage(), Town(), Pen()
        platforms: Any = {WREN: self.town}
        self.harvester = Harvester(self.books, platforms, self.pen, self.clock, SeededChance(3))

    async def harvest_once(self) -> bool:
        """Harvest and answer, as the two jobs do one after the other."""
        more = await self.harvester.harvest_once()
        await self.harvester.answer_once()
        return more

    async def account(self, mode: Mode = Mode.ASK, **changes: Any) -> None:
        """The account, in this mode."""
        account = Account(id=WREN, platform="sandbox", handle="wren", rehearsal=True, mode=mode)
        await self.books.record(Batch(accounts=(replace(account, **changes),)))

    def says(self, name: str, text: str, *, author: str = "ann", ago_s: float = 60.0, **changes: Any) -> Seen:
        """Somebody mentions us."""
        seen = Seen(
            ref=RemoteRef(id=name), author=author, text=text, posted_at=self.clock.now() - int(ago_s * SECOND_US),
            kind="mention", counts=Counts(likes=1),
        )  # fmt: skip
        self.town.said.append(replace(seen, **changes))
        return self.town.said[-1]

    async def target(self, name: str) -> Target:
        """The target made of this post."""
        target = await self.books.target(f"{WREN}:{name}")
        assert target is not None
        return target

    async def states(self) -> dict[str, TargetState]:
        """All targets' states, by the remote id."""
        return {t.seen.ref.id: t.state for t in await self.books.targets(limit=1_000)}

    async def replies(self, *states: State) -> list[Post]:
        """Our answers, the oldest first."""
        return await self.books.posts(states=states, account_id=WREN, newest_first=False)

    async def kinds(self) -> list[str]:
        """All facts so far."""
        return [fact.kind for fact in await self.books.facts()]

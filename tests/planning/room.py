"""A planner with books in memory, a platform that only measures, and a writer that says what it is told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from bowerbird.clock import SeededChance, VirtualClock
from bowerbird.core.account import Account, Mode
from bowerbird.core.books import Batch
from bowerbird.core.errors import WriterError
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Brief, Capabilities, Draft, Platform
from bowerbird.core.post import Choice, Post
from bowerbird.core.text import graphemes
from bowerbird.planning.planner import Planner
from bowerbird.storage.memory import MemoryStorage

WREN = Account(
    id="sandbox:wren",
    platform="sandbox",
    handle="wren",
    rehearsal=True,
    mode=Mode.AUTO,
    slots=("09:30", "12:30", "17:30"),
    cover_h=24,
)


class Measure:
    """The part of a platform that planning looks at."""

    name = "sandbox"
    capabilities = Capabilities(dedup_s=0, settle_s=1, text_max=300, bytes_max=3_000, media_max=1)

    def length(self, text: str) -> int:
        """Graphemes, as on Bluesky."""
        return len(graphemes(text))


def measure() -> Platform:
    """A platform that nobody may call."""
    return cast("Platform", Measure())


Say = Callable[[Brief, int], Sequence[Draft]]


@dataclass
class Pen:
    """A writer that asks `say` for each brief and its number; `fails` is raised first."""

    say: Say
    topics: tuple[str, ...] = ("asyncio", "re")
    writer: str = "bank"
    fails: WriterError | None = None
    briefs: list[Brief] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its name."""
        return self.writer

    def cells(self) -> list[Choice]:
        """One cell per topic."""
        return [Choice(topic=topic) for topic in self.topics]

    def reserve(self, said: Collection[str]) -> int:
        """It has to be asked."""
        return 0

    async def draft(self, brief: Brief) -> list[Draft]:
        """Write down the brief and answer it."""
        self.briefs.append(brief)
        if self.fails:
            raise self.fails
        return list(self.say(brief, len(self.briefs)))


def draft(brief: Brief, *texts: str, **cell: Any) -> Draft:
    """A draft in the wanted cell."""
    fields = {"topic": brief.wants.topic, "writer": "bank"} | cell
    return Draft(texts=texts, choice=Choice(**fields), cost=0.0)


def fresh(brief: Brief, n: int) -> list[Draft]:
    """One new text per brief."""
    words = [f"{word}{n * 7919 % 10_007}" for word in ("lark", "wren", "kite", "dove", "crow")]
    return [draft(brief, " ".join(words), claim_id=f"c{n}")]


class Room:
    """A planner and what it works with; the day begins at midnight UTC."""

    def __init__(self, *accounts: Account, say: Say = fresh, **pen: Any) -> None:
        self.clock = VirtualClock(1_780_272_000_000_000)
        self.chance = SeededChance(1)
        self.books = MemoryStorage()
        self.pen = Pen(say, **pen)
        self.accounts = accounts or (WREN,)
        platforms = {account.id: measure() for account in self.accounts}
        self.planner = Planner(self.books, platforms, self.pen, self.clock, self.chance)

    async def open(self) -> Room:
        """Store the accounts."""
        await self.books.record(Batch(accounts=self.accounts))
        return self

    async def posts(self) -> list[Post]:
        """All posts, soonest first, parts in order."""
        posts = await self.books.posts(limit=1_000, newest_first=False)
        return sorted(posts, key=lambda post: (post.due, post.part))

    async def facts(self, *kinds: str) -> list[Fact]:
        """All facts of these kinds, oldest first."""
        return await self.books.facts(kinds=kinds, limit=1_000)

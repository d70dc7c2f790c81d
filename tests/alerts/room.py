"""A judge with an outbox, books in memory, and channels that note what they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bowerbird.alerts.graph import Edges, edges_of
from bowerbird.alerts.incidents import Judge
from bowerbird.alerts.notifiers import Channel, Undelivered
from bowerbird.alerts.outbox import Outbox
from bowerbird.alerts.rules import RULES, Rule
from bowerbird.clock import SeededChance, VirtualClock
from bowerbird.core.books import Batch, Committed, Kept, Lost
from bowerbird.core.errors import StorageFull
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.incident import Delivery, Incident, Told
from bowerbird.storage.memory import MemoryBooks, MemoryStorage

ANN, BEN = "sandbox:ann", "sandbox:ben"
JOBS: dict[str, tuple[str, ...]] = {
    "plan": ("learn",), "learn": ("measure",), "measure": ("publish",), "publish": ("plan",), "harvest": (),
}  # fmt: skip
EDGES = edges_of(
    jobs=JOBS,
    breakers={ANN: ["sandbox here", "browser"], BEN: ["sandbox there"]},
    monitors=["heart"],
    writers=["model"],
    parents={"sandbox here": "browser"},
)
PHONE, MAIL = Channel("phone", "https://token-of-ann@phone.test/"), Channel("mail", "https://ann:secret@mail.test/")


@dataclass
class Ear:
    """Hears every message; what stands in `deaf` takes none."""

    heard: list[Delivery] = field(default_factory=list)
    deaf: set[str] = field(default_factory=set)

    async def __call__(self, channel: Channel, delivery: Delivery) -> None:
        """Note it, or refuse."""
        if channel.name in self.deaf:
            raise Undelivered("it answered 503")
        self.heard.append(delivery)

    def told(self, *kinds: Told) -> list[str]:
        """The titles heard, in order; only those of these kinds."""
        return [row.title for row in self.heard if not kinds or row.told in kinds]


class Books(MemoryStorage):
    """Books that can be made to refuse."""

    refusing = False
    deaf = False
    kept: list[Batch]

    def __init__(self, books: MemoryBooks) -> None:
        super().__init__(books)
        self.kept = []

    async def record(self, batch: Batch) -> Committed | Lost:
        """Write it, or refuse."""
        if self.refusing:
            raise StorageFull
        return await super().record(batch)

    async def keep(self, batch: Batch) -> Committed | Lost | Kept:
        """Spool it while the books refuse."""
        if self.refusing:
            self.kept.append(batch)
            return Kept()
        return await super().record(batch)

    async def facts(self, **asked: Any) -> Any:
        """Read, or refuse."""
        if self.deaf:
            raise StorageFull
        return await super().facts(**asked)


class Room:
    """Everything between a number and a person's phone."""

    def __init__(self, *, edges: Edges = EDGES, rules: Sequence[Rule] = RULES, **judge: Any) -> None:
        self.clock, self.ear, self.memory = VirtualClock(), Ear(), MemoryBooks()
        self.books = Books(self.memory)
        self.edges, self.rules, self.extra = edges, rules, judge
        self.channels: tuple[Channel, ...] = (PHONE, MAIL)
        self.second_s = 120.0
        self.starts = 0
        self.start()

    def start(self) -> None:
        """Start, or start again after a crash: whatever was only in memory is gone."""
        self.starts += 1
        self.outbox = Outbox(self.books, self.channels, self.clock, notify=self.ear, second_s=self.second_s)
        self.judge = Judge(
            self.books,
            self.outbox,
            self.clock,
            SeededChance(self.starts),
            edges=lambda: self.edges,
            rules=self.rules,
            **self.extra,
        )

    async def round(self, *samples: Sample, deliver: bool = True) -> None:
        """Let a second pass: judge once, deliver everything that is due."""
        await self.judge.judge_once(samples)
        while deliver and await self.outbox.deliver_once():
            pass
        self.clock.advance(1)

    async def rounds(self, seconds: int, *samples: Sample) -> None:
        """Let seconds pass with the same numbers."""
        for _ in range(seconds):
            await self.round(*samples)

    async def open(self) -> list[Incident]:
        """The open incidents in the books."""
        return await self.books.incidents(open_only=True)

    async def facts(self, *kinds: str) -> list[Fact]:
        """Facts of these kinds in the books."""
        found: list[Fact] = await self.books.facts(kinds=kinds)
        return found


def sample(name: str, value: float, **labels: str) -> Sample:
    """A sample of `bowerbird_<name>`."""
    return Sample(name=f"bowerbird_{name}", value=value, labels=labels)


def breaker(value: float = 1, name: str = "browser") -> Sample:
    """A breaker that is open, or closed."""
    return sample("breaker_open", value, breaker=name)


def overdue(value: float = 60, account: str = ANN) -> Sample:
    """A post that is overdue, or not."""
    return sample("post_due_seconds", value, account=account)


def down(value: float = 0) -> Sample:
    """Books that cannot be written, or can."""
    return sample("storage_up", value)


def as_edges(pairs: Mapping[str, Sequence[str]]) -> Edges:
    """A graph from plain lists."""
    return {part: frozenset(needs) for part, needs in pairs.items()}

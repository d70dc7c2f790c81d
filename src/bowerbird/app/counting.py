"""Count what the facts tell: the funnel of words, looks at numbers, searches, second ids.

It reads by cursor, so each fact is counted once however often it is asked, and at the cost of what is new. Counts
begin with the process, as Prometheus expects of a counter; the books keep the whole story.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from bowerbird.core.books import Journal
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample

PAGE = 500
"""Facts read at a time, and `PAGES_MAX` times at most in one call."""
PAGES_MAX = 20

Key = tuple[str, tuple[tuple[str, str], ...]]
"""A metric with its labels."""


def funnel(fact: Fact) -> list[tuple[Key, float]]:
    """Count the candidates of one question to a writer: those turned away are told one by one, with their reason."""
    account = ("account", fact.account_id)
    if fact.kind == "gated" and "code" not in fact.data:
        return []  # an answer to somebody: a target that is passed over is no candidate
    if fact.kind == "gated":
        return [(_key("bowerbird_candidates_total", account, ("outcome", "gated"), ("reason", fact.data["code"])), 1)]
    found = [
        (_key("bowerbird_candidates_total", account, ("outcome", outcome), ("reason", "")), float(fact.data[outcome]))
        for outcome in ("kept", "spare")
        if fact.data.get(outcome) is not None  # who answers somebody counts no candidates
    ]
    if fact.data.get("dollars") is not None:
        spent = _key("bowerbird_writer_dollars_total", ("writer", str(fact.data["writer"])))
        found.append((spent, float(fact.data["dollars"])))
    return found


def outcome_of(metric: str, outcome: str) -> Callable[[Fact], list[tuple[Key, float]]]:
    """Count facts of one kind as one outcome of an account."""

    def count(fact: Fact) -> list[tuple[Key, float]]:
        return [(_key(metric, ("account", fact.account_id), ("outcome", outcome)), 1)]

    return count


def second_id(fact: Fact) -> list[tuple[Key, float]]:
    """Count a second remote id."""
    return [(_key("bowerbird_duplicates_total", ("account", fact.account_id)), 1)]


def _key(metric: str, *labels: tuple[str, str]) -> Key:
    return metric, labels


COUNTED: dict[str, Callable[[Fact], list[tuple[Key, float]]]] = {
    "gated": funnel,
    "wrote": funnel,
    "measured": outcome_of("bowerbird_readings_total", "read"),
    "unmeasured": outcome_of("bowerbird_readings_total", "failed"),
    "harvested": outcome_of("bowerbird_harvest_total", "read"),
    "unharvested": outcome_of("bowerbird_harvest_total", "failed"),
    "duplicate_seen": second_id,
}
"""The facts that are counted, by kind."""


@dataclass
class Counting:
    """Counts facts as they come."""

    storage: Journal
    _cursor: int | None = None
    _counts: defaultdict[Key, float] = field(default_factory=lambda: defaultdict(float))

    async def samples(self) -> list[Sample]:
        """Read what is new, and return every count."""
        if self._cursor is None:
            newest = await self.storage.newest_facts(limit=1)
            self._cursor = (newest[0].seq or 0) if newest else 0
        for _ in range(PAGES_MAX):
            facts = await self.storage.facts(after=self._cursor, kinds=tuple(COUNTED), limit=PAGE)
            self._count(facts)
            if len(facts) < PAGE:
                break
        return [Sample(name=name, value=value, labels=dict(labels)) for (name, labels), value in self._counts.items()]

    def _count(self, facts: list[Fact]) -> None:
        for fact in facts:
            for key, n in COUNTED[fact.kind](fact):
                self._counts[key] += n
            self._cursor = fact.seq or self._cursor

"""Whom a person may answer, best first; how the searches went, what was too late, and who asked to be left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bowerbird.core.facts import Fact
from bowerbird.core.findings import Target, TargetState
from bowerbird.core.health import Light
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import span
from bowerbird.dashboard.asked import Asked, Books, SettingRow
from bowerbird.dashboard.head import head
from bowerbird.dashboard.layers import harvesting
from bowerbird.dashboard.picture import ground

SHOWN_MAX = 100
"""Conversations shown."""
PILE_MAX = 100
"""Conversations of one other state that are counted; beyond them the page says so."""
FACTS_MAX = 200
"""Last answers of platforms looked through."""
SEARCHES_MAX = 30
"""Questions shown, those that failed last first."""
OPTED_MAX = 20
"""People who asked to be left alone, the newest first."""
FRESH_S = 3_600.0
"""Younger than this a conversation is still going on, in seconds."""
PILES = (TargetState.ANSWERED, TargetState.DISMISSED, TargetState.STALE)
"""What is done with, each with its own number."""


@dataclass(slots=True)
class Question:
    """Something that a platform is asked for an account again and again: when it last answered, and last did not.

    Args:
        found, new: of the last answer. why: of the last failure.
        answers, failures: among the last ones looked through.
    """

    account_id: str
    what: str
    ok_at: int | None = None
    found: int | None = None
    new: int | None = None
    failed_at: int | None = None
    why: str = ""
    answers: int = 0
    failures: int = 0

    @property
    def light(self) -> Light:
        """Amber while the last word is a failure."""
        return Light.AMBER if self._failing else Light.GREEN

    @property
    def word(self) -> str:
        """How it is."""
        return "not answered" if self._failing else "answered"

    @property
    def _failing(self) -> bool:
        return self.failed_at is not None and self.failed_at > (self.ok_at or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The conversations that wait: how many, how many of them are still going on, when the newest was found."""

    waiting: int
    addressed: int
    drafted: int
    young: int
    found_at: int | None
    piles: dict[str, str] = field(default_factory=dict)


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Everything about conversations that is known."""
    found = await books.targets(states=(TargetState.OPEN, TargetState.DRAFTED), limit=SHOWN_MAX)
    piles = {state: len(await books.targets(states=(state,), limit=PILE_MAX)) for state in PILES}
    answers = await books.newest_facts(kinds=("harvested", "unharvested"), limit=FACTS_MAX)
    left = await books.newest_facts(kinds=("opted_out",), limit=OPTED_MAX)
    runs = {job: newest for job, (newest, *_) in (await books.latest_runs(("harvest",))).items()}
    p = replace(await ground(books, clock, asked.beside), targets=found[:50], runs=runs)
    asked_of = questions(answers)
    return {
        "now": p.now,
        "head": head(p, harvesting(p)),
        "targets": found,
        "pool": pool(found, piles, now=p.now),
        "questions": asked_of[:SEARCHES_MAX],
        "more": max(0, len(asked_of) - SEARCHES_MAX),
        "every": every(asked.settings),
        "left": left,
        "left_more": len(left) == OPTED_MAX,
    }


def every(settings: Sequence[SettingRow]) -> str:
    """How often each search is asked, in words; empty where the settings do not say."""
    value = next((row.value for row in settings if row.name == "harvest.search_s"), "")
    try:
        return span(float(value))
    except ValueError:
        return ""


def pool(found: Sequence[Target], piles: dict[TargetState, int], *, now: int) -> Pool:
    """Count what waits and what is done with."""
    return Pool(
        waiting=len(found),
        addressed=sum(target.addressed for target in found),
        drafted=sum(target.state is TargetState.DRAFTED for target in found),
        young=sum(now - target.seen.posted_at <= FRESH_S * SECOND_US for target in found),
        found_at=max((target.found_at for target in found), default=None),
        piles={str(state): f"{n} or more" if n == PILE_MAX else str(n) for state, n in piles.items()},
    )


def questions(facts: Sequence[Fact]) -> list[Question]:
    """How each question went lately, from the newest facts first; those that failed last stand first."""
    found: dict[tuple[str, str], Question] = {}
    for fact in facts:
        what = str(fact.data.get("what", "")) or "it did not say"
        _note(found.setdefault((fact.account_id, what), Question(fact.account_id, what)), fact)
    return sorted(found.values(), key=lambda each: (each.light is not Light.AMBER, each.account_id, each.what))


def _note(question: Question, fact: Fact) -> None:
    if fact.kind == "harvested":
        question.answers += 1
        if question.ok_at is None:
            question.ok_at, question.found, question.new = fact.at, fact.data.get("found"), fact.data.get("new")
        return
    question.failures += 1
    if question.failed_at is None:
        question.failed_at = fact.at
        question.why = str(fact.data.get("sentence") or fact.data.get("reason") or "it did not say why")

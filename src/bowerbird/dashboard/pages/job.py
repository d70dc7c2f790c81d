"""One job: how it is, and its runs, fifty at a time, each with its tries, its error, how late it was, and how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from bowerbird.core.facts import Fact
from bowerbird.core.health import Light
from bowerbird.core.lists import Place
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Outcome, Run
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.drawing import short
from bowerbird.dashboard.pages.jobs import job_row
from bowerbird.dashboard.pages.posts import place_of
from bowerbird.dashboard.seats import JOBS
from bowerbird.dashboard.trials import KINDS_OF, Event, is_about, said
from bowerbird.jobs import table

ROWS = 50
"""Runs on a page."""
FACTS_MAX = 200
"""Newest facts about jobs looked through for those about this one."""
EVENTS_MAX = 10
"""Of which so many are shown."""
WORDS = {
    Outcome.RUNNING: (Light.GREY, "running"),
    Outcome.DONE: (Light.GREEN, "done"),
    Outcome.FAILED: (Light.RED, "failed"),
    Outcome.SKIPPED: (Light.AMBER, "skipped"),
    Outcome.CUT_OFF: (Light.RED, "cut off"),
}
"""How a run ended, as a light and a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One run of the history; what is not known yet is None."""

    id: str
    at: int
    light: Light
    word: str
    late: str
    took: str | None
    tries: int
    units: int
    scope: str
    said: str


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any] | None:
    """One page of a job's history; None if there is no such job and never was."""
    name = asked.params["job"]
    snapshot = await books.snapshot(JOBS)
    rows = snapshot.data["jobs"] if snapshot else []
    row = next((each for each in rows if each["name"] == name), None)
    known = next((job for job in table.JOBS if job.name == name), None)
    before = place_of(asked.query.get("before", ""))
    found = await books.runs(job=name, before=before, limit=ROWS + 1)
    if row is None and known is None and not found:
        return None
    shown = found[:ROWS]
    facts = [] if before else await books.newest_facts(kinds=KINDS_OF["job"], limit=FACTS_MAX)
    return {
        "now": clock.now(),
        "title": name,
        "why": known.why if known else "",
        "job": job_row(row, rows) if row else None,
        "lines": [line(run) for run in shown],
        "points": points(shown),
        "events": events(facts, name),
        "first": path(name) if before else "",
        "next": path(name, shown[-1]) if len(found) > ROWS else "",
    }


def line(run: Run) -> Line:
    """Put a run into words."""
    light, word = WORDS[run.outcome]
    took_s = _took_s(run)
    return Line(
        id=run.id, at=run.started_at, light=light, word=word, late=short(_late_s(run)),
        took=None if took_s is None else short(took_s), tries=run.attempt, units=run.units, scope=run.scope,
        said=run.error,
    )  # fmt: skip


def _late_s(run: Run) -> float:
    return max(0.0, (run.started_at - run.slot_at) / SECOND_US)


def _took_s(run: Run) -> float | None:
    return None if run.ended_at is None else max(0.0, (run.ended_at - run.started_at) / SECOND_US)


def points(runs: Sequence[Run]) -> list[tuple[int, float, float]]:
    """When each run that is over began, how long it took and how late it was in seconds; oldest first."""
    return [
        (run.started_at, round(took_s, 4), round(_late_s(run), 4))
        for run in reversed(runs)
        if (took_s := _took_s(run)) is not None
    ]


def events(facts: Sequence[Fact], name: str) -> list[Event]:
    """What is told of this job besides its runs, newest first: skipped, overdue, blocked, failed."""
    part = f"job:{name}"
    return [(fact.at, said(fact), "") for fact in facts if is_about(fact, part)][:EVENTS_MAX]


def path(name: str, last: Run | None = None) -> str:
    """The address of the same history, from a run on."""
    place = Place(last.started_at, last.id) if last else None
    return f"/jobs/{quote(name)}" + (f"?{urlencode({'before': f'{place.at}-{place.id}'})}" if place else "")

"""Every job as the engine last said: in the drawing, one by one with its last runs, and the lanes in which they sit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bowerbird.core.health import Light
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import clock_time, count
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.drawing import capital, short
from bowerbird.dashboard.graph import drawn
from bowerbird.dashboard.metrics import STALE_S
from bowerbird.dashboard.seats import JOBS, lanes

RANKS = ("red", "amber", "green")
"""The worst first."""
OFTEN_S = 10.0
"""A job that looks more often than this runs again before anybody has read when, in seconds."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One of the last runs: how it ended, and when and how long it took, for whoever points at it."""

    outcome: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job on the page.

    Args:
        word, sentence, since: how it is, in a word and in a sentence, and since when, where that says more.
        figures: names and values; None where nothing was observed yet.
        skips: why slots of it were not run, and how often.
        next_at, next_in: when it runs next; in words where it looks so often that an instant would say nothing.
        paused: whether its lane is, so that it cannot run now.
    """

    name: str
    why: str
    light: Light
    word: str
    sentence: str
    since: int | None
    critical: bool
    error: str
    last_at: int | None
    next_at: int | None
    next_in: str
    figures: Sequence[tuple[str, str | None]]
    skips: Sequence[tuple[str, int]]
    beats: Sequence[Beat]
    needs: Sequence[str]
    uses: Sequence[str]
    feeds: Sequence[str]
    lane: str
    paused: bool


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Every job as the engine last said, the worst first."""
    said, now = await books.snapshot(JOBS), clock.now()
    rows = said.data["jobs"] if said else []
    jobs = [job_row(row, rows) for row in rows]
    return {
        "now": now,
        "jobs": sorted(jobs, key=lambda job: RANKS.index(job.light)),
        "summary": summary(jobs),
        "worst": min((job.light for job in jobs), key=RANKS.index, default=Light.GREEN),
        "old_at": said.at if said and now - said.at > STALE_S * SECOND_US else None,
        "lanes": lanes(said),
        "drawing": drawn(rows),
    }


def summary(jobs: Sequence[JobRow]) -> str:
    """Say how all of them are."""
    troubled = [job.name for job in jobs if job.light is not Light.GREEN]
    if not troubled:
        return f"All {len(jobs)} jobs run as they should."
    return f"{len(troubled)} of {count(len(jobs), 'job')} not as they should be: {', '.join(troubled)}."


def job_row(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> JobRow:
    """Put a row of the snapshot into words."""
    state, (next_at, next_in) = row["state"], _next(row)
    return JobRow(
        name=row["name"], why=row["why"], light=Light(row["light"]), word=state, sentence=_sentence(row),
        since=row.get("since") if state in ("failing", "paused", "stuck", "overdue") else None,
        critical=row["critical"], error=row["error"] if state != "failing" else "",
        last_at=row["last_at"], next_at=next_at, next_in=next_in,
        figures=figures(row), skips=list(row["skips"].items()), beats=beats(row["bars"]), needs=row["needs"],
        uses=row["uses"], feeds=[each["name"] for each in rows if row["name"] in (*each["needs"], *each["uses"])],
        lane=row["lane"], paused=state == "paused",
    )  # fmt: skip


def _next(row: Mapping[str, Any]) -> tuple[int | None, str]:
    """When it runs next: an instant, or words."""
    if row["state"] in ("running", "queued", "paused"):
        return None, row["state"]
    if row["state"] == "waiting" and row["every_s"] < OFTEN_S:
        return None, f"within {short(row['every_s'])}"
    return row["next_at"], ""


def _sentence(row: Mapping[str, Any]) -> str:
    if row["state"] == "waiting":
        return "Waits until it is due again."
    return f"{capital(row['sentence']).rstrip('.')}."


def figures(row: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """What was measured of the last hundred runs, each None before the first."""
    good = row["success_ratio"]
    return [
        ("Looks", f"every {short(row['every_s'])}"),
        ("Takes", _quantiles(row["p50_s"], row["p95_s"])),
        ("Begins late by", _quantiles(row.get("late_p50_s"), row.get("late_p95_s"))),
        ("Went well", None if good is None else f"{100 * good:.0f} %"),
    ]


def _quantiles(p50: float | None, p95: float | None) -> str | None:
    """The half, and 19 of 20, of the last runs."""
    return None if p50 is None or p95 is None else f"{short(max(0.0, p50))}, p95 {short(max(0.0, p95))}"


def beats(bars: Sequence[Mapping[str, Any]]) -> list[Beat]:
    """The last runs, oldest first."""
    return [Beat(bar["outcome"], f"{clock_time(bar['at'])} UTC: {_run(bar)}") for bar in bars]


def _run(bar: Mapping[str, Any]) -> str:
    done = f", {count(bar['units'], 'piece')}" if bar["units"] else ""
    return f"{bar['outcome']}, {short(bar['seconds'])}{done}"

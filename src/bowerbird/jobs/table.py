"""All the work there is, in one table: the same rows are executed, drawn and explained.

A job is named by its verb. `every_s` is when it looks whether there is anything to do; `lane` is what it
competes for. A lane has a number of seats, and posting has a lane of its own, so a due post never waits for
background work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row.

    Args:
        name: the verb.
        every_s: seconds between two looks for work, from the end of one to the start of the next.
        lane: the seats it competes for.
        timeout_s: one piece of work is cut off after this long, and no further piece is begun in this run.
        tries: attempts within one run, with backoff between them.
        units_max: pieces of work in one run before others get their turn.
        needs: jobs whose results it lives on.
        critical: the engine is not well when it does not run.
        why: what it is for, in a sentence.
    """

    name: str
    every_s: float
    lane: str
    timeout_s: float
    why: str
    tries: int = 1
    units_max: int = 20
    needs: tuple[str, ...] = ()
    critical: bool = False


LANES: dict[str, int] = {
    "posting": 2,
    "settling": 2,
    "desk": 1,
    "watching": 1,
    "connecting": 1,
    "reading": 1,
    "thinking": 1,
}
"""Seats of each lane. A button and the watch over the clock wait for no platform that hangs."""

JOBS: tuple[Job, ...] = (
    Job(
        name="publish",
        every_s=0.5,
        lane="posting",
        timeout_s=90,
        needs=("plan",),
        critical=True,
        why="Sends posts that are due.",
    ),
    Job(
        name="settle",
        every_s=1.0,
        lane="settling",
        timeout_s=60,
        critical=True,
        why="Looks whether a doubtful post arrived.",
    ),
    Job(
        name="watch",
        every_s=2.0,
        lane="watching",
        timeout_s=30,
        why="Notices that the wall clock jumped, and holds everything until it is steady.",
    ),
    Job(name="sweep", every_s=10.0, lane="settling", timeout_s=30, why="Ends what can no longer be sent."),
    Job(
        name="renew",
        every_s=30.0,
        lane="settling",
        timeout_s=60,
        why="Brings accounts back whose session works again.",
    ),
    Job(
        name="obey",
        every_s=0.5,
        lane="desk",
        timeout_s=30,
        critical=True,
        why="Does what a person asked for by a button or a command.",
    ),
    Job(name="connect", every_s=5.0, lane="connecting", timeout_s=60, why="Connects accounts that were added."),
    Job(
        name="plan",
        every_s=60.0,
        lane="thinking",
        timeout_s=120,
        tries=3,
        needs=("learn",),
        critical=True,
        why="Keeps hours of posts in the queue.",
    ),
    Job(
        name="measure",
        every_s=5.0,
        lane="reading",
        timeout_s=60,
        tries=3,
        needs=("publish",),
        why="Reads the numbers of posts.",
    ),
    Job(
        name="harvest",
        every_s=60.0,
        lane="reading",
        timeout_s=120,
        tries=3,
        why="Reads mentions and searches for conversations.",
    ),
    Job(
        name="learn",
        every_s=300.0,
        lane="thinking",
        timeout_s=120,
        tries=3,
        needs=("measure",),
        why="Learns from readings and gives advice.",
    ),
    Job(name="tidy", every_s=3600.0, lane="settling", timeout_s=30, why="Forgets runs that are older than a month."),
)
"""The work, in the order in which it is shown."""


def with_periods(every_s: Mapping[str, float]) -> tuple[Job, ...]:
    """Return the table with other periods for the jobs named, in seconds; KeyError if there is no such job."""
    unknown = set(every_s) - {job.name for job in JOBS}
    if unknown:
        raise KeyError(f"no such job: {', '.join(sorted(unknown))}")
    return tuple(replace(job, every_s=every_s.get(job.name, job.every_s)) for job in JOBS)


def table_markdown() -> str:
    """Print the work and the seats; the documentation contains exactly this text."""
    lines = ["| job | what for | looks every | lane (seats) | cut off after | tries | lives on |"]
    lines.append("|---|---|---|---|---|---|---|")
    lines += [
        f"| `{job.name}` | {job.why} | {job.every_s:g} s | {job.lane} ({LANES[job.lane]}) | {job.timeout_s:g} s "
        f"| {job.tries} | {', '.join(job.needs) or 'nothing'} |"
        for job in JOBS
    ]
    return "\n".join(lines) + "\n"

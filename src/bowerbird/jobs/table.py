"""All the work there is, in one table: the same rows are executed, drawn and explained.

A job is named by its verb. `every_s` is when it looks whether there is anything to do; `lane` is what it
competes for. A lane has seats of its own that nobody else can take, and posting has a lane to itself, so a due
post never waits for background work. `needs` is what a job cannot do without for long, and has no circles: plan ->
publish -> measure -> learn, harvest -> answer. `uses` is what it takes if it is there, as plan takes advice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

CLAIM_MIN_S = 30.0
"""Jobs that look no more often than this write down that they began, so that a crash leaves a trace. What looks more
often takes its leases on the posts and commands themselves, and what it finds empty is not worth a row."""
OVERDUE_MIN_S = 5.0
"""A job is never called overdue before it is this late, however often it looks, in seconds."""
OVERDUE_MAX_S = 300.0
"""A job is overdue when it is this late, however seldom it looks, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row.

    Args:
        name: the verb.
        every_s: seconds between two slots; a slot that passes while the job works belongs to that run.
        lane: the seats it competes for.
        timeout_s: one piece of work is cut off after this long, and no further piece is begun in this run.
        tries: attempts within one run, with backoff between them. A critical job has one: its next run comes soon.
        units_max: pieces of work in one run before others get their turn.
        needs: jobs whose results it lives on; no circles.
        uses: jobs whose results it takes where there are any.
        fresh_s: for so long its last good run is enough for those that need it, in seconds; None: until it is overdue.
        critical: the engine is not well when it does not run. It goes first in its lane, no gate holds it back, and
            after a failure it is tried again in 1, 2, 4 ... seconds, at most its period.
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
    uses: tuple[str, ...] = ()
    fresh_s: float | None = None
    critical: bool = False

    @property
    def claimed(self) -> bool:
        """True if the start of each run is written down before it begins."""
        return self.every_s >= CLAIM_MIN_S

    @property
    def slack_s(self) -> float:
        """How late a run may be before the job is overdue: half its period, between 5 s and 5 min."""
        return max(OVERDUE_MIN_S, min(self.every_s / 2, OVERDUE_MAX_S))

    @property
    def serves_s(self) -> float:
        """For how long those that need it can live on its last good run, in seconds."""
        return self.every_s + self.slack_s if self.fresh_s is None else self.fresh_s


@dataclass(frozen=True, slots=True)
class Lane:
    """Seats: `floor` that nobody else can take, and up to `most` while some of the common ones are free."""

    floor: int
    most: int

    def __str__(self) -> str:
        return str(self.most) if self.floor == self.most else f"{self.floor} to {self.most}"


LANES: dict[str, Lane] = {
    "posting": Lane(2, 2),
    "settling": Lane(2, 3),
    "desk": Lane(1, 1),
    "watching": Lane(1, 1),
    "connecting": Lane(1, 1),
    "reading": Lane(1, 2),
    "thinking": Lane(1, 2),
}
"""Seats of each lane. A button and the watch over the clock wait for no platform that hangs."""
SEATS = sum(lane.floor for lane in LANES.values()) + 2
"""All seats together: the floors, and two for whoever needs one more."""

JOBS: tuple[Job, ...] = (
    Job(
        name="publish",
        every_s=0.5,
        lane="posting",
        timeout_s=130,  # a slow attempt, and one of another account that began just before it ended
        needs=("plan",),
        fresh_s=3600,
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
        every_s=1.0,
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
        uses=("learn",),
        fresh_s=4 * 3600,
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
        why="Reads the numbers of posts, and watches whether the pages they stand on have changed.",
    ),
    Job(
        name="audit",
        every_s=5.0,
        lane="settling",
        timeout_s=60,
        why="Compares each account's timeline with the books, both ways.",
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
        name="answer",
        every_s=30.0,
        lane="thinking",
        timeout_s=120,
        tries=3,
        needs=("harvest",),
        why="Drafts answers to those who addressed us.",
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
    Job(
        name="replay",
        every_s=2.0,
        lane="settling",
        timeout_s=30,
        why="Writes what waits in the spool into the books.",
    ),
    Job(name="tidy", every_s=3600.0, lane="settling", timeout_s=30, why="Forgets what is old: runs, spends, messages."),
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
        f"| {_tries(job)} | {', '.join(job.needs) or 'nothing'} |"
        for job in JOBS
    ]
    return "\n".join(lines) + "\n"


def _tries(job: Job) -> str:
    return "again after 1, 2, 4 … s" if job.critical else str(job.tries)

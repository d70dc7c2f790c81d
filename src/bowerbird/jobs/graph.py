"""Who lives on whom, how each job is in words, and which of them is to blame.

Pure: the table, the pulses and the time in, values out. A job is blocked by a need whose last good run is too old for
it and which is in trouble; the root is found by following that to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bowerbird.core.health import Light
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import clock_time
from bowerbird.jobs.pauses import Pause
from bowerbird.jobs.pulse import Pulse
from bowerbird.jobs.table import JOBS, Job

FAILURES_RED = 3
"""A job that failed so often in a row is red, and a critical one is told."""

Pulses = Mapping[str, Pulse]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a job is: `word` is one of running, queued, waiting, held, failing, overdue, stuck, blocked, paused.

    Args:
        sentence: the same for a person, such as ``blocked by harvest since 12:04``.
        root: the job to blame, where it is another one; since: since when, UTC microseconds, where that is known.
    """

    word: str
    light: Light
    sentence: str
    root: str = ""
    since: int | None = None


def edges(jobs: Sequence[Job] = JOBS) -> list[tuple[str, str]]:
    """What lives on what, as parts: (effect, cause), such as ``("job:publish", "job:plan")``."""
    return [(f"job:{job.name}", f"job:{need}") for job in jobs for need in job.needs]


def levels(jobs: Sequence[Job] = JOBS) -> dict[str, int]:
    """The column of each job in the drawing: 0 needs nobody, and everybody stands right of what it needs.

    Raises:
        ValueError: the needs go round in a circle; names it.
    """
    found: dict[str, int] = {}
    left = list(jobs)
    while left:
        ready = [job for job in left if all(need in found for need in job.needs)]
        if not ready:
            raise ValueError(f"these jobs wait for one another: {', '.join(job.name for job in left)}")
        found |= {job.name: 1 + max((found[need] for need in job.needs), default=-1) for job in ready}
        left = [job for job in left if job.name not in found]
    return found


def blocked_by(job: Job, jobs: Sequence[Job], pulses: Pulses, now: float) -> str:
    """The name of the first need on whose results it cannot live any more, or of one that is blocked itself; or ""."""
    rows = {row.name: row for row in jobs}
    for need in job.needs:
        if need not in rows:  # a part of the table, as a test runs it
            continue
        if pulses[need].stale(rows[need], now) or blocked_by(rows[need], jobs, pulses, now):
            return need
    return ""


def root_of(job: Job, jobs: Sequence[Job], pulses: Pulses, now: float) -> str:
    """The job at the end of the chain of blocked ones; its own name if it is not blocked."""
    rows = {row.name: row for row in jobs}
    while by := blocked_by(job, jobs, pulses, now):
        job = rows[by]
    return job.name


def state(
    job: Job, jobs: Sequence[Job], pulses: Pulses, *, now: float, now_at: int, paused: Pause | None = None
) -> State:
    """How a job is, the worst first: overdue, stuck, failing, blocked, held back, else running, queued or waiting.

    In a lane that a person paused it is paused, unless work of it stands still: nobody is late whom a person stopped.

    Args:
        now: monotonic seconds; now_at: the same instant on the wall, UTC microseconds, in which people are told.
        paused: the pause of its lane, where there is one.
    """
    pulse = pulses[job.name]

    def at(moment: float) -> int:
        return now_at + round((moment - now) * SECOND_US)

    if paused and not pulse.stuck_s(now):
        ends = "; what is under way ends" if pulse.busy is not None else ""
        return State(word="paused", light=Light.AMBER, sentence=paused.sentence + ends, since=paused.since)
    if pulse.overdue_s(job, now):
        since, seat = at(pulse.next_slot), " for a seat" if pulse.waiting is not None else ""
        return State(word="overdue", light=Light.RED, sentence=f"overdue{seat} since {_time(since)}", since=since)
    if stuck_s := pulse.stuck_s(now):
        since = at(now - stuck_s)
        return State(word="stuck", light=Light.RED, sentence=f"has stood still since {_time(since)}", since=since)
    if pulse.failures:
        light = Light.RED if pulse.failures >= FAILURES_RED else Light.AMBER
        again = f"; tries again at {_time(at(pulse.next_slot), 8)}" if pulse.busy is None else ""
        sentence = f"failing, {pulse.failures} in a row{again}: {pulse.error}"
        return State(word="failing", light=light, sentence=sentence, since=pulse.failing_at)
    if by := blocked_by(job, jobs, pulses, now):
        since = pulse.blocked_at or now_at
        root = root_of(job, jobs, pulses, now)
        sentence = f"blocked by {by} since {_time(since)}" + (f", because of {root}" if root != by else "")
        return State(word="blocked", light=Light.AMBER, sentence=sentence, root=root, since=since)
    if pulse.skipped_why:
        return State(word="held", light=Light.AMBER, sentence=f"held back: {pulse.skipped_why}")
    return _well(job, pulse, at, now)


def _well(job: Job, pulse: Pulse, at: Callable[[float], int], now: float) -> State:
    if pulse.busy is not None:
        return State(word="running", light=Light.GREEN, sentence="running", since=at(pulse.busy))
    if pulse.waiting is not None:
        return State(word="queued", light=Light.GREEN, sentence=f"waits for a seat in {job.lane}")
    next_at = at(max(now, pulse.next_slot))
    return State(word="waiting", light=Light.GREEN, sentence=f"waiting until {_time(next_at, 8)}")


def _time(at: int, letters: int = 5) -> str:
    """``12:04``, or with 8 letters ``12:04:10``, in UTC."""
    return clock_time(at)[11 : 11 + letters]

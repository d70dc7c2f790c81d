"""What others read of the jobs: numbers, and the snapshot ``jobs`` for the page, written every two seconds.

Its data (instants are UTC microseconds, durations seconds; what was never observed is None):

    {"jobs": [{"name", "why", "lane", "critical": bool, "every_s", "needs": [names], "uses": [names],
               "level": column in the drawing,
               "state": "running" | "queued" | "waiting" | "held" | "failing" | "overdue" | "stuck" |
                        "blocked" | "paused",
               "light": "green" | "amber" | "red", "sentence", "since", "blocked_by": name or "", "root": name or "",
               "last_at", "good_at", "next_at", "lateness_s", "duration_s", "p50_s", "p95_s", "late_p50_s",
               "late_p95_s", "success_ratio",
               "failures": in a row, "error": of the last run, "ended": {"done" | "failed" | "skipped": number},
               "skips": {reason: slots}, "revived", "strays",
               "bars": [{"at", "outcome", "seconds", "units"}], oldest first, at most 30}],
     "lanes": [{"name", "floor", "most", "busy", "in_line", "wait_s",
                "paused": None | {"by", "why", "since", "until": instant or None, "sentence"}}],
     "edges": [[effect, cause]], as parts: ["job:publish", "job:plan"]}

`ended` counts since this engine started; `bars` reach back into earlier ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from bowerbird.core.books import Batch
from bowerbird.core.gauge import Sample, Snapshot
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Outcome
from bowerbird.jobs import graph
from bowerbird.jobs.monitors import Monitor
from bowerbird.jobs.pauses import Pause
from bowerbird.jobs.pulse import Bar, Pulse
from bowerbird.jobs.runner import Runner
from bowerbird.jobs.table import Job
from bowerbird.jobs.timers import Timers

WATCH_S = 1.0
"""Seconds between two looks at the timers."""
WRITE_S = 2.0
"""Seconds between two snapshots."""
QUANTILES = {"0.5": 0.5, "0.95": 0.95}


def monitors(runner: Callable[[], Runner]) -> tuple[Monitor, ...]:
    """The loops without which nobody would notice a timer that does not fire: for the supervisor.

    Args:
        runner: the one at work, asked each time, for a part that was started anew has another.
    """
    return (
        Monitor(name="timers", step=Timers(runner).watch_once, every_s=WATCH_S),
        Monitor(name="jobs", step=lambda: write_once(runner()), every_s=WRITE_S),
    )


async def write_once(runner: Runner) -> None:
    """Write the snapshot, once it runs; raises what the books raise."""
    if not runner.running:
        return
    await runner.storage.record(Batch(snapshots=(snapshot(runner),)))


def samples(runner: Runner) -> list[Sample]:
    """Every ``bowerbird_job_`` and ``bowerbird_lane_`` number of this runner; none before it runs."""
    if not runner.running:
        return []
    now = runner.clock.monotonic()
    found = [
        Sample(name="bowerbird_lane_wait_seconds", value=runner.places.wait_s(lane, now), labels={"lane": lane})
        for lane in runner.lanes
    ]
    found += [
        Sample(name="bowerbird_lane_stuck_seconds", value=_stuck_s(runner, lane, now), labels={"lane": lane})
        for lane in runner.lanes
    ]
    found += [
        Sample(name="bowerbird_lane_paused", value=float(runner.pauses.of(lane) is not None), labels={"lane": lane})
        for lane in runner.lanes
    ]
    for job in runner.jobs:
        found += _of_job(job, runner.pulses[job.name], now)
    return found


def _stuck_s(runner: Runner, lane: str, now: float) -> float:
    """How long nothing has moved in a lane without a free seat, in seconds; else 0.

    Nothing moves if all who hold a seat stand still, or somebody who waits for one is overdue.
    """
    if not runner.places.full(lane):
        return 0.0
    rows = [(job, runner.pulses[job.name]) for job in runner.jobs if job.lane == lane]
    still = min((pulse.stuck_s(now) for _, pulse in rows if pulse.busy is not None), default=0.0)
    waits = max((pulse.overdue_s(job, now) for job, pulse in rows if pulse.waiting is not None), default=0.0)
    return max(still, waits)


def _of_job(job: Job, pulse: Pulse, now: float) -> list[Sample]:
    """Its numbers, made anew when one of them has changed; of a job that is well, none does while it rests."""
    late = (pulse.overdue_s(job, now), pulse.stuck_s(now))
    ended = (pulse.ended.total(), pulse.failures, pulse.revived, pulse.strays, pulse.lateness_s, pulse.blocked_by)
    if pulse.told is None or pulse.told[0] != (late, ended):
        pulse.told = ((late, ended), _counted(job, pulse, *late))
    return pulse.told[1]


def _counted(job: Job, pulse: Pulse, overdue_s: float, stuck_s: float) -> list[Sample]:
    values: list[tuple[str, float | None, dict[str, str]]] = [
        ("overdue_seconds", overdue_s, {}),
        ("stuck_seconds", stuck_s, {}),
        ("failures_in_a_row", pulse.failures, {}),
        ("revivals_total", pulse.revived, {}),
        ("strays", pulse.strays, {}),
        ("lateness_seconds", pulse.lateness_s, {}),
        ("success_ratio", _ratio(pulse), {}),
    ]
    values += [("runs_total", number, {"outcome": outcome.value}) for outcome, number in pulse.ended.items()]
    values += [("duration_seconds", pulse.durations.quantile(q), {"quantile": name}) for name, q in QUANTILES.items()]
    values += [("blocked", float(pulse.blocked_by == need), {"by": need}) for need in job.needs]
    return [
        Sample(name=f"bowerbird_job_{name}", value=value, labels={"job": job.name, **labels})
        for name, value, labels in values
        if value is not None
    ]


def _ratio(pulse: Pulse) -> float | None:
    return sum(pulse.went_well) / len(pulse.went_well) if pulse.went_well else None


def snapshot(runner: Runner) -> Snapshot:
    """Everything about the jobs, for the page; its JSON is described at the top of this file."""
    now_at, now = runner.clock.now(), runner.clock.monotonic()
    levels = graph.levels(runner.jobs)
    data = {
        "jobs": [_row(runner, job, levels[job.name], now, now_at) for job in runner.jobs],
        "lanes": [
            {
                "name": name, "floor": lane.floor, "most": lane.most, "busy": runner.places.busy(name),
                "in_line": runner.places.in_line(name), "wait_s": round(runner.places.wait_s(name, now), 3),
                "paused": _paused(runner.pauses.of(name)),
            }
            for name, lane in runner.lanes.items()
        ],
        "edges": [list(edge) for edge in graph.edges(runner.jobs)],
    }  # fmt: skip
    return Snapshot(name="jobs", at=now_at, data=data)


def _paused(pause: Pause | None) -> dict[str, Any] | None:
    return asdict(pause) | {"sentence": pause.sentence} if pause else None


def _row(runner: Runner, job: Job, level: int, now: float, now_at: int) -> dict[str, Any]:
    pulse = runner.pulses[job.name]
    paused = runner.pauses.of(job.lane)
    state = graph.state(job, runner.jobs, runner.pulses, now=now, now_at=now_at, paused=paused)
    return {
        "name": job.name, "why": job.why, "lane": job.lane, "critical": job.critical, "every_s": job.every_s,
        "needs": list(job.needs), "uses": list(job.uses), "level": level,
        "state": state.word, "light": state.light.value, "sentence": state.sentence, "since": state.since,
        "blocked_by": graph.blocked_by(job, runner.jobs, runner.pulses, now), "root": state.root,
        "last_at": pulse.last_at, "good_at": pulse.good_at,
        "next_at": now_at + round((pulse.next_slot - now) * SECOND_US),
        "lateness_s": _rounded(pulse.lateness_s), "duration_s": _rounded(pulse.duration_s),
        "p50_s": _rounded(pulse.durations.quantile(0.5)), "p95_s": _rounded(pulse.durations.quantile(0.95)),
        "late_p50_s": _rounded(pulse.delays.quantile(0.5)), "late_p95_s": _rounded(pulse.delays.quantile(0.95)),
        "success_ratio": _rounded(_ratio(pulse)), "failures": pulse.failures, "error": pulse.error,
        "ended": {outcome.value: number for outcome, number in pulse.ended.items()}, "skips": dict(pulse.skips),
        "revived": pulse.revived, "strays": pulse.strays, "bars": [_bar(bar) for bar in pulse.bars],
    }  # fmt: skip


def _bar(bar: Bar) -> dict[str, Any]:
    outcome: Outcome = bar.outcome
    return {"at": bar.at, "outcome": outcome.value, "seconds": round(bar.seconds, 3), "units": bar.units}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)

"""The watch over the timers: who is overdue is told, and whose timer is lost is started again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bowerbird.core.facts import Fact
from bowerbird.jobs import graph
from bowerbird.jobs.piece import LET_GO_S
from bowerbird.jobs.runner import GRACE_S, Runner
from bowerbird.jobs.table import Job

REVIVE_S = 2.0
"""A job that is overdue is watched for this long before its timer is started again, so that it is seen."""
OVER = "the time of its pause is over"
SLEPT_S = 5.0
"""A difference between the time since boot and the monotonic clock from which on the machine slept."""


@dataclass
class Timers:
    """Watches over a runner.

    Args:
        runner: the one at work, asked each time, for a part that was started anew has another.
    """

    runner: Callable[[], Runner]
    _asleep: float | None = None

    async def watch_once(self) -> None:
        """Look after the timers; to be called every second.

        1. The machine slept: every slot moves back by as long, so that what was missed is made up once, now.
        2. A job that is past its slot by more than its slack is overdue; seen twice, that is told.
        3. If it neither works nor waits for a seat, its timer is lost: start it again.
        4. If it works and gives no sign of life, it is cut off, and tried again.
        5. Tell who has begun to wait for the results of another job, and what was skipped and not told yet.
        6. Let those lanes go on whose pause is over, and tell it.
        7. Write what waits.
        """
        runner = self.runner()
        if not runner.running:
            return
        self._wake(runner)
        for job in runner.jobs:
            runner.skips.tell(job, runner.pulses[job.name])
            _look_after(runner, job)
        _tell_blocked(runner)
        _go_on(runner)
        await runner.write()

    def _wake(self, runner: Runner) -> None:
        asleep = runner.clock.boottime() - runner.clock.monotonic()
        before, self._asleep = asleep if self._asleep is None else self._asleep, asleep
        slept_s = asleep - before
        if slept_s < SLEPT_S:
            return
        for name, pulse in runner.pulses.items():
            pulse.late_why, pulse.woke = f"the machine slept for {slept_s:.0f} s", runner.clock.monotonic()
            runner.move(name, pulse.next_slot - slept_s)


def _look_after(runner: Runner, job: Job) -> None:
    pulse, now = runner.pulses[job.name], runner.clock.monotonic()
    if pulse.busy is not None and now - pulse.busy > turn_max_s(job):
        runner.revive(job, f"its run did not end within {turn_max_s(job):.0f} s")
        return
    if pulse.silent(now):
        runner.cut(job)
    late_s = pulse.overdue_s(job, now)
    if not late_s:
        pulse.overdue_at, pulse.overdue_told = None, False
    elif pulse.overdue_at is None:
        pulse.overdue_at = now
    elif pulse.waiting is not None and not pulse.overdue_told:
        pulse.overdue_told = True
        why = f"it waits for a seat in the lane {job.lane}"
        runner.book.note("job_overdue", job, why=why, late_s=round(late_s, 1))
    elif pulse.waiting is None and now - pulse.overdue_at >= REVIVE_S:
        runner.revive(job, "its timer did not fire")


def turn_max_s(job: Job) -> float:
    """The longest that all tries of a run can take, in seconds: a turn each, and one piece begun at its very end."""
    return (1 if job.critical else job.tries) * (2 * job.timeout_s + LET_GO_S + job.every_s) + GRACE_S


def _tell_blocked(runner: Runner) -> None:
    now = runner.clock.monotonic()
    for job in runner.jobs:
        pulse = runner.pulses[job.name]
        by = graph.blocked_by(job, runner.jobs, runner.pulses, now)
        if by and by != pulse.blocked_by:
            pulse.blocked_at = runner.clock.now()
            runner.book.note("job_blocked", job, by=by, root=graph.root_of(job, runner.jobs, runner.pulses, now))
        pulse.blocked_by, pulse.blocked_at = by, pulse.blocked_at if by else None


def _go_on(runner: Runner) -> None:
    for pause in runner.pauses.ended(runner.clock.monotonic()):
        told = Fact(kind="lane_resumed", at=runner.clock.now(), by="jobs", data={"lane": pause.lane, "why": OVER})
        runner.book.take(told)
        for job in runner.jobs:
            if job.lane == pause.lane:
                runner.ring(job.name)

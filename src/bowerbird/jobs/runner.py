"""Execute the table in one process.

Each job lives in a task of its own: it sleeps, takes a seat in its lane, works until there is nothing to do
or its turn is over, and writes down how that went. A run that fails is tried again inside its turn, with
jittered backoff; whatever it raises becomes a failed run and a fact, and the job lives on.

A quiet job does not fill the books: a run that found nothing to do is written once a minute, and so is one that
keeps failing. A job that ends by itself is a defect: it takes the engine with it, so that it is started again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bowerbird.core.books import Batch, Recorder
from bowerbird.core.errors import BowerbirdError
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Chance, Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Outcome, Run
from bowerbird.jobs.table import LANES, Job
from bowerbird.resilience.retry import backoff_s

QUIET_S = 60.0
"""A run that found nothing to do, or failed once more, is written at most this often per job."""
FAILURES_TOLD = 3
"""So many failed runs in a row are written one by one."""
LINES_MAX = 10
"""Runs in which nothing was done, written per job and minute: so many has a job that fails every other time."""
GRACE_S = 20.0
"""How long running work may take to come to an end when the engine stops."""

Work = Callable[[], Awaitable[bool]]
"""One bounded piece of work; True asks to come back at once."""


def period(job: Job) -> float:
    """Rest for as long as the table says, in seconds."""
    return job.every_s


class Books(Recorder, Protocol):
    """What the runner needs of the storage."""


@dataclass(slots=True)
class Pulse:
    """How one job is, in memory: for the heartbeat's note and the page.

    Args:
        last_at: end of the last run (microseconds), None before the first.
        failures: failed runs in a row.
        busy: True while a run is under way.
        written, written_at: how the run ended that was written last, and when.
        minute_at, lines: since when the lines are counted that were written, and how many they are.
        owed: a failure that could not be told yet.
    """

    last_at: int | None = None
    failures: int = 0
    busy: bool = False
    written: Outcome | None = None
    written_at: int = 0
    minute_at: int = 0
    lines: int = 0
    owed: Fact | None = None
    error: str = ""


@dataclass
class Runner:
    """Runs jobs until it is stopped.

    Args:
        work: the callable of each job, by name; every job of the table needs one.
        owner: the boot id of this process, written into each run.
        rest_s: asked after each run for how long its job rests, in seconds; `ring` ends a rest at once. Whoever knows
            when there will be something to do can let a job sleep until then.
    """

    jobs: Sequence[Job]
    work: Mapping[str, Work]
    storage: Books
    clock: Clock
    chance: Chance
    owner: str
    rest_s: Callable[[Job], float] = period
    pulses: dict[str, Pulse] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _bells: dict[str, asyncio.Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = [job.name for job in self.jobs if job.name not in self.work]
        if missing:
            raise ValueError(f"no work is bound to {', '.join(missing)}")
        self.pulses = {job.name: Pulse() for job in self.jobs}
        self._bells = {job.name: asyncio.Event() for job in self.jobs}
        self._lanes = {lane: asyncio.Semaphore(seats) for lane, seats in LANES.items()}

    async def run(self) -> None:
        """Run every job until `stop` is called; running work gets `GRACE_S` seconds to end.

        Raises whatever ended a job that should have lived; the others are wound down first.
        """
        self._tasks = {job.name: asyncio.create_task(self._live(job), name=f"job {job.name}") for job in self.jobs}
        stopped = asyncio.create_task(self._stopping.wait(), name="stop")
        ended, _ = await asyncio.wait([stopped, *self._tasks.values()], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        self.stop()
        await self._wind_down()
        for task in ended - {stopped}:
            await task

    def stop(self) -> None:
        """Begin no further run."""
        self._stopping.set()

    def ring(self, name: str) -> None:
        """Let a job look at once; one that is at work looks again when it has ended."""
        self._bells[name].set()

    async def _wind_down(self) -> None:
        for job in self.jobs:
            if not self.pulses[job.name].busy:
                self._tasks[job.name].cancel()
        _, late = await asyncio.wait(self._tasks.values(), timeout=GRACE_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _live(self, job: Job) -> None:
        # The first looks are spread over a second, so that start-up is not a stampede.
        await self.clock.sleep(self.chance.stream("start").uniform(0, min(job.every_s, 1.0)))
        while not self._stopping.is_set():
            async with self._lanes[job.lane]:
                await self._turn(job)
            if not self._stopping.is_set():
                await self._rest(job)

    async def _rest(self, job: Job) -> None:
        """Wait until the job should look again, or somebody rings."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.rest_s(job)):
                await self._bells[job.name].wait()
        self._bells[job.name].clear()

    async def _turn(self, job: Job) -> None:
        """Run a job once, and write down how it went."""
        pulse = self.pulses[job.name]
        started_at = self.clock.now()
        pulse.busy = True
        try:
            run = await self._try(job, started_at)
        finally:
            pulse.busy = False
        pulse.last_at, pulse.error = run.ended_at, run.error
        pulse.failures = pulse.failures + 1 if run.outcome is Outcome.FAILED else 0
        await self._write(job, run)

    async def _try(self, job: Job, started_at: int) -> Run:
        units, error, attempt = 0, "", 0
        for attempt in range(1, job.tries + 1):
            done, error = await self._work(job)
            units += done
            if not error:
                break
            if attempt < job.tries:
                await self.clock.sleep(backoff_s(attempt, rng=self.chance.stream("retry"), max_s=job.every_s))
        return Run(
            id=self.chance.name("run"), job=job.name, slot_at=started_at, started_at=started_at,
            ended_at=self.clock.now(), outcome=Outcome.FAILED if error else Outcome.DONE, attempt=attempt,
            units=units, owner=self.owner, error=error[:500],
        )  # fmt: skip

    async def _work(self, job: Job) -> tuple[int, str]:
        """Work until nothing is left to do or the turn is over; return the pieces done, and what went wrong, if any.

        Each piece has the whole time: a slow one is not cut off because others came before it.
        """
        units, turn_ends = 0, self.clock.monotonic() + job.timeout_s
        while units < job.units_max and not self._stopping.is_set() and self.clock.monotonic() < turn_ends:
            more, error = await self._piece(job)
            if error or not more:
                return units, error
            units += 1
        return units, ""

    async def _piece(self, job: Job) -> tuple[bool, str]:
        """Do one piece of work; return whether there is more, and what went wrong, in words."""
        deadline = asyncio.timeout(job.timeout_s)
        try:
            async with deadline:
                return await self.work[job.name](), ""
        except BowerbirdError as failure:
            return False, f"{type(failure).__name__}: {failure}"
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return False, "cancelled from inside: what it waited for was stopped"
        except Exception as failure:  # noqa: BLE001 - the seam: whatever it was becomes a failed run and a fact
            if deadline.expired():
                return False, f"cut off after {job.timeout_s:g} s"
            return False, f"unforeseen {type(failure).__name__}: {failure}"

    async def _write(self, job: Job, run: Run) -> None:
        """Write a run, with the fact of the first failure in a row.

        1. Nothing done, or failed once more: once a minute is enough. 2. Whatever else is empty: ten times a minute.
        3. A fact that could not be written is owed, and goes with the next run that can be.
        """
        pulse = self.pulses[job.name]
        ended_at = run.ended_at or run.started_at
        if run.outcome is Outcome.FAILED and pulse.failures <= 1:
            data = {"error": run.error, "attempt": run.attempt}
            pulse.owed = pulse.owed or Fact(kind="job_failed", at=ended_at, by=job.name, data=data)
        if not self._worth_writing(pulse, run, ended_at):
            return
        try:
            await self.storage.record(Batch(runs=(run,), facts=(pulse.owed,) if pulse.owed else ()))
        except BowerbirdError as error:
            pulse.error = f"the run could not be written: {error}"  # shown by the pulse; the next run tries again
        else:
            pulse.written, pulse.written_at, pulse.owed = run.outcome, ended_at, None

    def _worth_writing(self, pulse: Pulse, run: Run, ended_at: int) -> bool:
        if ended_at - pulse.minute_at >= QUIET_S * SECOND_US:
            pulse.minute_at, pulse.lines = ended_at, 0
        again = pulse.failures > FAILURES_TOLD if run.outcome is Outcome.FAILED else run.units == 0
        same = again and pulse.written is run.outcome and ended_at - pulse.written_at < QUIET_S * SECOND_US
        if (same and not pulse.owed) or (run.units == 0 and pulse.lines >= LINES_MAX):
            return False
        pulse.lines += 1
        return True

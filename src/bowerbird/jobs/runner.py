"""Execute the table in one process.

Each job lives in a task of its own: it sleeps, takes a seat in its lane, works until there is nothing to do
or its turn is over, and writes down how that went. A run that fails is tried again inside its turn, with
jittered backoff; whatever it raises becomes a failed run and a fact, and the job lives on.

A quiet job does not fill the books: a run that found nothing to do is written once a minute, and so is one that
keeps failing. A job that ends by itself is a defect: it takes the engine with it, so that it is started again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bowerbird.core.errors import BowerbirdError
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Batch, Chance, Clock, Recorder
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Outcome, Run
from bowerbird.jobs.table import LANES, Job
from bowerbird.resilience.retry import backoff_s

QUIET_S = 60.0
"""A run that found nothing to do, or failed once more, is written at most this often per job."""
FAILURES_TOLD = 3
"""So many failed runs in a row are written one by one."""
GRACE_S = 20.0
"""How long running work may take to come to an end when the engine stops."""

Work = Callable[[], Awaitable[bool]]
"""One bounded piece of work; True asks to come back at once."""


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
    """

    last_at: int | None = None
    failures: int = 0
    busy: bool = False
    written: Outcome | None = None
    written_at: int = 0
    error: str = ""


@dataclass
class Runner:
    """Runs jobs until it is stopped.

    Args:
        work: the callable of each job, by name; every job of the table needs one.
        owner: the boot id of this process, written into each run.
    """

    jobs: Sequence[Job]
    work: Mapping[str, Work]
    storage: Books
    clock: Clock
    chance: Chance
    owner: str
    pulses: dict[str, Pulse] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        missing = [job.name for job in self.jobs if job.name not in self.work]
        if missing:
            raise ValueError(f"no work is bound to {', '.join(missing)}")
        self.pulses = {job.name: Pulse() for job in self.jobs}
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
                await self.clock.sleep(job.every_s)

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
            try:
                async with asyncio.timeout(job.timeout_s):
                    units = await self._work(job)
                error = ""
                break
            except TimeoutError:
                error = f"cut off after {job.timeout_s:g} s"
            except BowerbirdError as failure:
                error = f"{type(failure).__name__}: {failure}"
            except Exception as failure:  # noqa: BLE001 - the seam: whatever it was becomes a failed run and a fact
                error = f"unforeseen {type(failure).__name__}: {failure}"
            if attempt < job.tries:
                await self.clock.sleep(backoff_s(attempt, rng=self.chance.stream("retry"), max_s=job.every_s))
        return Run(
            id=self.chance.name("run"), job=job.name, slot_at=started_at, started_at=started_at,
            ended_at=self.clock.now(), outcome=Outcome.FAILED if error else Outcome.DONE, attempt=attempt,
            units=units, owner=self.owner, error=error[:500],
        )  # fmt: skip

    async def _work(self, job: Job) -> int:
        units = 0
        while units < job.units_max and not self._stopping.is_set() and await self.work[job.name]():
            units += 1
        return units

    async def _write(self, job: Job, run: Run) -> None:
        pulse = self.pulses[job.name]
        ended_at = run.ended_at or run.started_at
        again = pulse.failures > FAILURES_TOLD if run.outcome is Outcome.FAILED else run.units == 0
        if again and pulse.written is run.outcome and ended_at - pulse.written_at < QUIET_S * SECOND_US:
            return
        failed = Fact(kind="job_failed", at=ended_at, by=job.name, data={"error": run.error, "attempt": run.attempt})
        facts = (failed,) if run.outcome is Outcome.FAILED and pulse.failures <= 1 else ()
        try:
            await self.storage.record(Batch(runs=(run,), facts=facts))
            pulse.written, pulse.written_at = run.outcome, ended_at
        except BowerbirdError as error:
            pulse.error = f"the run could not be written: {error}"  # shown by the pulse; the next run tries again

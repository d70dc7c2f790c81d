"""Execute the table in one process.

Each job lives in a task of its own: it rests until its slot, takes a seat in its lane, works until there is nothing
to do or its turn is over, and writes down how that went. Slots lie on a grid of monotonic time, so a step of the wall
clock neither bursts nor stops anything.

* A run that fails is tried again inside its turn, or, if its job is critical, again after 1, 2, 4 ... seconds.
* Slots that nobody ran (the machine slept, the loop stood still, no seat was free) are made up by one run; the rest
  are skipped, counted and told with the reason. Slots that pass while the job itself works belong to that run.
* A piece that hangs is cut off, and its seat is free again, whether it lets go or not. One that gives no sign of life
  is not waited for until its time is over.
* A timer that does not fire is started again by `jobs.timers`.
* A critical job is held back by nothing but a person who pauses its lane: a gate is not even asked about it.
* In a paused lane nothing new is begun: no run, and no further piece of one that is under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bowerbird.core.errors import BowerbirdError
from bowerbird.core.ports import Chance, Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Outcome, Run
from bowerbird.jobs.lanes import Lanes, Seat
from bowerbird.jobs.logbook import Books, Logbook
from bowerbird.jobs.pauses import Pauses
from bowerbird.jobs.piece import LET_GO_S, carry_out
from bowerbird.jobs.pulse import STILL_S, Pulse
from bowerbird.jobs.skips import Skips
from bowerbird.jobs.table import LANES, SEATS, Job, Lane
from bowerbird.resilience.deadline import listen
from bowerbird.resilience.failpoints import reach
from bowerbird.resilience.retry import backoff_s

GRACE_S = 20.0
"""How long running work may take to come to an end when the engine stops."""
STRAYS_MAX = 3
"""So many pieces of a job may be abandoned and still there before no further one is begun."""

Work = Callable[[], Awaitable[bool]]
"""One bounded piece of work; True asks to come back at once."""


def period(job: Job) -> float:
    """Rest for as long as the table says, in seconds."""
    return job.every_s


def no_gate(job: Job) -> str:
    """Hold nothing back."""
    return ""


@dataclass
class Runner:
    """Runs jobs until it is stopped.

    Args:
        work: the callable of each job, by name; every job of the table needs one.
        owner: the boot id of this process, written into each run.
        rest_s: asked after each run for how long its job rests, in seconds; `ring` ends a rest at once. Whoever knows
            when there will be something to do can let a job sleep until then.
        gate: asked before each run of a job that is not critical; a sentence holds it back until its next slot.
        lanes, seats: what the jobs compete for. pauses: which lanes a person paused.
    """

    jobs: Sequence[Job]
    work: Mapping[str, Work]
    storage: Books
    clock: Clock
    chance: Chance
    owner: str
    rest_s: Callable[[Job], float] = period
    gate: Callable[[Job], str] = no_gate
    lanes: Mapping[str, Lane] = field(default_factory=lambda: LANES)
    seats: int = SEATS
    pauses: Pauses = field(default_factory=Pauses)
    pulses: dict[str, Pulse] = field(default_factory=dict)
    places: Lanes = field(init=False)
    book: Logbook = field(init=False)
    skips: Skips = field(init=False)
    running: bool = False
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _held: dict[str, Seat] = field(default_factory=dict)
    _acting: dict[str, asyncio.Task[Any]] = field(default_factory=dict)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _bells: dict[str, asyncio.Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = [job.name for job in self.jobs if job.name not in self.work]
        if missing:
            raise ValueError(f"no work is bound to {', '.join(missing)}")
        self.pulses = {job.name: Pulse() for job in self.jobs}
        self._bells = {job.name: asyncio.Event() for job in self.jobs}
        self.places = Lanes(self.lanes, self.seats)
        self.book = Logbook(self.storage, self.clock, self.owner)
        self.skips = Skips(self.book, self.clock)

    async def run(self) -> None:
        """Run every job until `stop` is called; running work gets `GRACE_S` seconds to end."""
        await reach("jobs.start")
        # The first looks are spread over a second, so that start-up is not a stampede.
        spread = self.chance.stream("start")
        for job in self.jobs:
            self.pulses[job.name].born = self.clock.monotonic()
            self._start(job, spread.uniform(0, min(job.every_s, 1.0)))
        self.running = True
        try:
            await self._stopping.wait()
        finally:
            self.running = False
            if not self._stopping.is_set():  # not stopped but cancelled: there is no time for a farewell
                self.stop()
                for task in self._tasks.values():
                    task.cancel()
        await self._wind_down()

    def stop(self) -> None:
        """Begin no further run."""
        self._stopping.set()

    def ring(self, name: str) -> None:
        """Let a job look at once; one that is at work looks again when it has ended."""
        pulse = self.pulses[name]
        pulse.rung = pulse.busy is not None or pulse.waiting is not None
        if not pulse.rung:
            self.move(name, min(pulse.next_slot, self.clock.monotonic()))

    def move(self, name: str, slot: float) -> None:
        """Move the next slot of a job to another instant (monotonic seconds)."""
        self.pulses[name].next_slot = slot
        self._bells[name].set()

    async def _wind_down(self) -> None:
        tasks = self._tasks
        for name, task in tasks.items():
            if self.pulses[name].busy is None:
                task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks.values(), timeout=GRACE_S)
            for task in late:
                task.cancel()
            await asyncio.wait(tasks.values(), timeout=2 * LET_GO_S)
        await self.book.write()

    async def write(self) -> None:
        """Write down what waits for it, if the last time is long enough ago; take in what earlier processes ran."""
        if self.book.due():
            for run in await self.book.write():
                if run.job in self.pulses:
                    self.pulses[run.job].recall(run)

    # --- the life of a job ----------------------------------------------------------------------------------

    def _start(self, job: Job, rest_s: float) -> None:
        self.pulses[job.name].next_slot = self.clock.monotonic() + rest_s
        task = asyncio.create_task(self._live(job), name=f"job {job.name}")
        self._tasks[job.name] = task
        task.add_done_callback(partial(self._ended, job))

    def _ended(self, job: Job, task: asyncio.Task[None]) -> None:
        """A job never ends by itself; if it does, that is told, and it is started again in a second."""
        error = None if task.cancelled() else task.exception()
        if self._stopping.is_set() or self._tasks.get(job.name) is not task:
            return
        why = f"its timer ended: {type(error).__name__}: {error}" if error else "its timer was cancelled"
        self.revive(job, why, rest_s=1.0)

    def revive(self, job: Job, why: str, rest_s: float = 0.0) -> None:
        """Give up the task of a job, with its seat, and start another."""
        pulse, old = self.pulses[job.name], self._tasks.pop(job.name)
        old.cancel()
        if seat := self._held.pop(job.name, None):
            self.places.give(seat)
        pulse.busy = pulse.waiting = None
        pulse.revived += 1
        late_s = round(max(0.0, self.clock.monotonic() - pulse.next_slot), 1)
        healing = "its timer was started again"
        self.book.note("job_overdue", job, why=why, late_s=late_s, healed_by=healing)
        self._start(job, rest_s)

    async def _live(self, job: Job) -> None:
        while not self._stopping.is_set():
            await self._rest(job)
            if await reach(f"jobs.timer.{job.name}"):  # a drill: the timer never fires
                await self._stopping.wait()
            if not self._held_back(job):
                await self._turn(job)
            self._schedule(job)
            await self.write()

    async def _rest(self, job: Job) -> None:
        """Wait for the slot; a bell means that the slot has moved."""
        pulse, bell = self.pulses[job.name], self._bells[job.name]
        while (left_s := pulse.next_slot - self.clock.monotonic()) > 0:
            timer = asyncio.get_running_loop().call_later(left_s, bell.set)
            try:
                await bell.wait()
            finally:
                timer.cancel()
            bell.clear()
        bell.clear()

    def _schedule(self, job: Job) -> None:
        """Find the next slot.

        1. Rung meanwhile: at once. 2. Who was told to rest for another time than its period: after that.
        3. Else the first slot of the grid that is not past. 4. Failed and critical: sooner, if the backoff is shorter.
        """
        pulse, now, rest_s = self.pulses[job.name], self.clock.monotonic(), self.rest_s(job)
        if pulse.rung:
            pulse.rung, pulse.next_slot = False, now
            return
        if rest_s == job.every_s:
            passed = int(max(0.0, now - pulse.next_slot) // rest_s)
            if pulse.late_why and passed > pulse.missed:  # the machine slept in the middle of the run
                self.skips.count(job, pulse, pulse.late_why, passed - pulse.missed)
            pulse.late_why, pulse.missed = "", 0
            pulse.next_slot += (passed + 1) * rest_s
        else:
            pulse.next_slot = now + rest_s
        if job.critical and pulse.failures:
            pulse.next_slot = min(pulse.next_slot, now + min(job.every_s, 2.0 ** min(pulse.failures - 1, 30)))

    def _held_back(self, job: Job) -> bool:
        paused, pulse = self.pauses.of(job.lane), self.pulses[job.name]
        why = paused.sentence if paused else "" if job.critical else self.gate(job)
        if why:
            pulse.skipped_why = why
            self.skips.count(job, pulse, f"lane {job.lane} is paused" if paused else why, 1)
        return bool(why)

    # --- a run ----------------------------------------------------------------------------------------------

    async def _turn(self, job: Job) -> None:
        """Run a job once, and keep how it went; the seat is free as soon as the work is over."""
        pulse, asked = self.pulses[job.name], self.clock.monotonic()
        pulse.missed = self.skips.missed(job, pulse, asked, pulse.late_why or "the event loop stood still")
        pulse.late_why, pulse.waiting = "", asked
        try:
            seat = await self.places.take(job.lane, slot=pulse.next_slot, now=asked, critical=job.critical)
        finally:
            pulse.waiting = None
        began = pulse.busy = self.clock.monotonic()
        self.places.waits[job.lane] = began - asked
        self._held[job.name] = seat
        why = f"no seat was free in the lane {job.lane}"
        pulse.missed = self.skips.missed(job, pulse, began, why, but=pulse.missed)
        pulse.lateness_s = began - pulse.next_slot
        try:
            run = await self._run(job, pulse)
        finally:
            if self._held.get(job.name) is seat:
                pulse.busy = None
                del self._held[job.name]
            self.places.give(seat)
        if run is not None:
            now = self.clock.monotonic()
            pulse.record(run, now=now, took_s=now - began)
            self.book.add(run, failures=pulse.failures, claimed=job.claimed)

    async def _run(self, job: Job, pulse: Pulse) -> Run | None:
        """Claim the slot where that is meaningful, and work."""
        now = self.clock.now()
        pulse.slot_at = max(pulse.slot_at + 1, now - round((pulse.lateness_s or 0.0) * SECOND_US))
        attempt = 1 + (pulse.failures if job.critical else 0)
        run = partial(
            Run, id=self.chance.name("run"), job=job.name, slot_at=pulse.slot_at, started_at=now, owner=self.owner
        )
        if job.claimed:
            try:
                if not await self.storage.claim_run(run(attempt=attempt)):
                    self.skips.count(job, pulse, "another process has run this slot", 1)
                    return None
            except BowerbirdError as error:
                said = f"{type(error).__name__}: {error}"
                return run(attempt=attempt, ended_at=self.clock.now(), outcome=Outcome.FAILED, error=said[:500])
        return await self._try(job, run, attempt)

    async def _try(self, job: Job, run: Callable[..., Run], attempt: int) -> Run:
        units, error, again = 0, "", 0
        for again in range(1 if job.critical else job.tries):
            if again:
                await self.clock.sleep(backoff_s(again, rng=self.chance.stream("retry"), max_s=job.every_s))
            done, error = await self._work(job)
            units += done
            if not error:
                break
        outcome = Outcome.FAILED if error else Outcome.DONE
        return run(
            ended_at=self.clock.now(), outcome=outcome, attempt=attempt + again, units=units, error=error[:500]
        )  # fmt: skip

    async def _work(self, job: Job) -> tuple[int, str]:
        """Work until nothing is left to do or the turn is over; return the pieces done, and what went wrong, if any.

        Each piece has the whole time: a slow one is not cut off because others came before it.
        """
        units, turn_ends = 0, self.clock.monotonic() + job.timeout_s
        while units < job.units_max and self.clock.monotonic() < turn_ends:
            if self._stopping.is_set() or (units and self.pauses.of(job.lane)):
                break
            more, error = await self._piece(job)
            if error or not more:
                return units, error
            units += 1
        return units, ""

    async def _piece(self, job: Job) -> tuple[bool, str]:
        """Do one piece of work; return whether there is more, and what went wrong, in words."""
        pulse = self.pulses[job.name]
        if pulse.strays >= STRAYS_MAX:
            return False, f"{pulse.strays} pieces of it were abandoned and hang still; no further one is begun"
        pulse.begin(self.clock.monotonic())
        ended = await carry_out(partial(self._act, job), timeout_s=job.timeout_s, name=f"work {job.name}")
        self._acting.pop(job.name, None)
        silent = pulse.cut and bool(ended.error)
        pulse.end(self.clock.monotonic(), cut_off=ended.cut_off or silent, timeout_s=job.timeout_s)
        if ended.stray is not None:
            pulse.strays += 1
            ended.stray.add_done_callback(partial(self._came_back, pulse))
        return bool(ended.answer), f"cut off: it stood still for {STILL_S:g} s" if silent else ended.error

    def cut(self, job: Job) -> None:
        """Cut off the piece of a job that stands still; its run goes on as after any piece that was cut off."""
        if (task := self._acting.get(job.name)) and not self.pulses[job.name].cut:
            self.pulses[job.name].cut = True
            task.cancel()

    async def _act(self, job: Job) -> bool:
        pulse, task = self.pulses[job.name], asyncio.current_task()
        if task is not None:
            self._acting[job.name] = task
        listen(lambda quiet_s: pulse.move(self.clock.monotonic(), quiet_s))
        if await reach(f"job.{job.name}"):
            return False
        return await self.work[job.name]()

    def _came_back(self, pulse: Pulse, task: asyncio.Task[bool]) -> None:
        pulse.strays -= 1

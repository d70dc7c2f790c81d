"""Execute the table in one process.

Each job lives in a task of its own: it rests until its slot, takes a seat in its lane, works until there is nothing
to do or its turn is over, and writes down how that went. Slots lie on a grid of monotonic time, so a step of the wall
clock neither bursts nor stops anything.

* A run that fails is tried again inside its turn, or, if its job is critical, again after 1, 2, 4 ... seconds.
* Slots that nobody ran (the machine slept, the loop stood still, no seat was free) are made up by one run; the rest
  are skipped, counted and told with the reason. Slots that pass while the job itself works belong to that run.
* A piece that hangs is cut off, and its seat is free again, whether it lets go or not.
* A timer that does not fire is started again: by `watch_once`, which has to be called every second.
* A critical job is held back by nothing: a gate is not even asked about it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from bowerbird.core.errors import BowerbirdError
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Chance, Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Outcome, Run
from bowerbird.jobs import graph
from bowerbird.jobs.lanes import Lanes, Seat
from bowerbird.jobs.logbook import Books, Logbook
from bowerbird.jobs.piece import LET_GO_S, carry_out
from bowerbird.jobs.pulse import Pulse
from bowerbird.jobs.table import LANES, OVERDUE_MIN_S, SEATS, Job, Lane
from bowerbird.resilience.failpoints import reach
from bowerbird.resilience.retry import backoff_s

GRACE_S = 20.0
"""How long running work may take to come to an end when the engine stops."""
STRAYS_MAX = 3
"""So many pieces of a job may be abandoned and still there before no further one is begun."""
TOLD_S = 60.0
"""Skipped slots of a job are told together, at most this often."""
REVIVE_S = 2.0
"""A job that is overdue is watched for this long before its timer is started again."""
SLEPT_S = 5.0
"""A difference between the time since boot and the monotonic clock from which on the machine slept."""

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
        lanes, seats: what the jobs compete for.
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
    pulses: dict[str, Pulse] = field(default_factory=dict)
    places: Lanes = field(init=False)
    book: Logbook = field(init=False)
    running: bool = False
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _held: dict[str, Seat] = field(default_factory=dict)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _bells: dict[str, asyncio.Event] = field(default_factory=dict)
    _slept: float | None = None

    def __post_init__(self) -> None:
        missing = [job.name for job in self.jobs if job.name not in self.work]
        if missing:
            raise ValueError(f"no work is bound to {', '.join(missing)}")
        self.pulses = {job.name: Pulse() for job in self.jobs}
        self._bells = {job.name: asyncio.Event() for job in self.jobs}
        self.places = Lanes(self.lanes, self.seats)
        self.book = Logbook(self.storage, self.clock, self.chance, self.owner)

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
        pulse.next_slot = min(pulse.next_slot, self.clock.monotonic())
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
        self._revive(job, why, rest_s=1.0)

    def _revive(self, job: Job, why: str, rest_s: float = 0.0) -> None:
        """Give up the task of a job, with its seat, and start another."""
        pulse, old = self.pulses[job.name], self._tasks.pop(job.name)
        old.cancel()
        if seat := self._held.pop(job.name, None):
            self.places.give(seat)
        pulse.busy = pulse.waiting = None
        pulse.revived += 1
        late_s = round(max(0.0, self.clock.monotonic() - pulse.next_slot), 1)
        healing = "its timer was started again"
        self._tell("job_overdue", job, why=why, late_s=late_s, healed_by=healing)
        self._start(job, rest_s)

    async def _live(self, job: Job) -> None:
        while not self._stopping.is_set():
            await self._rest(job)
            if await reach(f"jobs.timer.{job.name}"):  # a drill: the timer never fires
                await self._stopping.wait()
            if not self._held_back(job):
                await self._turn(job)
            self._schedule(job)
            if self.book.due():
                self._recall(await self.book.write())

    async def _rest(self, job: Job) -> None:
        """Wait for the slot; a bell means that the slot has moved."""
        pulse, bell = self.pulses[job.name], self._bells[job.name]
        while (left_s := pulse.next_slot - self.clock.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await bell.wait()
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
            passed = max(0.0, now - pulse.next_slot) // rest_s
            pulse.next_slot += (passed + 1) * rest_s
        else:
            pulse.next_slot = now + rest_s
        if job.critical and pulse.failures:
            pulse.next_slot = min(pulse.next_slot, now + min(job.every_s, 2.0 ** min(pulse.failures - 1, 30)))

    def _held_back(self, job: Job) -> bool:
        why = "" if job.critical else self.gate(job)
        if why:
            self.pulses[job.name].skipped_why = why
            self._skip(job, why, 1)
        return bool(why)

    # --- a run ----------------------------------------------------------------------------------------------

    async def _turn(self, job: Job) -> None:
        """Run a job once, and keep how it went; the seat is free as soon as the work is over."""
        pulse, asked = self.pulses[job.name], self.clock.monotonic()
        late = self._missed(job, asked, pulse.late_why or "the event loop stood still")
        pulse.late_why, pulse.waiting = "", asked
        try:
            seat = await self.places.take(job.lane, slot=pulse.next_slot, now=asked, critical=job.critical)
        finally:
            pulse.waiting = None
        began = pulse.busy = self.clock.monotonic()
        self.places.waits[job.lane] = began - asked
        self._held[job.name] = seat
        self._missed(job, began, f"no seat was free in the lane {job.lane}", but=late)
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
        name = self.chance.name("run") if job.claimed else ""  # the logbook names those that turn out worth a line
        attempt = 1 + (pulse.failures if job.critical else 0)
        run = Run(
            id=name, job=job.name, slot_at=pulse.slot_at, started_at=now, owner=self.owner, attempt=attempt
        )  # fmt: skip
        if job.claimed:
            try:
                if not await self.storage.claim_run(run):
                    self._skip(job, "another process has run this slot", 1)
                    return None
            except BowerbirdError as error:
                said = f"{type(error).__name__}: {error}"
                return replace(run, ended_at=self.clock.now(), outcome=Outcome.FAILED, error=said[:500])
        return await self._try(job, run)

    async def _try(self, job: Job, run: Run) -> Run:
        units, error, again = 0, "", 0
        for again in range(1 if job.critical else job.tries):
            if again:
                await self.clock.sleep(backoff_s(again, rng=self.chance.stream("retry"), max_s=job.every_s))
            done, error = await self._work(job)
            units += done
            if not error:
                break
        outcome = Outcome.FAILED if error else Outcome.DONE
        return replace(
            run, ended_at=self.clock.now(), outcome=outcome, attempt=run.attempt + again, units=units, error=error[:500]
        )

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
        pulse = self.pulses[job.name]
        if pulse.strays >= STRAYS_MAX:
            return False, f"{pulse.strays} pieces of it were abandoned and hang still; no further one is begun"
        ended = await carry_out(partial(self._act, job), timeout_s=job.timeout_s, name=f"work {job.name}")
        if ended.stray is not None:
            pulse.strays += 1
            ended.stray.add_done_callback(partial(self._came_back, pulse))
        return bool(ended.answer), ended.error

    async def _act(self, job: Job) -> bool:
        if await reach(f"job.{job.name}"):
            return False
        return await self.work[job.name]()

    def _came_back(self, pulse: Pulse, task: asyncio.Task[bool]) -> None:
        pulse.strays -= 1

    # --- what was missed ------------------------------------------------------------------------------------

    def _missed(self, job: Job, now: float, why: str, *, but: int = 0) -> int:
        """Count the slots before the one that is made up; less than five seconds late is late, not missed."""
        late_s = now - self.pulses[job.name].next_slot
        slots = 0 if late_s < max(job.every_s, OVERDUE_MIN_S) else int(late_s // job.every_s)
        if slots > but:
            self._skip(job, why, slots - but)
        return max(slots, but)

    def _skip(self, job: Job, why: str, slots: int) -> None:
        """Count skipped slots, and tell them together, at most once a minute for each job."""
        pulse, now = self.pulses[job.name], self.clock.monotonic()
        pulse.skip(why, slots)
        if pulse.skips_told is None or now - pulse.skips_told >= TOLD_S:
            self._tell_skips(job)

    def _tell_skips(self, job: Job) -> None:
        pulse = self.pulses[job.name]
        self._tell("job_skipped", job, slots=pulse.untold.total(), why=dict(pulse.untold), critical=job.critical)
        pulse.untold.clear()
        pulse.skips_told = self.clock.monotonic()

    def _tell(self, kind: str, job: Job, **data: object) -> None:
        self.book.tell(Fact(kind=kind, at=self.clock.now(), by="jobs", data={"job": job.name, **data}))

    def _recall(self, earlier: Sequence[Run]) -> None:
        for run in earlier:
            if run.job in self.pulses:
                self.pulses[run.job].recall(run)

    # --- the watch over the timers --------------------------------------------------------------------------

    async def watch_once(self) -> None:
        """Look after the timers; to be called every second.

        1. The machine slept: every slot moves back by as long, so that what was missed is made up once, now.
        2. A job that is past its slot by more than its slack is overdue; seen twice, that is told.
        3. If it neither works nor waits for a seat, its timer is lost: start it again.
        4. Tell who has begun to wait for the results of another job, and what was skipped and not told yet.
        5. Write what waits.
        """
        if not self.running:
            return
        self._wake()
        for job in self.jobs:
            self._look_after(job)
        self._tell_blocked()
        if self.book.due():
            self._recall(await self.book.write())

    def _wake(self) -> None:
        asleep = self.clock.boottime() - self.clock.monotonic()
        slept_s, self._slept = asleep - (asleep if self._slept is None else self._slept), asleep
        if slept_s < SLEPT_S:
            return
        for job in self.jobs:
            pulse = self.pulses[job.name]
            pulse.next_slot -= slept_s
            pulse.late_why = f"the machine slept for {slept_s:.0f} s"
            self._bells[job.name].set()

    def _look_after(self, job: Job) -> None:
        pulse, now = self.pulses[job.name], self.clock.monotonic()
        if pulse.untold and now - (pulse.skips_told or 0.0) >= TOLD_S:
            self._tell_skips(job)
        if pulse.busy is not None and now - pulse.busy > self._turn_max_s(job):
            self._revive(job, f"its run did not end within {self._turn_max_s(job):.0f} s")
            return
        late_s = pulse.overdue_s(job, now)
        if not late_s:
            pulse.overdue_at, pulse.overdue_told = None, False
        elif pulse.overdue_at is None:
            pulse.overdue_at = now
        elif pulse.waiting is not None and not pulse.overdue_told:
            pulse.overdue_told = True
            self._tell("job_overdue", job, why=f"it waits for a seat in the lane {job.lane}", late_s=round(late_s, 1))
        elif pulse.waiting is None and now - pulse.overdue_at >= REVIVE_S:
            self._revive(job, "its timer did not fire")

    def _turn_max_s(self, job: Job) -> float:
        """The longest that all tries of a run can take: a turn, and one piece that began at its very end."""
        return (1 if job.critical else job.tries) * (2 * job.timeout_s + LET_GO_S + job.every_s) + GRACE_S

    def _tell_blocked(self) -> None:
        now = self.clock.monotonic()
        for job in self.jobs:
            pulse = self.pulses[job.name]
            by = graph.blocked_by(job, self.jobs, self.pulses, now)
            if by and by != pulse.blocked_by:
                pulse.blocked_at = self.clock.now()
                self._tell("job_blocked", job, by=by, root=graph.root_of(job, self.jobs, self.pulses, now))
            pulse.blocked_by, pulse.blocked_at = by, pulse.blocked_at if by else None

"""Who watches the watchers: small loops that must never die in silence, and one that looks after them.

1. Each monitor is a step that is carried out again and again, under its time limit, in a task of its own.
2. A step that raises, hangs or ends its task is a death: counted, told as `monitor_died`, and started again within a
   second, later (up to 5 s) if it dies again and again.
3. What fails with a word of our own vocabulary (the books are shut) is a round that failed, not a death: the monitor
   is alive, and whoever owns the fault tells it.
4. The supervisor looks at every task twice a second; if it dies itself, `run` raises and the engine ends.
5. A monitor without which nobody is told anything (`needed`) must come round: if it dies `FIRST_DEATHS` times in a row
   before one round is over, `run` raises, too. The engine ends, and the guardian, who needs none of us, tells it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.ports import Clock
from bowerbird.jobs.piece import LET_GO_S, carry_out
from bowerbird.resilience.failpoints import reach

LOOK_S = 0.5
"""Seconds between two looks of the supervisor."""
AGAIN_S = (0.5, 1.0, 2.0, 5.0)
"""Seconds until a monitor is started again after one death, two in a row, and so on."""
CALM_S = 60.0
"""A monitor that has lived for this long starts again as if it had never died, in seconds."""
TELL_S = 4.0
"""How long telling may take before it is tried again at the next look, in seconds."""
FIRST_DEATHS = 3
"""Deaths in a row in the first round after a start, after which a monitor that is needed is given up."""
OWED_MAX = 100
"""Facts kept while they cannot be told; the oldest go first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """One loop.

    Args:
        name: as in `METRICS` and facts; its failpoint is ``monitor.<name>``.
        step: one round; whatever it returns is ignored.
        every_s: seconds from the end of a round to the beginning of the next.
        timeout_s: a round that takes longer is cut off and counts as a death.
        needed: without it nobody would hear that it is gone, so the engine ends if it cannot come round.
        bell: begins the next round at once when it is set.
    """

    name: str
    step: Callable[[], Awaitable[object]]
    every_s: float
    timeout_s: float = 3.0
    needed: bool = False
    bell: asyncio.Event | None = None


@dataclass(slots=True)
class Vital:
    """How one monitor is: when it last came round, its deaths, and how many of them in a row (monotonic seconds).

    `in_vain` are the deaths since a round was last over.
    """

    round: float
    started: float = 0.0
    deaths: int = 0
    in_a_row: int = 0
    in_vain: int = 0
    died: float | None = None
    task: asyncio.Task[None] | None = None
    error: str = ""


@dataclass
class Supervisor:
    """Keeps monitors alive until it is cancelled.

    Args:
        tell: writes a fact; may raise, and is tried again.
    """

    monitors: Sequence[Monitor]
    clock: Clock
    tell: Callable[[Fact], Awaitable[object]]
    vitals: dict[str, Vital] = field(default_factory=dict)
    _owed: deque[Fact] = field(default_factory=lambda: deque(maxlen=OWED_MAX))
    _telling: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Start every monitor, and start those again that die; ends only by cancellation, or with its own defect.

        Raises:
            GivenUpError: a monitor that is needed died in its first round again and again.
        """
        now = self.clock.monotonic()
        self.vitals = {monitor.name: Vital(now) for monitor in self.monitors}
        try:
            while True:
                self._forgive(now)
                for monitor in self.monitors:
                    self._look_after(monitor)
                self._tell_owed()
                now = self.clock.monotonic()
                await self.clock.sleep(LOOK_S)
        finally:
            for task in (self._telling, *(vital.task for vital in self.vitals.values())):
                if task is not None:
                    task.cancel()

    def samples(self) -> list[Sample]:
        """Deaths of each monitor, and how long ago it last came round."""
        now, found = self.clock.monotonic(), []
        for name, vital in self.vitals.items():
            labels = {"monitor": name}
            found.append(Sample(name="bowerbird_monitor_deaths_total", value=vital.deaths, labels=labels))
            found.append(
                Sample(name="bowerbird_monitor_silence_seconds", value=max(0.0, now - vital.round), labels=labels)
            )
        return found

    def _forgive(self, looked: float) -> None:
        """Blame no monitor for a loop that stood still: that was everybody's silence, the supervisor's too."""
        stood_s = self.clock.monotonic() - looked - LOOK_S
        if stood_s > LOOK_S:
            for vital in self.vitals.values():
                vital.round += stood_s

    def _look_after(self, monitor: Monitor) -> None:
        vital, now = self.vitals[monitor.name], self.clock.monotonic()
        if vital.task is None:
            self._start(monitor)
        elif vital.task.done() and vital.died is None:
            self._mourn(monitor, self._last_words(vital.task))
        elif vital.died is not None and now - vital.died >= AGAIN_S[min(vital.in_a_row, len(AGAIN_S)) - 1]:
            self._start(monitor)
            data = {"monitor": monitor.name, "deaths": vital.deaths}
            self._owed.append(Fact(kind="monitor_started", at=self.clock.now(), by="monitors", data=data))
        elif vital.died is None and now - vital.round > monitor.every_s + monitor.timeout_s + 2 * LET_GO_S:
            vital.task.cancel()
            self._mourn(monitor, "it did not come round")

    def _start(self, monitor: Monitor) -> None:
        vital = self.vitals[monitor.name]
        vital.died, vital.started = None, self.clock.monotonic()
        vital.round = vital.started
        vital.task = asyncio.create_task(self._live(monitor, vital), name=f"monitor {monitor.name}")

    def _mourn(self, monitor: Monitor, error: str) -> None:
        """Count a death, and owe the fact of it."""
        vital, now = self.vitals[monitor.name], self.clock.monotonic()
        vital.deaths += 1
        vital.in_a_row = 1 if now - vital.started > CALM_S else vital.in_a_row + 1
        vital.in_vain += 1
        vital.died, vital.error = now, error
        if monitor.needed and vital.in_vain >= FIRST_DEATHS:
            raise GivenUpError(
                f"the monitor {monitor.name} died {vital.in_vain} times in its first round, and without it nobody is "
                f"told anything: {error}"
            )
        data = {"monitor": monitor.name, "error": error, "deaths": vital.deaths, "healed_by": "it is started again"}
        self._owed.append(Fact(kind="monitor_died", at=self.clock.now(), by="monitors", data=data))

    def _last_words(self, task: asyncio.Task[None]) -> str:
        if task.cancelled():
            return "it was cancelled"
        error = task.exception()
        return f"{type(error).__name__}: {error}" if error else "it ended by itself"

    async def _live(self, monitor: Monitor, vital: Vital) -> None:
        while True:
            ended = await carry_out(partial(self._round, monitor), timeout_s=monitor.timeout_s, name=monitor.name)
            if ended.error and not ended.foreseen:
                raise DiedError(ended.error)
            vital.round, vital.error, vital.in_vain = self.clock.monotonic(), ended.error, 0
            await self._rest(monitor)

    async def _rest(self, monitor: Monitor) -> None:
        """Wait for the next round, or for its bell."""
        if monitor.bell is None:
            await self.clock.sleep(monitor.every_s)
            return
        waits = [asyncio.ensure_future(self.clock.sleep(monitor.every_s)), asyncio.ensure_future(monitor.bell.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        monitor.bell.clear()

    async def _round(self, monitor: Monitor) -> None:
        if not await reach(f"monitor.{monitor.name}"):
            await monitor.step()

    def _tell_owed(self) -> None:
        if self._owed and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(self._tell_all(), name="tell of monitors")

    async def _tell_all(self) -> None:
        while self._owed:
            fact = self._owed[0]
            ended = await carry_out(partial(self.tell, fact), timeout_s=TELL_S, name="tell")
            if ended.error:
                return  # it stays owed; the next look tries again
            if self._owed and self._owed[0] is fact:
                self._owed.popleft()


class DiedError(Exception):
    """A round of a monitor went wrong in a way that nobody foresaw."""


class GivenUpError(Exception):
    """A monitor without which nobody is told cannot come round; only a new process can help."""

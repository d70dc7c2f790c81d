"""One life of the engine in a simulated year: the real table, runner, rooms, breakers, boot, monitors and alerts.

What the composition root puts together is put together here too, from the same pieces; only the books are in memory,
the platforms, the browser and the channels are fake, and every port dies with the process. The guardian and its
journal belong to another process and have no part in this.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast

from bowerbird.alerts.graph import Edges
from bowerbird.alerts.incidents import Judge
from bowerbird.alerts.notifiers import Channel
from bowerbird.alerts.outbox import Outbox
from bowerbird.app.binding import Bound, bind
from bowerbird.app.books import write_proof
from bowerbird.app.connections import Connections
from bowerbird.app.counting import Counting
from bowerbird.app.parts import Browser, Jobs, parts_of
from bowerbird.app.sampling import Sampling, Source
from bowerbird.app.watching import Endless, Watching, graph_of, monitors_of, telling
from bowerbird.browsers.pool import Pool
from bowerbird.clock import SeededChance, VirtualClock
from bowerbird.core.account import Account
from bowerbird.core.books import Batch, Storage
from bowerbird.core.errors import StorageError
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.incident import Delivery
from bowerbird.core.ports import Platform, Writer
from bowerbird.core.work import Owner
from bowerbird.jobs.monitors import Monitor, Supervisor, Vital
from bowerbird.jobs.pauses import Pauses
from bowerbird.jobs.runner import Runner
from bowerbird.jobs.table import JOBS
from bowerbird.settings import Settings
from bowerbird.simulation.mortal import BuriedError, Mortal, Process
from bowerbird.simulation.years.bell import IDLE_MAX_S, Bell
from bowerbird.simulation.years.pace import CALM_S, Pace, PacedClock
from bowerbird.simulation.years.spool import ListedSpool, SpooledMemory
from bowerbird.startup.boot import Boot
from bowerbird.startup.heart import BEAT_S, Heart
from bowerbird.startup.lag import Lag
from bowerbird.startup.late import Late
from bowerbird.storage.memory import MemoryBooks
from bowerbird.writers.ladder import Ladder

CHANNELS = (Channel("phone", "fake://phone"), Channel("mail", "fake://mail"))
"""Where alerts go, the first one first."""


LIVING: ContextVar[Process | None] = ContextVar("LIVING", default=None)
"""Whose task it is: what a dead engine still turns over in its memory harms nobody."""
SNAPSHOTS_S = 21_600.0
"""How often the snapshots for the page are drawn, seconds."""


class Stage(Protocol):
    """What an engine sees of its world."""

    clock: VirtualClock
    chance: SeededChance
    books: MemoryBooks
    pace: Pace
    bell: Bell
    spool: ListedSpool
    settings: Settings

    def way(self, account: Account, driver: str) -> Platform:
        """The platform as this account sees it by this driver."""

    def start_browser(self) -> None:
        """Start the browser; raises what keeps it from starting."""

    def writer(self) -> Ladder:
        """Who writes."""

    async def notify(self, channel: Channel, delivery: Delivery) -> None:
        """Take a message, or raise `Undelivered`."""

    def trouble(self, process: Process, error: BaseException) -> None:
        """Told of whatever ended an engine."""


@dataclass(frozen=True)
class PacedMonitor:
    """A monitor whose supervisor knows how long it may sleep just now."""

    monitor: Monitor
    pace: Pace

    @property
    def name(self) -> str:
        """Its name."""
        return self.monitor.name

    @property
    def timeout_s(self) -> float:
        """Longest round, seconds."""
        return self.monitor.timeout_s

    @property
    def needed(self) -> bool:
        """Nobody is outside who would start this engine again, so it stays and goes on trying."""
        return False

    @property
    def every_s(self) -> float:
        """Seconds between two rounds, at most, just now."""
        return self.pace.longest(self.monitor.every_s)


class PacedSupervisor(Supervisor):
    """A supervisor whose monitors sleep their own period, stretched as the world allows."""

    async def _live(self, monitor: Monitor, vital: Vital) -> None:
        await super()._live(cast("PacedMonitor", monitor).monitor, vital)

    def samples(self) -> list[Sample]:
        """As ever; whoever sleeps as long as the world allows is not silent."""
        may_s = {each.name: each.every_s + each.timeout_s for each in self.monitors}
        return [
            replace(sample, value=0.0)
            if "silence" in sample.name and sample.value < may_s[sample.labels["monitor"]]
            else sample
            for sample in super().samples()
        ]


@dataclass
class PacedLag(Lag):
    """Measures the loop whenever watchers keep their own pace."""

    pace: Pace = field(kw_only=True)

    async def look_once(self) -> float:
        """Look once; while the world is calm nothing is measured, and the pause after it is long."""
        if self.pace.stretch_s:
            self._late.append(0.0)
            return 0.0
        return await super().look_once()


def _seldom(monitor: Monitor) -> Monitor:
    """Nobody reads the snapshots of a simulated engine, so they are drawn seldom."""
    return replace(monitor, every_s=SNAPSHOTS_S) if monitor.name in {"jobs", "samples"} else monitor


class FakePool:
    """A browser that starts, or does not."""

    def __init__(self, start: Callable[[], None]) -> None:
        self._start = start

    @property
    def up(self) -> bool:
        """Whether it runs."""
        try:
            self._start()
        except Exception:  # noqa: BLE001 - whatever keeps it from running, the answer is no
            return False
        return True

    async def answers(self) -> bool:
        """Whether it says anything: whenever it runs."""
        return self.up

    async def open(self, *, wait_s: float) -> None:
        """Start it; raises what keeps it from starting."""
        self._start()

    async def try_out(self, *, wait_s: float) -> None:
        """Start it; raises what keeps it from starting."""
        self._start()

    def samples(self) -> list[Sample]:
        """It knows no numbers."""
        return []

    async def close(self) -> None:
        """There is nothing to let go of."""


@dataclass
class Ways(Connections):
    """The real connections, guards and breakers, over fake adapters."""

    way: Callable[[Account, str], Platform] = field(kw_only=True)

    async def _adapter(self, account: Account, driver: str) -> Platform:
        return self.way(account, driver)


class Engine:
    """One life of the engine.

    1. Books, connections and rooms, as the composition root makes them.
    2. The runner as a part of the boot, beside books, browser, writer and hosts.
    3. Whoever watches: sampling, judge, outbox, timers, breakers' probes, the lag of the loop.
    """

    def __init__(self, process: Process, world: Stage) -> None:
        self.process, self._world = process, world
        self._clock, self._chance = world.clock, SeededChance(f"{world.chance.seed}/{process.life}")
        self._paced = PacedClock(world.clock, world.pace)
        self._books = SpooledMemory(world.books, world.spool, write_proof, self._clock)
        self._storage = cast("Storage", Mortal(self._books, "storage", process))
        now = self._clock.now()
        self._owner = Owner(id=process.owner, role="engine", pid=0, started_at=now, heard_at=now)
        self._heart = Heart(self._storage, self._paced, self._owner, lambda: "at work")
        self._seat = cast("Pool", FakePool(world.start_browser))
        self._connections = Ways(
            self._storage, self._clock, world.settings, self._seat, self._chance, way=self._mortal_way
        )
        self._writers: Late[Writer] = Late(self._writer)
        self._pauses = Pauses()
        self._bound = self._bind()
        self.jobs = Jobs(self._runner, self._before_jobs, self._clock)
        self.jobs.progress.still_s = 4 * IDLE_MAX_S + CALM_S
        self._boot = Boot(self._parts, self._storage, self._paced, self._chance)
        self._supervisor = self._watch()
        self.runs = 0

    # --- putting it together -----------------------------------------------------------------------------------

    def _mortal_way(self, account: Account, driver: str) -> Platform:
        return cast("Platform", Mortal(self._world.way(account, driver), "platform", self.process))

    async def _writer(self) -> Writer:
        return self._world.writer()

    def _bind(self) -> Bound:
        return bind(
            self._world.settings, self._storage, self._connections, self._writers, self._clock, self._chance,
            self._owner.id, alone_since=self._clock.now(), ring=self._ring, pauses=self._pauses, more={},
        )  # fmt: skip

    def _ring(self, name: str) -> None:
        self.jobs.ring(name)

    def _runner(self) -> Runner:
        runner = Runner(
            JOBS, self._bound.work, self._storage, self._clock, self._chance, self._owner.id, pauses=self._pauses
        )
        runner.rest_s = self._world.bell.rest_s
        self._world.bell.runner = runner
        return runner

    async def _before_jobs(self) -> None:
        await self._heart.beat_once()
        while await self._storage.replay_once():
            pass
        await self._connections.attach()
        now = self._clock.now()
        await self._storage.record(Batch(facts=(Fact(kind="started", at=now, by="engine"),)))

    def _parts(self) -> Sequence[Any]:
        browser = Browser(self._seat, self._connections)
        return parts_of(self._heart, self.jobs, browser, self._connections, self._writers)

    def _watch(self) -> Supervisor:
        lag = PacedLag(self._storage, self._clock, pace=self._world.pace)
        outbox = Outbox(
            self._storage, CHANNELS, self._clock, notify=self._world.notify,
            second_s=self._world.settings["alerts.second_s"],
        )  # fmt: skip
        judge = Judge(self._storage, outbox, self._clock, self._chance)
        asked: list[Source] = [
            *self._bound.sources, self._boot.samples, lag.samples, lambda: self._world.writer().samples(),
            Counting(self._storage).samples, self._of_books, self._connections.samples, outbox.samples,
            judge.samples, self.jobs.samples,
        ]  # fmt: skip
        watching = Watching(
            self._storage, self._clock, Sampling(self._storage, self._clock, asked), judge, outbox, self.jobs.ring
        )
        endless = {"breakers": Endless(self._connections.breakers.probe_for_ever)}
        monitors = monitors_of(watching, self.jobs, {"lag": lag.look_once}, endless)
        paced = [cast("Monitor", PacedMonitor(_seldom(monitor), self._world.pace)) for monitor in monitors]
        supervisor = PacedSupervisor(paced, self._paced, telling(self._storage))
        asked.append(supervisor.samples)
        judge.edges = self._edges(supervisor)
        return supervisor

    def _edges(self, supervisor: Supervisor) -> Callable[[], Edges]:
        """The graph, drawn anew only when there is another breaker in it."""
        drawn: dict[int, Edges] = {}

        def edges() -> Edges:
            breakers = len(self._connections.breakers)
            if breakers not in drawn:
                drawn[breakers] = graph_of(self.jobs, self._connections, supervisor, ["provider"])
            return drawn[breakers]

        return edges

    def _of_books(self) -> list[Sample]:
        return [Sample(name="bowerbird_storage_up", value=not self._heart.missed), *self._books.spool_samples()]

    # --- living ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to live."""
        context = copy_context()
        context.run(LIVING.set, self.process)
        self._task = asyncio.create_task(self._live(), context=context)

    def fall(self) -> None:
        """Begin nothing more, for the process died; what is on its way to a platform arrives all the same."""
        self.jobs.runner.stop()
        self._task.cancel()

    async def _live(self) -> None:
        loops: list[Coroutine[Any, Any, None]] = [
            self._heart.beat_for_ever(), self._boot.run(), self._supervisor.run(), self._beat_while_sending(),
        ]  # fmt: skip
        try:
            await asyncio.gather(*loops)
        except BuriedError:
            return
        except Exception as error:  # noqa: BLE001 - the world judges whatever ends an engine
            self._world.trouble(self.process, error)

    async def _beat_while_sending(self) -> None:
        """Beat at the real pace while something is being sent: somebody may look whether we live."""
        while True:
            await self._world.bell.sending.wait()
            with contextlib.suppress(StorageError):
                await self._heart.beat_once()
            await self._clock.sleep(BEAT_S)

"""The engine: every room made and bound to its job, and run until told to stop.

Rooms get plain values and ports; none of them knows who its neighbours are, or where a value was set.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bowerbird.alerts.incidents import Judge
from bowerbird.alerts.notifiers import channels_of
from bowerbird.alerts.outbox import Outbox
from bowerbird.alerts.telling import Quiet
from bowerbird.app.binding import bind, writers_of
from bowerbird.app.books import open_books
from bowerbird.app.connections import Connections, seat_of
from bowerbird.app.counting import Counting
from bowerbird.app.drilling import Drilling
from bowerbird.app.parts import Browser, Jobs, parts_of
from bowerbird.app.rehearsal import Rehearsal
from bowerbird.app.sampling import Sampling, Source
from bowerbird.app.watching import Endless, Watching, graph_of, monitors_of, telling
from bowerbird.clock import SystemChance, SystemClock
from bowerbird.core.books import Batch
from bowerbird.core.errors import StorageError
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.ports import Chance, Clock, Writer
from bowerbird.core.work import Owner
from bowerbird.jobs.monitors import Supervisor
from bowerbird.jobs.pauses import PAUSES, Pauses
from bowerbird.jobs.reason import reason
from bowerbird.jobs.runner import Runner
from bowerbird.jobs.table import with_periods
from bowerbird.settings import Settings, make_folder
from bowerbird.startup.adopt import Adopter
from bowerbird.startup.boot import Boot
from bowerbird.startup.heart import HEART, Heart, HeartFile
from bowerbird.startup.lag import Lag
from bowerbird.startup.late import Late
from bowerbird.startup.opening import Opening
from bowerbird.startup.orphan import stop_with
from bowerbird.startup.pipe import mouth
from bowerbird.startup.watchers import backups
from bowerbird.storage.sqlite import SqliteStorage
from bowerbird.writers.ladder import Ladder


@dataclass
class App:
    """A running engine: everything it is made of, for the process that runs it.

    Args:
        loops: what runs beside the jobs for as long as the engine lives, by name; each returns only when cancelled.
        endless: loops that a monitor keeps going; they end before the doors close, or they would open them again.
    """

    settings: Settings
    storage: SqliteStorage
    clock: Clock
    chance: Chance
    owner: Owner
    connections: Connections
    jobs: Jobs
    heart: Heart
    boot: Boot
    loops: Mapping[str, Callable[[], Coroutine[Any, Any, None]]]
    endless: Sequence[Endless] = ()
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def runner(self) -> Runner:
        """The runner at work; another one after the jobs had to be started anew."""
        return self.jobs.runner

    async def run(self, beat: asyncio.Task[None]) -> None:
        """Run until a stop is asked for, then wind down: finish what is under way, and close every door.

        Args:
            beat: the heart at work; when it ends, so does the engine, for nobody would hear it any more.

        Raises:
            BadInput: a critical part cannot run as it is set up.
        """
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, self.stopping.set)
        loops: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {"boot": self.boot.run, **self.loops}
        tasks = [beat, *(asyncio.create_task(loop(), name=name) for name, loop in loops.items())]
        stop = asyncio.create_task(self.stopping.wait(), name="stop")
        try:
            ended, _ = await asyncio.wait([stop, *tasks], return_when=asyncio.FIRST_COMPLETED)
            self.stopping.set()
            await self.jobs.stop()
            for task in ended:
                task.result()
            with contextlib.suppress(StorageError):  # a disk that is full must not make a stop a failure
                await self._say("stopped")
        finally:
            for task in (stop, *tasks):
                task.cancel()
            await asyncio.gather(stop, *tasks, return_exceptions=True)
            await asyncio.gather(*(loop.stop() for loop in self.endless))
            await self.connections.close()
            await self.storage.close()

    def note(self) -> str:
        """Say what the engine is doing, or why nothing is due or nothing can be done; empty if neither is true."""
        if self.stopping.is_set():
            return "stopping; what is under way may end"
        state = self.boot.state()
        if self.boot.missing():
            return state.why or f"not ready: waits for {', '.join(self.boot.missing())}"
        if not self.jobs.moving:
            return ""
        less = "; without " + ", ".join(self.boot.down()) if self.boot.down() else ""
        waits = [pause.sentence for pause in self.runner.pauses]
        sentence = reason(self.runner.jobs, self.runner.pulses, self.clock, waits)
        return f"{sentence}{less}" if sentence else ""

    async def _say(self, kind: str) -> None:
        await self.storage.record(Batch(facts=(told(kind, self.clock, self.owner),)))


def told(kind: str, clock: Clock, owner: Owner) -> Fact:
    """The fact that this engine started or stopped."""
    return Fact(kind=kind, at=clock.now(), by="engine", data={"pid": owner.pid, "owner": owner.id})


async def build(
    settings: Settings, storage: SqliteStorage, heart: Heart, clock: Clock, chance: Chance, *, alone_since: int
) -> App:
    """Put an engine together on open books; nothing runs yet. `alone_since` is when the lock was taken."""
    owner = heart.owner
    connections = Connections(storage, clock, settings, await asyncio.to_thread(seat_of, settings))
    writers = Late(lambda: writers_of(settings, storage, clock, chance, connections.breakers))
    periods = {name: settings[f"jobs.{name}_s"] for name in ("plan", "measure", "harvest", "learn")}
    table = with_periods({**periods, "answer": min(30.0, periods["harvest"])})

    def ring(name: str) -> None:
        """Ring at the runner that is at work then."""
        jobs.ring(name)

    pauses, drills = Pauses(), Drilling(storage, clock, chance, settings.folder / "drills")
    rehearsal = Rehearsal(storage, clock, settings, connections, ring)
    bound = bind(
        settings, storage, connections, writers, clock, chance, owner.id,
        alone_since=alone_since, ring=ring, pauses=pauses, more={**rehearsal.table(), **drills.table()},
    )  # fmt: skip

    async def before_jobs() -> None:
        """Be heard before the first claim, or it would be taken for a dead one's; know whom to plan for, what rests."""
        await heart.beat_once()
        await connections.attach()
        pauses.recall(await storage.snapshot(PAUSES), now=clock.now(), mono=clock.monotonic())
        await storage.record(Batch(facts=(told("started", clock, owner),)))

    jobs = Jobs(lambda: Runner(table, bound.work, storage, clock, chance, owner.id, pauses=pauses), before_jobs, clock)
    browser = Browser(connections.seat, connections)
    lag, adopter = Lag(storage, clock), Adopter(settings.folder, storage, clock)
    boot = Boot(
        lambda: parts_of(heart, jobs, browser, connections, writers),
        storage, clock, chance, adopter.notes,
    )  # fmt: skip
    sources = (*bound.sources, boot.samples, lag.samples, adopter.samples, _words(writers))
    endless = {
        "breakers": Endless(connections.breakers.probe_for_ever),
        "adopt": Endless(adopter.watch),
        "browsers": Endless(connections.seat.watch),
        "rehearsal": Endless(rehearsal.keep_for_ever),
    }
    watch = watch_over(settings, storage, connections, jobs, lag, adopter, sources, endless, clock, chance)
    loops = {"monitors": watch.run, "drills": drills.run}
    app = App(settings, storage, clock, chance, owner, connections, jobs, heart, boot, loops, list(endless.values()))
    heart.storage, heart.note, heart.progress = storage, app.note, lambda: jobs.progress.count
    heart.starting = boot.starting
    return app


def _words(writers: Late[Writer]) -> Source:
    """The writers' numbers, once there are writers."""

    def samples() -> list[Sample]:
        made = writers.made
        return made.samples() if isinstance(made, Ladder) else []

    return samples


def watch_over(
    settings: Settings,
    storage: SqliteStorage,
    connections: Connections,
    jobs: Jobs,
    lag: Lag,
    adopter: Adopter,
    sources: Sequence[Source],
    endless: Mapping[str, Endless],
    clock: Clock,
    chance: Chance,
) -> Supervisor:
    """Put together who watches: sampling, judge and outbox, and the loops that nobody else looks after."""
    counting = Counting(storage)
    outbox = Outbox(storage, channels_of(settings["alerts.channels"]), clock, second_s=settings["alerts.second_s"])
    quiet = Quiet(settings["alerts.quiet"], settings["alerts.zone"], settings["alerts.quiet_holds"] == "all")
    judge = Judge(storage, outbox, clock, chance, quiet=quiet, remind_s=settings["alerts.remind_s"])
    asked: list[Source] = [
        *sources, counting.samples, storage.samples, connections.samples, outbox.samples, judge.samples,
        jobs.samples, connections.seat.samples, backups(settings.folder, clock),
    ]  # fmt: skip
    watching = Watching(storage, clock, Sampling(storage, clock, asked), judge, outbox, jobs.ring)
    watching.beside = lambda: (connections.breakers.snapshot(), connections.seat.snapshot())
    connections.seat.tally.lost_one = watching.hurry.set
    adopter.give = watching.adopt
    supervisor = Supervisor(monitors_of(watching, jobs, {"lag": lag.look_once}, endless), clock, telling(storage))
    asked.append(supervisor.samples)
    judge.edges = lambda: graph_of(jobs, connections, supervisor, [settings["writer.model"] or "bank"])
    return supervisor


async def run_engine(settings: Settings, *, parent: int | None = None) -> None:
    """Be the engine until told to stop, or until `parent` is gone.

    1. Beat at once, so that the guardian hears why it takes long if it does.
    2. Open the books, again and again: nothing works without them, and no restart would bring them back.
    3. Run.

    Raises:
        StorageBusy, BadInput: it cannot run as it is set up.
    """
    clock, chance = SystemClock(), SystemChance()
    now = clock.now()
    owner = Owner(id=chance.name("boot"), role="engine", pid=os.getpid(), started_at=now, heard_at=now)
    folder = await asyncio.to_thread(make_folder, settings.folder)
    opening = Opening(clock, chance)
    heart = Heart(None, clock, owner, opening.note, pulse=HeartFile(folder / HEART, mouth(os.environ)))
    beat = asyncio.create_task(heart.beat_for_ever(), name="heart")
    watch = asyncio.create_task(stop_with(parent, clock), name="parent")
    try:
        storage = await opening.open(lambda: open_books(settings, clock, engine=True))
        app = await build(settings, storage, heart, clock, chance, alone_since=clock.now())
        await app.run(beat)
    finally:
        watch.cancel()
        beat.cancel()

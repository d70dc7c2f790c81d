"""The engine: every room made and bound to its job, and run until told to stop.

Rooms get plain values and ports; none of them knows who its neighbours are, or where a value was set.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from bowerbird.app.books import open_books
from bowerbird.app.connections import Connections, seat_of
from bowerbird.app.parts import Browser, Jobs, parts_of
from bowerbird.app.verbs import verbs_of
from bowerbird.clock import SystemChance, SystemClock
from bowerbird.core.books import Batch, Storage
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Chance, Clock, Writer
from bowerbird.core.work import Owner
from bowerbird.harvesting.harvester import Harvester
from bowerbird.jobs.desk import Desk
from bowerbird.jobs.reason import reason
from bowerbird.jobs.runner import Runner, Work
from bowerbird.jobs.table import with_periods
from bowerbird.jobs.tidy import Tidy
from bowerbird.learning.trainer import Trainer
from bowerbird.measuring.reader import Reader
from bowerbird.planning.planner import Planner
from bowerbird.posting.publisher import Publisher
from bowerbird.posting.reconciler import Reconciler
from bowerbird.posting.renewal import Renewal
from bowerbird.posting.sweeper import Sweeper
from bowerbird.posting.wall import Wall
from bowerbird.settings import Settings, make_folder
from bowerbird.startup.adopt import Adopter
from bowerbird.startup.boot import Boot
from bowerbird.startup.heart import HEART, Heart, HeartFile
from bowerbird.startup.lag import Lag
from bowerbird.startup.late import Late
from bowerbird.startup.opening import Opening
from bowerbird.startup.orphan import stop_with
from bowerbird.storage.sqlite import SqliteStorage


@dataclass
class App:
    """A running engine: everything it is made of, for the process that runs it.

    Args:
        loops: what runs beside the jobs for as long as the engine lives, by name; each returns only when cancelled.
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
            await self._say("stopped")
        finally:
            for task in (stop, *tasks):
                task.cancel()
            await asyncio.gather(stop, *tasks, return_exceptions=True)
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
        sentence = reason(self.runner.jobs, self.runner.pulses, self.clock)
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
    writers = Late(lambda: asyncio.to_thread(writers_of, settings, storage, clock, chance))
    periods = {name: settings[f"jobs.{name}_s"] for name in ("plan", "measure", "harvest", "learn")}
    table = with_periods({**periods, "answer": min(30.0, periods["harvest"])})
    work = bind(settings, storage, connections, writers, clock, chance, owner.id, alone_since=alone_since)

    async def before_jobs() -> None:
        """Be heard before the first claim, or it would be taken for a dead one's; and know whom to plan for."""
        await heart.beat_once()
        await connections.attach()
        await storage.record(Batch(facts=(told("started", clock, owner),)))

    jobs = Jobs(lambda: Runner(table, work, storage, clock, chance, owner.id), before_jobs, clock)
    browser = Browser(connections.seat, connections)
    lag, adopter = Lag(storage, clock), Adopter(settings.folder, storage, clock)
    boot = Boot(
        lambda: parts_of(heart, jobs, browser, connections, writers),
        storage, clock, chance, adopter.notes,
    )  # fmt: skip
    loops = {"lag": lag.watch, "adopt": adopter.watch}
    app = App(settings, storage, clock, chance, owner, connections, jobs, heart, boot, loops)
    heart.storage, heart.note, heart.progress = storage, app.note, lambda: jobs.progress.count
    return app


def bind(
    settings: Settings,
    storage: Storage,
    platforms: Connections,
    writers: Late[Writer],
    clock: Clock,
    chance: Chance,
    owner: str,
    *,
    alone_since: int,
) -> dict[str, Work]:
    """Bind every job of the table to the room that does it; `alone_since` is when the lock was taken.

    To read a bank and try all its wordings takes a second, which no post in doubt has to wait for: the rooms that
    write are made when they are first needed, off the loop.
    """

    async def writing() -> tuple[Planner, Harvester]:
        writer = await writers.get()
        every_s, late_s = settings["harvest.search_s"], settings["posting.late_s"]
        harvester = Harvester(storage, platforms, writer, clock, chance, search_every_s=every_s)
        return Planner(storage, platforms, writer, clock, chance, late_s=late_s), harvester

    async def plan_once() -> bool:
        planner, _ = await rooms.get()
        return await planner.plan_once()

    async def harvest_once() -> bool:
        _, harvester = await rooms.get()
        return await harvester.harvest_once()

    async def answer_once() -> bool:
        _, harvester = await rooms.get()
        return await harvester.answer_once()

    rooms = Late(writing)
    ladder = tuple(settings["measuring.ladder_s"])
    desk = Desk(storage, clock, owner, verbs_of(storage, platforms, clock, chance, late_s=settings["posting.late_s"]))
    return {
        "publish": Publisher(
            storage, platforms, clock, owner, attempt_s=settings["posting.attempt_s"], first_look_s=ladder[0]
        ).publish_once,
        "settle": Reconciler(
            storage, platforms, clock, owner, first_look_s=ladder[0], alone_since=alone_since
        ).settle_once,
        "watch": Wall(storage, clock).watch_once,
        "sweep": Sweeper(storage, clock).sweep_once,
        "tidy": Tidy(storage, clock).tidy_once,
        "renew": Renewal(storage, platforms, clock).renew_once,
        "obey": desk.obey_once,
        "connect": platforms.connect_once,
        "plan": plan_once,
        "measure": Reader(storage, platforms, clock, ladder).measure_once,
        "harvest": harvest_once,
        "answer": answer_once,
        "learn": Trainer(storage, clock, chance, horizon_s=ladder[-1]).learn_once,
    }


def writers_of(settings: Settings, storage: Storage, clock: Clock, chance: Chance) -> Writer:
    """The writers in the order in which they are asked: the provider, where one is set, then the bank."""
    import httpx

    from bowerbird.writers.bank import BankWriter
    from bowerbird.writers.ladder import Ladder
    from bowerbird.writers.providers import Provider, ProviderWriter
    from bowerbird.writers.shelf import find_bank

    bank = find_bank(settings["writer.bank"], keep=settings.folder)
    rungs: list[Writer] = [BankWriter(bank, chance=chance)]
    if settings["writer.url"]:
        provider = Provider(
            name=settings["writer.model"],
            url=settings["writer.url"],
            model=settings["writer.model"],
            key=settings["writer.key"],
            about=settings["writer.about"],
            timeout_s=settings["writer.timeout_s"],
            price_in=settings["writer.price_in"],
            price_out=settings["writer.price_out"],
            day_max=settings["writer.day_max"],
            tokens_day_max=settings["writer.tokens_day_max"],
        )
        client = httpx.AsyncClient()
        rungs.insert(0, ProviderWriter(provider, client=client, ledger=storage, clock=clock, chance=chance))
    return Ladder(rungs)


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
    heart = Heart(None, clock, owner, opening.note, pulse=HeartFile(folder / HEART))
    beat = asyncio.create_task(heart.beat_for_ever(), name="heart")
    watch = asyncio.create_task(stop_with(parent, clock), name="parent")
    try:
        storage = await opening.open(lambda: open_books(settings, clock, engine=True))
        app = await build(settings, storage, heart, clock, chance, alone_since=clock.now())
        await app.run(beat)
    finally:
        watch.cancel()
        beat.cancel()

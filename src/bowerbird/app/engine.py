"""The engine: every room made and bound to its job, and run until told to stop.

Rooms get plain values and ports; none of them knows who its neighbours are, or where a value was set.
"""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass

from bowerbird.app.books import open_books
from bowerbird.app.connections import Connections, seat_of
from bowerbird.app.verbs import verbs_of
from bowerbird.browsers.seat import Seat
from bowerbird.clock import SystemChance, SystemClock
from bowerbird.core.books import Batch, Storage
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Chance, Clock, Writer
from bowerbird.core.work import Owner
from bowerbird.harvesting.harvester import Harvester
from bowerbird.jobs.desk import Desk
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
from bowerbird.settings import Settings
from bowerbird.startup.heart import Heart
from bowerbird.startup.late import Late
from bowerbird.startup.orphan import stop_with
from bowerbird.storage.sqlite import SqliteStorage


@dataclass
class App:
    """A running engine: everything it is made of, for the process that runs it."""

    settings: Settings
    storage: SqliteStorage
    clock: Clock
    chance: Chance
    owner: Owner
    connections: Connections
    runner: Runner
    heart: Heart

    async def run(self, *, parent: int | None = None) -> None:
        """Run until a stop is asked for, then wind down: finish what is under way, and close every door.

        Args:
            parent: the process that watches over this one; when it is gone, this one stops too.
        """
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.runner.stop)
        watch = asyncio.create_task(stop_with(parent, self.clock), name="parent")
        beat = None
        try:
            # Heard once before the first claim: a claim of an owner never heard would be taken for a dead one's.
            await self.heart.beat_once()
            beat = asyncio.create_task(self.heart.beat_for_ever(), name="heart")
            # And attached before the first job: the first plan has somebody to plan for, and what a dead engine
            # left in doubt is looked for at once.
            await self.connections.attach()
            await self._say("started")
            await self.runner.run()
            await self._say("stopped")
        finally:
            watch.cancel()
            if beat is not None:
                beat.cancel()
            await self.connections.close()
            await self.storage.close()

    async def _say(self, kind: str) -> None:
        fact = Fact(kind=kind, at=self.clock.now(), by="engine", data={"pid": os.getpid(), "owner": self.owner.id})
        await self.storage.record(Batch(facts=(fact,)))


async def build(settings: Settings) -> App:
    """Put an engine together; nothing runs yet. What cannot be put together lets go of the books again."""
    clock, chance = SystemClock(), SystemChance()
    storage = await open_books(settings, clock, engine=True)
    try:
        return _assembled(settings, storage, await asyncio.to_thread(seat_of, settings), clock, chance)
    except BaseException:
        await storage.close()
        raise


def _assembled(settings: Settings, storage: SqliteStorage, seat: Seat, clock: Clock, chance: Chance) -> App:
    now = clock.now()
    owner = Owner(id=chance.name("boot"), role="engine", pid=os.getpid(), started_at=now, heard_at=now)
    connections = Connections(storage, clock, settings, seat)
    periods = {name: settings[f"jobs.{name}_s"] for name in ("plan", "measure", "harvest", "learn")}
    work = bind(settings, storage, connections, clock, chance, owner.id, alone_since=now)
    runner = Runner(with_periods(periods), work, storage, clock, chance, owner.id)
    heart = Heart(storage, clock, owner, lambda: doing(runner))
    return App(settings, storage, clock, chance, owner, connections, runner, heart)


def bind(
    settings: Settings,
    storage: Storage,
    platforms: Connections,
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
        writers = await asyncio.to_thread(writers_of, settings, storage, clock, chance)
        every_s, late_s = settings["harvest.search_s"], settings["posting.late_s"]
        harvester = Harvester(storage, platforms, writers, clock, chance, search_every_s=every_s)
        return Planner(storage, platforms, writers, clock, chance, late_s=late_s), harvester

    async def plan_once() -> bool:
        planner, _ = await rooms.get()
        return await planner.plan_once()

    async def harvest_once() -> bool:
        _, harvester = await rooms.get()
        return await harvester.harvest_once()

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


def doing(runner: Runner) -> str:
    """Say in one sentence what the engine is doing, or why nothing is due."""
    failing = [f"{name} fails ({pulse.error})" for name, pulse in runner.pulses.items() if pulse.failures]
    if failing:
        return "; ".join(failing)[:500]
    busy = [name for name, pulse in runner.pulses.items() if pulse.busy]
    return f"working: {', '.join(busy)}" if busy else "all caught up; nothing is due"


async def run_engine(settings: Settings, *, parent: int | None = None) -> None:
    """Be the engine until told to stop, or until `parent` is gone.

    Raises:
        StorageBusy, BadInput: it cannot run as it is set up.
    """
    app = await build(settings)
    await app.run(parent=parent)

"""Every job of the table, bound to the room that does it.

Rooms get plain values and ports; none of them knows who its neighbours are, or where a value was set.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from bowerbird.alerts.notifiers import channels_of
from bowerbird.app.cards import Cards, which_cards
from bowerbird.app.connections import Connections
from bowerbird.app.doorstep import Doorstep
from bowerbird.app.sampling import Source
from bowerbird.app.steering import Steering
from bowerbird.app.verbs import verbs_of
from bowerbird.core.books import Storage
from bowerbird.core.gauge import Sample
from bowerbird.core.ports import Chance, Clock, Writer
from bowerbird.harvesting.harvester import Harvester
from bowerbird.jobs.desk import Desk, Verb
from bowerbird.jobs.pauses import Pauses
from bowerbird.jobs.runner import Work
from bowerbird.jobs.tidy import Tidy
from bowerbird.learning.trainer import Trainer
from bowerbird.measuring.drift import Drift
from bowerbird.measuring.reader import Reader
from bowerbird.planning.planner import Planner
from bowerbird.posting.figures import Figures
from bowerbird.posting.pacing import Shared
from bowerbird.posting.publisher import Publisher
from bowerbird.posting.reconciler import Reconciler
from bowerbird.posting.renewal import Renewal
from bowerbird.posting.sweeper import Sweeper
from bowerbird.posting.truth import Audit
from bowerbird.posting.wall import Wall
from bowerbird.resilience.breakers import Breakers
from bowerbird.settings import Settings
from bowerbird.startup.late import Late


@dataclass(frozen=True, slots=True)
class Bound:
    """What each job does, by its name, and the rooms that know numbers."""

    work: Mapping[str, Work]
    sources: Sequence[Source]


@dataclass(frozen=True, slots=True)
class Scribes:
    """The rooms that write. To read a bank and try all its wordings takes a second, which no post in doubt has to
    wait for: they are made when they are first needed, off the loop.
    """

    rooms: Late[tuple[Planner, Harvester]]

    async def plan_once(self) -> bool:
        """See `Planner.plan_once`."""
        return await (await self.rooms.get())[0].plan_once()

    async def harvest_once(self) -> bool:
        """See `Harvester.harvest_once`."""
        return await (await self.rooms.get())[1].harvest_once()

    async def answer_once(self) -> bool:
        """See `Harvester.answer_once`."""
        return await (await self.rooms.get())[1].answer_once()

    def samples(self) -> list[Sample]:
        """The planner's numbers, once there is one."""
        made = self.rooms.made
        return [] if made is None else made[0].samples()


def _scribes(
    settings: Settings, storage: Storage, platforms: Connections, writers: Late[Writer], clock: Clock, chance: Chance
) -> Scribes:
    which = which_cards(settings["writer.cards"])
    cards = None if which == "none" else Cards(settings.folder, platforms.seat, clock, which)

    async def writing() -> tuple[Planner, Harvester]:
        writer = await writers.get()
        every_s, late_s = settings["harvest.search_s"], settings["posting.late_s"]
        harvester = Harvester(storage, platforms, writer, clock, chance, search_every_s=every_s)
        return Planner(storage, platforms, writer, clock, chance, late_s=late_s, cards=cards), harvester

    return Scribes(Late(writing))


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
    ring: Callable[[str], object],
    pauses: Pauses,
    more: Mapping[str, Verb],
) -> Bound:
    """Bind every job of the table to the room that does it.

    Args:
        alone_since: when the lock was taken, UTC microseconds.
        ring: lets a job look for work now, by its name. pauses: of the runner at work.
        more: verbs of parts that are no room.
    """
    scribes = _scribes(settings, storage, platforms, writers, clock, chance)
    wall = Wall(storage, clock)
    ladder = tuple(settings["measuring.ladder_s"])
    addresses, late_s = settings["alerts.channels"], settings["posting.late_s"]
    steering = Steering(storage, clock, chance, platforms.breakers, channels_of(addresses), ring, pauses)
    verbs = verbs_of(storage, platforms, clock, chance, late_s=late_s, channels=addresses)
    doorstep = Doorstep(storage, clock, settings, ring)
    desk = Desk(storage, clock, owner, {**verbs, **steering.table(), **doorstep.table(), **more})
    publisher, audit = _posting(settings, storage, platforms, clock, owner, ladder[0])
    drift = Drift(storage, platforms, clock, platforms.sights.take, canary_s=settings["measuring.canary_s"])
    reader = Reader(storage, platforms, clock, ladder)

    async def measure_once() -> bool:
        """Read numbers, and then whether the pages on which they stand have changed; True if there is more."""
        more = await reader.measure_once()
        return await drift.compare_once() or more

    work = {
        "publish": publisher.publish_once,
        "audit": audit.audit_once,
        "settle": Reconciler(
            storage,
            platforms,
            clock,
            owner,
            first_look_s=ladder[0],
            alone_since=alone_since,
            may_look=platforms.ready,
        ).settle_once,
        "watch": wall.watch_once,
        "sweep": Sweeper(storage, clock).sweep_once,
        "replay": storage.replay_once,
        "tidy": Tidy(storage, clock).tidy_once,
        "renew": Renewal(storage, platforms, clock).renew_once,
        "obey": desk.obey_once,
        "connect": platforms.connect_once,
        "plan": scribes.plan_once,
        "measure": measure_once,
        "harvest": scribes.harvest_once,
        "answer": scribes.answer_once,
        "learn": Trainer(storage, clock, chance, horizon_s=ladder[-1]).learn_once,
    }
    figures = Figures(storage, clock)
    rooms = (wall, scribes, publisher.limits, audit, figures, drift)
    return Bound(work, tuple(room.samples for room in rooms))


def _posting(
    settings: Settings, storage: Storage, platforms: Connections, clock: Clock, owner: str, first_look_s: float
) -> tuple[Publisher, Audit]:
    """Who sends, and who compares with the timelines; both know the limits that accounts share."""
    shared = Shared(settings["posting.app_hour_max"] or inf, settings["posting.host_hour_max"] or inf)
    publisher = Publisher(
        storage,
        platforms,
        clock,
        owner,
        attempt_s=settings["posting.attempt_s"],
        first_look_s=first_look_s,
        may_send=platforms.ready,
        shared=shared,
    )
    every_s, share = settings["posting.audit_s"], settings["posting.audit_share"]
    audit = Audit(storage, platforms, clock, every_s=every_s, share=share, first_look_s=first_look_s, shared=shared)
    return publisher, audit


async def writers_of(settings: Settings, storage: Storage, clock: Clock, chance: Chance, breakers: Breakers) -> Writer:
    """The writers in the order in which they are asked: the provider, where one is set, then the bank.

    The bank is read off the loop; breakers belong to the loop. One of a model that is no longer asked is retired.
    """
    import httpx

    from bowerbird.writers.ladder import Ladder
    from bowerbird.writers.providers import Provider, ProviderWriter

    bank = await asyncio.to_thread(_bank, settings, chance)
    if not settings["writer.url"]:
        return Ladder([bank])
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
    client = await asyncio.to_thread(httpx.AsyncClient)  # it reads certificates
    writer = ProviderWriter(
        provider, client=client, ledger=storage, clock=clock, chance=chance, breakers=breakers
    )  # fmt: skip
    breakers.retire(lambda name: name.startswith("writer "))
    return Ladder([writer, bank], {writer.name: writer.breaker})


def _bank(settings: Settings, chance: Chance) -> Writer:
    from bowerbird.writers.bank import BankWriter
    from bowerbird.writers.shelf import find_bank

    return BankWriter(find_bank(settings["writer.bank"], keep=settings.folder), chance=chance)

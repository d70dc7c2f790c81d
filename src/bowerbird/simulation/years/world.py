"""A world of nine days: three accounts on one host, one engine, a person, and troubles as a list.

The engine is the real one (`engine`). After the last day the troubles stop, and within `Plot.calm_s` everything has
to be as if nothing had happened: the queue drained, every breaker closed, no incident open, no hold left.
"""

from __future__ import annotations

import asyncio
import functools
from collections import Counter
from dataclasses import dataclass
from math import inf
from typing import cast

from bowerbird.alerts.notifiers import Channel, Undelivered
from bowerbird.clock import SeededChance, VirtualClock, run_virtual
from bowerbird.clock.virtual import START_AT
from bowerbird.core.account import Account
from bowerbird.core.books import Batch
from bowerbird.core.errors import StorageBusy, StorageFull, Unreachable
from bowerbird.core.facts import Fact
from bowerbird.core.incident import Delivery
from bowerbird.core.post import SECOND_US
from bowerbird.planning.calendar import zone_of
from bowerbird.resilience import failpoints
from bowerbird.settings import Settings, load
from bowerbird.simulation.mortal import Process
from bowerbird.simulation.years.armed import FAILPOINTS, Armed, place_of
from bowerbird.simulation.years.bell import Bell, RingingShelf
from bowerbird.simulation.years.engine import Engine
from bowerbird.simulation.years.pace import CALM_S, Pace
from bowerbird.simulation.years.person import Person
from bowerbird.simulation.years.plots import Plot, cast_of
from bowerbird.simulation.years.spool import ListedSpool
from bowerbird.simulation.years.troubles import Trouble
from bowerbird.simulation.years.venue import Elsewhere, Venue
from bowerbird.simulation.years.words import Provider, the_bank
from bowerbird.storage.memory import MemoryBooks, MemoryStorage
from bowerbird.writers.bank import BankWriter
from bowerbird.writers.ladder import Ladder

FAST_S, UNEASY_S = 6.0, 120.0
"""For how long watchers keep their own pace after something happened, and look often after that, seconds."""
RESTART_S = 3.0
"""How long a dead engine takes to come back, seconds."""
CRASHES_AT = ("", "storage.claim_run:after", "platform.publish:before")
"""Where the engine dies, by the trouble's account: anywhere, with a run just begun, with a post under way."""
AIM_S = 300.0
"""For so long it is waited for that point; then any other will do, seconds."""
AT_EASE_S = 5.0
"""How often every job looks while something is wrong, where its period allows it, seconds."""
HOST_WIDE = frozenset({"down", "slow", "broken", "busy"})
STIRRING = frozenset({
    "breaker_opened", "breaker_closed", "job_overdue", "hold_set", "degraded", "recovered", "lost_touch",
    "clock_stepped", "monitor_died", "foreign_post", "incident_opened", "incident_closed", "parked",
})  # fmt: skip
"""Facts after which watchers look at their own pace."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that a channel took: what was told, and when (seconds since the beginning)."""

    at_s: float
    channel: str
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Closing:
    """When an incident was over, in seconds since the beginning."""

    at_s: float
    incident_id: str


class TrueClock:
    """The time out there, which nobody steps: that of the platforms, and of history."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.monotonic, self.boottime, self.sleep = clock.monotonic, clock.boottime, clock.sleep

    def now(self) -> int:
        """UTC microseconds."""
        return START_AT + round(self._clock.boottime() * SECOND_US)


class Facts(list[Fact]):
    """Facts that are heard as they are written."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def append(self, fact: Fact) -> None:
        """Take one more."""
        super().append(fact)
        if fact.kind == "incident_closed":
            closing = Closing(self._world.clock.monotonic(), str(fact.data["incident"]))
            self._world.closings.append(closing)
        if fact.kind == "incident_opened":
            self._world.opened_s[str(fact.data["incident"])] = self._world.clock.monotonic()
        if fact.kind in STIRRING:
            self._world.pace.stir(FAST_S, UNEASY_S)


class World:
    """The stage of one plot, and what happened on it."""

    venue = Venue

    def __init__(self, plot: Plot, clock: VirtualClock) -> None:
        self.plot, self.clock = plot, clock
        self.chance = SeededChance(plot.seed)
        self.settings: Settings = the_settings()
        self.pace = Pace(clock)
        self.books = MemoryBooks()
        self.spool = ListedSpool()
        self.bell = Bell(self.books, clock, self._hurry, self.spool)
        self.books.shelf = self.shelf = RingingShelf(cast("VirtualClock", TrueClock(clock)), self.bell.heard)
        self.books.facts = Facts(self)
        self.accounts = {account.id: (account, memory) for account, memory in cast_of()}
        self.venues: dict[str, Venue] = {}
        self.active: Counter[str] = Counter()
        self.true = TrueClock(clock)
        self.person = Person(self, self.true.now)
        self.bites: list[tuple[float, str, int]] = []
        self._bitten: Counter[tuple[str, int]] = Counter()
        self.opened_s: dict[str, float] = {}
        self.closings: list[Closing] = []
        self.slept: list[tuple[int, float]] = []
        self.armed = Armed(self.bite)
        self.engines: list[Engine] = []
        self.messages: list[Message] = []
        self.troubles: list[str] = []
        self.faults: Counter[str] = Counter()
        self.crashes: Counter[str] = Counter()
        self._ill: dict[str, frozenset[str]] = dict.fromkeys(self.accounts, frozenset())
        self._hurt: list[tuple[str, str]] = []
        self._writers = Ladder([Provider(clock, self._writer_down), BankWriter(the_bank(), chance=self.chance)])
        self._crash_in, self._crash_at, self._aimed_until = 0, "", 0.0

    # --- what the engine asks ---------------------------------------------------------------------------------

    def way(self, account: Account, driver: str) -> Venue:
        """The platform as this account sees it by this driver; truth outlives every engine."""
        place = f"{account.id} by {driver}"
        if place not in self.venues:
            rng, memory = self.chance.stream(place), self.accounts[account.id][1]
            number = list(self.accounts).index(account.id)
            venue = self.venue(
                self.true, account, driver, memory, rng=rng,
                ill=lambda: self._ill[account.id], bite=lambda kind: self.bite(kind, number),
            )  # fmt: skip
            first = self.venues.get(f"{account.id} by {account.platform}")
            self.venues[place] = venue if first is None else venue.seen_through(first)
        return self.venues[place]

    def start_browser(self) -> None:
        """Start the browser."""
        if self.active["browser_down"]:
            self.bite("browser_down", 0)
            raise Unreachable("the browser does not start", reason="no_browser")

    def writer(self) -> Ladder:
        """Who writes."""
        return self._writers

    def _writer_down(self) -> bool:
        if self.active["writer_down"]:
            self.bite("writer_down", 0)
        return bool(self.active["writer_down"])

    async def notify(self, channel: Channel, delivery: Delivery) -> None:
        """Take a message, or refuse it."""
        await self.clock.sleep(0.2)
        if channel.name == "phone" and self.active["channel_down"]:
            self.bite("channel_down", 0)
            raise Undelivered("it answered 503")
        self.messages.append(Message(self.clock.monotonic(), channel.name, delivery))

    def trouble(self, process: Process, error: BaseException) -> None:
        """Remember what ended a loop."""
        self.troubles.append(f"{process.owner}: {type(error).__name__}: {error}")

    def reach(self, process: Process, point: str) -> float:
        """Let the engine die at the next point, if that is due."""
        if self._crash_in and (point == self._crash_at or self.clock.monotonic() >= self._aimed_until):
            self._crash_in -= 1
            if not self._crash_in:
                self._crash(process, point)
        return 0.0

    def bite(self, kind: str, number: int) -> None:
        """A trouble did harm, to the account or the job of this number."""
        self._bitten[kind, number] += 1
        if self._bitten[kind, number] <= BITES_FELT or kind in FAILPOINTS:
            self.pace.stir(FAST_S, UNEASY_S)
        self.bites.append((self.clock.monotonic(), kind, self._host_of(number) if kind in HOST_WIDE else number))

    def number(self, trouble: Trouble) -> int:
        """The number under which a trouble bites."""
        if trouble.kind in FAILPOINTS:
            return int(trouble.start_s)
        if trouble.kind in {"writer_down", "browser_down", "channel_down"}:
            return 0
        number = trouble.account % len(self.accounts)
        return self._host_of(number) if trouble.kind in HOST_WIDE else number

    def _host_of(self, number: int) -> int:
        """The first account of the same host."""
        hosts = [account.url for account, _ in self.accounts.values()]
        return hosts.index(hosts[number])

    def disturbed(self, trouble: Trouble) -> bool:
        """True if something else at the same time could keep this one from being noticed."""
        return any(
            other is not trouble and other.kind in DISTURBING
            and other.start_s < trouble.end_s + 900 and other.end_s > trouble.start_s - 300
            for other in self.plot.troubles
        )  # fmt: skip

    def slept_us(self, since: int, until: int) -> int:
        """For how much of this time the machine slept or stood still, microseconds."""
        spans = ((max(at, since), min(at + int(seconds * SECOND_US), until)) for at, seconds in self.slept)
        return sum(max(0, end - begin) for begin, end in spans)

    def stepped_us(self, since: int, until: int) -> int:
        """How far the wall stepped in between; arrivals are told in true time, so not at all."""
        return 0

    def _hurry(self) -> float:
        stretch_s = self.pace.stretch_s
        return inf if stretch_s == CALM_S else max(stretch_s, AT_EASE_S)

    # --- living -----------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Live the days with troubles, then calm down without."""
        failpoints.armed = self.armed  # type: ignore[assignment]  # it takes names as the real one does
        try:
            await self._begin()
            person = asyncio.create_task(self.person.look_in())
            errands = [asyncio.create_task(self._befall(trouble)) for trouble in self.plot.troubles]
            await self.clock.sleep(self.plot.day_s)
            await asyncio.gather(*errands)
            self.person.put_right(0.0)
            await self.clock.sleep(self.plot.calm_s)
            person.cancel()
            for engine in self.engines:
                engine.process.buried = True
        finally:
            failpoints.armed = None

    async def _begin(self) -> None:
        accounts = tuple(account for account, _ in self.accounts.values())
        await MemoryStorage(self.books).record(Batch(accounts=accounts))
        self.books.trouble = self._books_trouble
        self.books.at_once = True  # of a year's fifty million answers; what may come between is for the worlds to find
        self._start()

    def _start(self) -> None:
        process = Process(0, len(self.engines), self.clock, self)
        self.engines.append(Engine(process, self))
        self.engines[-1].start()

    def _books_trouble(self, verb: str) -> None:
        if self.active.get("books_busy"):
            raise StorageBusy
        if self.active.get("books_full") and verb.startswith(WRITES):
            raise StorageFull

    # --- troubles ---------------------------------------------------------------------------------------------

    async def _befall(self, trouble: Trouble) -> None:
        await self.clock.sleep(trouble.start_s - LOOK_FIRST_S - self.clock.monotonic())
        self.pace.stir(FAST_S, UNEASY_S)  # so that what was before has been seen
        await self.clock.sleep(trouble.start_s - self.clock.monotonic())
        self.faults[trouble.kind] += 1
        self._begins(trouble)
        await self.clock.sleep(trouble.lasts_s if trouble.kind not in AT_ONCE else 0.0)
        self._ends(trouble)

    def _begins(self, trouble: Trouble) -> None:
        account, venue = self._victim(trouble)
        self.active[trouble.kind] += 1
        self._hurt.append((trouble.kind, account.id))
        self._sicken()
        if place := place_of(trouble):
            self.armed.faults[place[0]] = (place[1], trouble.kind, int(trouble.start_s))
        match trouble.kind:
            case "foreign":
                venue.foreign.append(Elsewhere(f"foreign-{len(venue.foreign)}", self.true.now()))
            case "crash":
                self._aim(trouble.account, int(trouble.start_s))
            case "frozen":
                asyncio.get_running_loop().call_later(2.0, self._freeze, trouble.lasts_s)
            case "suspended":
                self.slept.append((self.true.now(), trouble.lasts_s))
                self.clock.suspend(trouble.lasts_s)
            case "wall_steps":
                self._step_wall(3_600.0)
            case "halved":
                self.person.burst(account)
        self.pace.stir(FAST_S, UNEASY_S)

    def _ends(self, trouble: Trouble) -> None:
        self._bitten.clear()
        account, _ = self._victim(trouble)
        self.active[trouble.kind] -= 1
        self._hurt.remove((trouble.kind, account.id))
        self._sicken()
        if place := place_of(trouble):
            self.armed.faults.pop(place[0], None)
        if trouble.kind == "wall_steps":
            self._step_wall(-3_600.0)
        if trouble.kind == "halved":  # whoever learned a limit has to find that there is more again
            self.person.burst(account)
        self.pace.stir(FAST_S, UNEASY_S)

    def _aim(self, which: int, turn: int) -> None:
        """Let the engine die at one of the next points, or where a run or an attempt has just begun."""
        self._crash_at = CRASHES_AT[which % len(CRASHES_AT)]
        self._crash_in = 1 if self._crash_at else 1 + turn % 40
        self._aimed_until = self.clock.monotonic() + (AIM_S if self._crash_at else 0.0)

    def _freeze(self, seconds: float) -> None:
        self.slept.append((self.true.now(), seconds))
        self.clock.advance(seconds)

    def _victim(self, trouble: Trouble) -> tuple[Account, Venue]:
        account = [account for account, _ in self.accounts.values()][trouble.account % len(self.accounts)]
        return account, self.way(account, account.platform)

    def _sicken(self) -> None:
        for account_id in self.accounts:
            host = self.accounts[account_id][0].url
            self._ill[account_id] = frozenset(
                kind for kind, hurt in self._hurt
                if hurt == account_id or kind == "browser_down"
                or (kind in HOST_WIDE and self.accounts[hurt][0].url == host)
            )  # fmt: skip

    def _step_wall(self, seconds: float) -> None:
        self.clock.step_wall(seconds)
        self.bell.ring("watch", self.chance.stream("watch").uniform(0, 2.0))

    def _crash(self, process: Process, point: str) -> None:
        process.die()
        self.engines[process.life].fall()
        self.crashes[point] += 1
        self.bell.runner = None
        asyncio.get_running_loop().call_later(RESTART_S, self._start)


BITES_FELT = 6
"""So often in a row a trouble that bites makes watchers look at their own pace."""
LOOK_FIRST_S = 4.0
"""So long before a trouble watchers look at their own pace, seconds."""
DISTURBING = FAILPOINTS | {
    "crash", "frozen", "suspended", "books_busy", "books_full", "channel_down", "wall_steps",
}  # fmt: skip
"""Troubles that may keep another one from being noticed in its time."""
AT_ONCE = frozenset({"foreign", "crash", "frozen", "suspended"})
"""Troubles that are over when they have begun; two of them take their time by moving the clock."""
WRITES = ("record", "claim", "beat", "reserve", "settle", "save", "forget")


@functools.cache
def the_settings() -> Settings:
    """The defaults, whatever the environment says; nothing is written to the folder."""
    return load(env={}, data__folder="/nonexistent")


def run_plot(plot: Plot, stage: type[World] = World) -> World:
    """Run a plot to its end, in virtual time, and return the world as it is then."""
    the_settings(), the_bank(), zone_of("UTC")  # whatever is read from disk is read before time stands still

    async def main(clock: VirtualClock) -> World:
        world = stage(plot, clock)
        await world.live()
        return world

    return run_virtual(main, seed=plot.seed)

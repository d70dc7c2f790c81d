"""The adapter of each account, behind its guards: the only file that names the platforms.

An account is reached through `Drivers` (one way, or two where the owner named another), each way is `Guarded` by the
breaker of its host, and the breaker of a host that is driven through a browser has the browser's as its parent.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bowerbird.browsers import chromium
from bowerbird.browsers.pool import Pool
from bowerbird.clock import SystemChance, SystemClock
from bowerbird.core.account import Account, host_of
from bowerbird.core.books import Batch, Secrets, Storage
from bowerbird.core.breaker import BreakerState
from bowerbird.core.errors import BadInput, PlatformError
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.ports import Chance, Clock, Platform
from bowerbird.platforms.drivers import Drivers
from bowerbird.platforms.guarded import API, BROWSER, WEB, Askers, Guarded, says, says_of_browser
from bowerbird.platforms.web.driver import WebDriver
from bowerbird.platforms.web.quarantine import Quarantine
from bowerbird.platforms.web.sights import Sights
from bowerbird.platforms.web.sites import SITES, allowed
from bowerbird.resilience.breakers import Breakers
from bowerbird.settings import Settings

PLATFORMS = ("sandbox", "sandbox-web", "bluesky", "x")
"""The platforms an account can be on."""
TRY_OUT_S = 5.0
"""How long the browser's own probe waits for the seat, seconds."""


@dataclass
class Connections(Mapping[str, Platform]):
    """The adapter of each account, connected when the account is added and again when it changes.

    Its `breakers` are probed and written down by `breakers.probe_for_ever()`, which whoever runs an engine supervises.
    """

    storage: Storage
    clock: Clock
    settings: Settings
    seat: Pool
    chance: Chance = field(default_factory=SystemChance)
    breakers: Breakers = field(init=False)
    sights: Sights = field(default_factory=Sights)
    _drivers: dict[str, WebDriver] = field(default_factory=dict)
    _ways: dict[str, Drivers] = field(default_factory=dict)
    _accounts: dict[str, Account] = field(default_factory=dict)
    _askers: dict[str, Askers] = field(default_factory=dict)
    _unasked: set[str] = field(default_factory=set)
    _remembered: bool = False

    def __post_init__(self) -> None:
        self.breakers = Breakers(self.clock, self.chance, self._write)

    def __getitem__(self, account_id: str) -> Platform:
        return self._ways[account_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ways)

    def __len__(self) -> int:
        return len(self._ways)

    def ready(self, account_id: str) -> str:
        """Say why a post of this account would not be let through just now; empty if it would."""
        way = self._ways.get(account_id)
        return way.refusal() if way else f"{account_id} is not connected"

    def breakers_of(self) -> dict[str, list[str]]:
        """The breakers between each account and its platform, and the browser's, for the graph of what needs what."""
        parents, found = self.breakers.parents(), {}
        for account_id, way in self._ways.items():
            names = [one.breaker.name for one in way.ways.values() if one.breaker]
            found[account_id] = [*names, *sorted({parents[name] for name in names if parents.get(name)})]
        return found

    def samples(self) -> list[Sample]:
        """The breakers, and whether a browser runs or none is needed yet."""
        up = "browser" not in self.breakers or self.breakers["browser"].closed
        return [*self.breakers.samples(), Sample(name="bowerbird_browser_up", value=up), *self._sessions()]

    def _sessions(self) -> list[Sample]:
        """How each session is that lives in a browser, and how long it will, where that can be told."""
        now, found = self.clock.now(), []
        for account_id, driver in self._drivers.items():
            session, labels = driver.session, {"account": account_id}
            told = {**labels, "state": str(session.state(now))}
            found.append(Sample(name="bowerbird_session_state", value=1, labels=told))
            spans = {"age": session.age_s(now), "left": session.left_s(now)}
            found += [
                Sample(name=f"bowerbird_session_{which}_seconds", value=span, labels=labels)
                for which, span in spans.items()
                if span is not None
            ]
        return found

    def accounts(self) -> list[Account]:
        """The accounts that have an adapter."""
        return [account for account_id, account in self._accounts.items() if account_id in self._ways]

    async def connect_once(self) -> bool:
        """Connect accounts that are new or changed, and ask each who we are. Return False: there is no more.

        1. Make their adapters; from here on they can be planned for and posted to.
        2. Ask them all at once, so that a browser that starts slowly keeps nobody waiting.
        """
        await self.attach()
        await asyncio.gather(*(self._greet(account_id) for account_id in tuple(self._unasked)))
        return False

    async def attach(self) -> None:
        """Make the adapter of each account that is new or changed, without asking it anything.

        1. The first time, take over how the breakers were before the restart.
        2. An account that cannot be connected as it is set up is told once, and does not keep the others.
        3. A breaker that nobody uses any more is open for nobody.
        """
        if not self._remembered:
            self.breakers.remember(await self.storage.breakers())
            self._remembered = True
        for account in await self.storage.accounts():
            known = self._accounts.get(account.id)
            if known is None or _address(known) != _address(account):
                await self._connect(account)
        self.breakers.retire(lambda name: name.split(" ")[0] in {*PLATFORMS, "browser"})

    async def _connect(self, account: Account) -> None:
        await self._let_go(account.id)
        if account.rests and not account.url:  # a rehearsal whose network is gone
            self._accounts[account.id] = account
            return
        try:
            drivers = dict.fromkeys(filter(None, (account.platform, account.other_driver)))
            ways = {driver: self._guard(account, driver, await self._adapter(account, driver)) for driver in drivers}
            self._ways[account.id] = Drivers(account.id, ways, self.clock, self.breakers.tell)
        except BadInput as error:
            await self._tell(account.id, str(error))
        else:
            self._unasked.add(account.id)
        self._accounts[account.id] = account  # not before: books that hiccup are asked again at the next look

    async def _let_go(self, account_id: str) -> None:
        """Have no adapter for it: its server is another one now, or it has none any more."""
        before = self._ways.pop(account_id, None)
        self._drivers.pop(account_id, None)
        self._unasked.discard(account_id)
        for askers in self._askers.values():
            askers.remove(account_id)
        if before is not None:
            await before.close()

    async def _adapter(self, account: Account, driver: str) -> Platform:
        made = await adapter(
            account, driver, secrets=self.storage, clock=self.clock, seat=self.seat, settings=self.settings
        )
        if isinstance(made, WebDriver):
            made.note, made.tell = self.sights.note, self.breakers.tell
            self._drivers[account.id] = made
        return made

    def _guard(self, account: Account, driver: str, adapter: Platform) -> Guarded:
        """Put an adapter behind the breaker of its host; from here on the account may be asked whether it is back."""
        name = host_of(account, driver)
        browser = adapter.capabilities.browser
        askers = self._askers.setdefault(name, Askers())
        askers.add(account.id, adapter)
        parent = self._browser() if browser else ""
        breaker = self.breakers.add(name, askers.ask, weigh=says, trip=WEB if browser else API, parent=parent)
        return Guarded(account.id, adapter, breaker)

    def _browser(self) -> str:
        """The name of the browser's breaker, which is there once somebody needs a browser."""
        self.breakers.add("browser", lambda: self.seat.try_out(wait_s=TRY_OUT_S), weigh=says_of_browser, trip=BROWSER)
        return "browser"

    async def _greet(self, account_id: str) -> None:
        self._unasked.discard(account_id)
        try:
            await self._ways[account_id].whoami()
        except PlatformError as error:
            # It may be back in a moment; posting finds out for itself, and says so where it matters.
            await self._tell(account_id, str(error))

    async def _write(self, states: Sequence[BreakerState], facts: Sequence[Fact]) -> None:
        await self.storage.record(Batch(breakers=tuple(states), facts=tuple(facts)))

    async def _tell(self, account_id: str, why: str) -> None:
        fact = Fact(kind="degraded", at=self.clock.now(), by="connect", account_id=account_id, data={"why": why})
        await self.storage.record(Batch(facts=(fact,)))

    async def close(self) -> None:
        """Close every adapter and the browser."""
        for way in self._ways.values():
            await way.close()
        await self.seat.close()


def seat_of(settings: Settings) -> Pool:
    """The browsers of this machine. One that is missing fails where it is needed, and nowhere else."""
    try:
        path = chromium.find(settings["browser.path"])
    except BadInput:
        path = settings["browser.path"] or os.environ["CHROMIUM"]
    return Pool(
        SystemClock(),
        path=path,
        arguments=chromium.flags(settings["browsers.heap_max_mb"]),
        seats=settings["browsers.seats"],
        standby=settings["browsers.standby"] > 0,
        memory_max_mb=settings["browsers.memory_max_mb"],
        restarts_max=settings["browsers.restarts_max"],
    )


def _address(account: Account) -> tuple[str, str, str, str, int]:
    """What an adapter is made from; connecting an account anew changes its `created_at`."""
    return account.platform, account.other_driver, account.url, account.handle, account.created_at


async def connect(account: Account, *, secrets: Secrets, clock: Clock, seat: Pool, settings: Settings) -> Platform:
    """Make an account's own adapter, with deadlines and without a breaker. Asks the platform nothing.

    Raises:
        BadInput: there is no such platform.
    """
    return Guarded(
        account.id,
        await adapter(account, account.platform, secrets=secrets, clock=clock, seat=seat, settings=settings),
    )


async def adapter(
    account: Account, driver: str, *, secrets: Secrets, clock: Clock, seat: Pool, settings: Settings
) -> Platform:
    """Make the adapter by which a driver reaches an account; the only place that names them all.

    Raises:
        BadInput: there is no such driver.
    """
    match driver:
        case "sandbox":
            import httpx

            from bowerbird.platforms.sandbox import Sandbox
            from bowerbird.platforms.trust import trusted

            http = httpx.AsyncClient(verify=trusted())
            return Sandbox(account.id, account.url, account.handle, secrets, clock, http, folder=settings.folder)
        case "sandbox-web" | "x":
            site = allowed(SITES[driver], settings["web.x_risk"])
            return WebDriver(
                account.id, account.url, account.handle, site, seat, secrets, clock,
                folder=settings.folder, quarantine=Quarantine(settings.folder / "quarantine"),
            )  # fmt: skip
        case "bluesky":
            from bowerbird.platforms.bluesky.adapter import Bluesky
            from bowerbird.platforms.bluesky.session import StoredSession

            password = await secrets.load_secret(account.id, "password") or ""
            session = StoredSession(secrets, account.id)
            return Bluesky(account.url, account.handle, password, session, clock, media_root=settings.folder)
        case _:
            raise BadInput(f"there is no platform {driver!r}; known are {', '.join(PLATFORMS)}")

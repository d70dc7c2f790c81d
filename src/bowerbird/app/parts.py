"""The parts of the engine: how each is started, how it is asked whether it works, and what waits without it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bowerbird.app.connections import Connections
from bowerbird.browsers.pool import Pool
from bowerbird.core.account import Account, host_of, in_browser
from bowerbird.core.errors import PlatformError, StorageError, Unreachable
from bowerbird.core.gauge import Sample
from bowerbird.core.health import Health, Light, Part
from bowerbird.core.ports import Clock, Writer
from bowerbird.jobs import health
from bowerbird.jobs.runner import Runner
from bowerbird.startup.heart import Heart
from bowerbird.startup.late import Late
from bowerbird.startup.progress import Progress

WIND_DOWN_S = 30.0
"""How long jobs may take to end before they are started anew, seconds."""
BROWSER_S = 20.0
"""How long a browser may take to start before the next try, seconds."""


@dataclass
class Jobs:
    """The runner as a part; a runner that ended or stands still is replaced by a new one.

    Args:
        make: makes a runner that has not run yet.
        before: done each time before the first job runs; what it raises keeps the jobs from starting.
    """

    make: Callable[[], Runner]
    before: Callable[[], Awaitable[None]]
    clock: Clock
    runner: Runner = field(init=False)
    progress: Progress = field(init=False)
    _task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.runner = self.make()
        self.progress = Progress(self._mark, self.clock)

    def _mark(self) -> object:
        return [(pulse.last_at, pulse.busy) for pulse in self.runner.pulses.values()]

    async def start(self) -> None:
        """Run the jobs; raises what keeps them from running."""
        await self.before()
        if self._task is not None:
            await self.stop()
            self.runner = self.make()
        self._task = asyncio.create_task(self.runner.run(), name="jobs")
        self.progress.begin()
        await asyncio.wait([self._task], timeout=0.2)  # what ends at once never ran
        if self._task.done():
            self._task.result()

    async def check(self) -> Health:
        """Red once they ended, or when no job has come round for half a minute."""
        moves = self.progress.look()
        if self._task is None or self._task.done():
            error = self._task.exception() if self._task and not self._task.cancelled() else None
            return _health("jobs", Light.RED, f"The jobs ended: {error or 'nobody asked them to'}.")
        if not moves:
            return _health("jobs", Light.RED, f"No job has come round for {self.progress.still_s:g} s.")
        return _health("jobs", Light.GREEN, f"{len(self.runner.jobs)} jobs run.")

    def ring(self, name: str) -> None:
        """Let a job look at once."""
        self.runner.ring(name)

    def samples(self) -> list[Sample]:
        """The numbers of the runner at work."""
        return health.samples(self.runner)

    @property
    def moving(self) -> bool:
        """Whether anything has come round lately."""
        return self.progress.look()

    async def stop(self) -> None:
        """Let what is under way end, and begin no more."""
        self.runner.stop()
        if self._task is not None and not self._task.done():
            _, late = await asyncio.wait([self._task], timeout=WIND_DOWN_S)
            for task in late:
                task.cancel()


@dataclass
class Browser:
    """The browser as a part: started when an account needs one, and not before."""

    seat: Pool
    connections: Connections

    async def start(self) -> None:
        """Start it if it is needed; Unreachable if it cannot be.

        Accounts are read from the books, for at the very start none is connected yet.
        """
        try:
            accounts = await self.connections.storage.accounts()
        except StorageError:
            accounts = self.connections.accounts()
        if _driven(accounts):
            await self.seat.open(wait_s=BROWSER_S)

    async def check(self) -> Health:
        """Grey while nobody needs it."""
        up = self.seat.up
        if up and await self.seat.answers():
            return _health("browser", Light.GREEN, "It runs.")
        if not _driven(self.connections.accounts()):
            return _health("browser", Light.GREY, "No account needs a browser.")
        return _health("browser", Light.RED, "It does not answer." if up else "No browser runs.")


def _driven(accounts: Sequence[Account]) -> bool:
    """Whether any of these accounts is reached through a browser."""
    return any(in_browser(account.platform) or in_browser(account.other_driver) for account in accounts)


@dataclass
class Host:
    """One platform's host as a part: it has to answer, whatever it says; its breaker says how it is from then on."""

    name: str
    connections: Connections
    account_id: str

    def _spared(self) -> str:
        """Why calls to it are spared just now, or empty."""
        breaker = self.connections.breakers.get(self.name)
        return "" if breaker is None or breaker.closed else f"Calls are spared: {breaker.state.why}"

    async def start(self) -> None:
        """Ask it who we are; Unreachable if nobody answers."""
        if why := self._spared():
            raise Unreachable(why)
        platform = self.connections.get(self.account_id)
        if platform is None:
            return
        try:
            await platform.whoami()
        except Unreachable:
            raise
        except PlatformError:
            return  # an answer, if not the one we wanted; posting finds out what it means for the account

    async def check(self) -> Health:
        """Red while calls to it are spared."""
        why = self._spared()
        return _health(self.name, Light.RED if why else Light.GREEN, why or "It answers.")


def parts_of(
    heart: Heart,
    jobs: Jobs,
    browser: Browser,
    connections: Connections,
    writers: Late[Writer],
) -> list[Part]:
    """Return every part there is now: those that are always there, and a host for each platform in use."""

    async def write() -> None:
        await writers.get()

    async def books() -> Health:
        light = Light.RED if heart.missed else Light.GREEN
        return _health("books", light, heart.trouble if heart.missed else "They can be written.")

    async def words() -> Health:
        return _health("writer", Light.GREEN, "There is somebody who writes.")

    fixed = [
        Part(name="books", start=heart.beat_once, check=books, critical=True, without="books",
             needed_for="everything that is planned, sent or measured"),
        Part(name="jobs", start=jobs.start, check=jobs.check, critical=True, without="jobs", start_s=2 * WIND_DOWN_S,
             needed_for="planning, posting, measuring and learning"),
        Part(name="browser", start=browser.start, check=browser.check, without="browser", start_s=2 * BROWSER_S,
             needed_for="accounts that are driven through a browser"),
        Part(name="writer", start=write, check=words, without="writer", needed_for="new posts", start_s=60.0),
    ]  # fmt: skip
    return fixed + [_host(connections, account) for account in _one_of_each(connections).values()]


def _one_of_each(connections: Connections) -> dict[str, Account]:
    found: dict[str, Account] = {}
    for account in connections.accounts():
        if not in_browser(account.platform):  # those are reached through the browser, if at all
            found.setdefault(host_of(account), account)
    return found


def _host(connections: Connections, account: Account) -> Part:
    host = Host(host_of(account), connections, account.id)
    return Part(
        name=host.name, start=host.start, check=host.check, without="platform", needed_for=f"posting to {host.name}"
    )


def _health(part: str, light: Light, sentence: str) -> Health:
    return Health(part=part, light=light, sentence=sentence)

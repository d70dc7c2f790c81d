"""The rehearsal that the first page offers: a small network beside the engine, and an account on it that asks first.

1. It begins when somebody asks for it: the network is started as a process of its own, then the account is written
   down. It is no other than a real one but that its numbers are a rehearsal's, which never mix with real ones.
2. The network runs with the engine, and is started again if it ends, as long as anything is asked of it.
3. It is over when somebody says so, or after `LASTS_S`: the account rests, nothing more is planned or answered. Its
   posts are measured to the end; `QUIET_S` later nothing is left to ask, and the network is not started any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from bowerbird.app.accounts import account_from
from bowerbird.app.network import Network, start_network
from bowerbird.core.account import Account, HoldKind, Mode
from bowerbird.core.books import Batch, Storage
from bowerbird.core.errors import BadInput, StorageError
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Command
from bowerbird.settings import Settings, make_folder

HANDLE = "starling"
"""Our account on the network."""
ID = f"sandbox:{HANDLE}"
EVERY_S, COVER_H = 30.0, 0.05
"""One post each so many seconds, planned so many hours ahead: six of them wait at a time."""
LASTS_S = 3600.0
"""How long a rehearsal lasts unless somebody begins it anew, in seconds."""
QUIET_S = 8 * 86_400.0
"""So long after its beginning the numbers of its posts are read to the end, in seconds."""
LOOK_S = 5.0
"""How often the network is looked after, in seconds."""
ATTACH_S = 6.0
"""How long the account may take to be connected, in seconds."""

Start = Callable[..., Network]


@dataclass
class Rehearsal:
    """Begins and ends the rehearsal, and keeps its network.

    Args:
        connected: the ids of accounts that have an adapter.
        ring: lets a job look for work now, by its name.
        start: starts the network; blocks.
    """

    storage: Storage
    clock: Clock
    settings: Settings
    connected: Collection[str]
    ring: Callable[[str], object]
    start: Start = start_network
    _network: Network | None = None
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    def table(self) -> Mapping[str, Callable[[Command], Awaitable[str]]]:
        """The verbs, by name."""
        return {"rehearse": self.begin, "rehearse_end": self.end}

    async def begin(self, command: Command) -> str:
        """Start the network and let the account plan, or go on for another while; takes no arguments."""
        network = await self._running()
        now = self.clock.now()
        account = await asyncio.to_thread(self._account, network.url, now)
        await self.storage.save_secret(ID, "password", network.accounts[0]["password"])
        fact = Fact(kind="account_added", at=now, by=command.by, account_id=ID, data={"handle": HANDLE})
        await self.storage.record(Batch(accounts=(account,), facts=(fact,), lifted=((ID, HoldKind.PAUSED),)))
        self.ring("connect")
        await self._attached()
        self.ring("plan")
        return "The rehearsal runs: its posts wait for your yes. Nothing of it leaves this machine."

    def _account(self, url: str, now: int) -> Account:
        return account_from(
            self.settings, platform="sandbox", handle=HANDLE, url=url, now=now, mode=Mode.ASK, zone="UTC",
            every_s=EVERY_S, cover_h=COVER_H, posts_per_hour_max=120, posts_per_day_max=3_000, searches=(),
        )  # fmt: skip

    async def end(self, command: Command) -> str:
        """Let the account rest; takes no arguments."""
        account = await self.storage.account(ID)
        if account is None or account.rests:
            raise BadInput("no rehearsal runs")
        await self._rest(account, by=command.by)
        return "The rehearsal is over. Its posts and their numbers stay, apart from real ones."

    async def keep_for_ever(self) -> None:
        """Look after the network; it is left to its own guardian, which ends it when this process is gone."""
        try:
            while True:
                with suppress(StorageError, BadInput):  # it is looked after again in a moment
                    await self.look_once()
                await self.clock.sleep(LOOK_S)
        finally:
            self._leave()

    async def look_once(self) -> None:
        """See that the network runs while anything is asked of it, and that a rehearsal ends.

        Raises:
            BadInput: it does not start; its own words are in its log.
        """
        account = await self.storage.account(ID)
        if account is None or not account.url:
            self._leave()
            return
        age_s = (self.clock.now() - account.created_at) / SECOND_US
        if not account.rests and age_s > LASTS_S:
            await self._rest(account, by="rehearsal")
        elif account.rests and age_s > QUIET_S:
            await self.storage.record(Batch(accounts=(replace(account, url=""),)))
        else:
            await self._at(account, (await self._running()).url)

    async def _at(self, account: Account, url: str) -> None:
        """Note where the network is; on a machine where its port was taken meanwhile it is elsewhere."""
        if account.url != url:
            await self.storage.record(Batch(accounts=(replace(account, url=url),)))

    async def _rest(self, account: Account, *, by: str) -> None:
        fact = Fact(kind="account_changed", at=self.clock.now(), by=by, account_id=ID, data={"rests": True})
        await self.storage.record(Batch(accounts=(replace(account, cover_h=0.0),), facts=(fact,)))

    async def _running(self) -> Network:
        """The network, started if it does not run."""
        async with self._starting:
            if self._network is None or self._network.process.poll() is not None:
                self._network = await asyncio.to_thread(self._started)
            return self._network

    def _started(self) -> Network:
        folder = make_folder(self.settings.folder / "rehearsal")
        speed, seed = self.settings["demo.speed"], self.settings["demo.seed"]
        return self.start(folder, cast=f"{HANDLE}:forever", speed=speed, seed=seed)

    async def _attached(self) -> None:
        until = self.clock.monotonic() + ATTACH_S
        while ID not in self.connected and self.clock.monotonic() < until:
            await self.clock.sleep(0.1)

    def _leave(self) -> None:
        """Ask the network to stop, and wait for nothing."""
        if self._network is not None and self._network.process.poll() is None:
            self._network.process.terminate()

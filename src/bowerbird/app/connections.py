"""The adapter of each account: the only file that names the platforms."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bowerbird.browsers import chromium
from bowerbird.browsers.seat import Seat
from bowerbird.core.account import Account
from bowerbird.core.books import Batch, Secrets, Storage
from bowerbird.core.errors import BadInput, PlatformError
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Clock, Platform
from bowerbird.settings import Settings

PLATFORMS = ("sandbox", "sandbox-web", "bluesky")
"""The platforms an account can be on."""


@dataclass
class Connections(Mapping[str, Platform]):
    """The adapter of each account, connected when the account is added and again when it changes."""

    storage: Storage
    clock: Clock
    settings: Settings
    seat: Seat
    _platforms: dict[str, Platform] = field(default_factory=dict)
    _accounts: dict[str, Account] = field(default_factory=dict)
    _unasked: set[str] = field(default_factory=set)

    def __getitem__(self, account_id: str) -> Platform:
        return self._platforms[account_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._platforms)

    def __len__(self) -> int:
        return len(self._platforms)

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

        An account that cannot be connected as it is set up is told once, and does not keep the others.
        """
        for account in await self.storage.accounts():
            known = self._accounts.get(account.id)
            if known is not None and _address(known) == _address(account):
                continue
            before = self._platforms.pop(account.id, None)
            if before is not None:
                await before.close()
            try:
                self._platforms[account.id] = await self._adapter(account)
            except BadInput as error:
                await self._tell(account.id, str(error))
            else:
                self._unasked.add(account.id)
            self._accounts[account.id] = account  # not before: books that hiccup are asked again at the next look

    async def _adapter(self, account: Account) -> Platform:
        return await connect(account, secrets=self.storage, clock=self.clock, seat=self.seat, settings=self.settings)

    async def _greet(self, account_id: str) -> None:
        self._unasked.discard(account_id)
        try:
            await self._platforms[account_id].whoami()
        except PlatformError as error:
            # It may be back in a moment; posting finds out for itself, and says so where it matters.
            await self._tell(account_id, str(error))

    async def _tell(self, account_id: str, why: str) -> None:
        fact = Fact(kind="degraded", at=self.clock.now(), by="connect", account_id=account_id, data={"why": why})
        await self.storage.record(Batch(facts=(fact,)))

    async def close(self) -> None:
        """Close every adapter and the browser."""
        for platform in self._platforms.values():
            await platform.close()
        await self.seat.close()


def seat_of(settings: Settings) -> Seat:
    """A seat in the browser of this machine. One that is missing fails where it is needed, and nowhere else."""
    try:
        path = chromium.find(settings["browser.path"])
    except BadInput:
        path = settings["browser.path"] or os.environ["CHROMIUM"]
    return Seat(path=path, arguments=chromium.flags())


def _address(account: Account) -> tuple[str, str, str, int]:
    """What an adapter is made from; connecting an account anew changes its `created_at`."""
    return account.platform, account.url, account.handle, account.created_at


async def connect(account: Account, *, secrets: Secrets, clock: Clock, seat: Seat, settings: Settings) -> Platform:
    """Make the adapter of an account; the only place that names them all. Asks the platform nothing.

    Raises:
        BadInput: there is no such platform.
    """
    import httpx

    match account.platform:
        case "sandbox":
            from bowerbird.platforms.sandbox import Sandbox

            http = httpx.AsyncClient()
            return Sandbox(account.id, account.url, account.handle, secrets, clock, http, folder=settings.folder)
        case "sandbox-web":
            from bowerbird.platforms.web.driver import WebDriver
            from bowerbird.platforms.web.sites import SANDBOX

            return WebDriver(account.id, account.url, account.handle, SANDBOX, seat, secrets, clock)
        case "bluesky":
            from bowerbird.platforms.bluesky.adapter import Bluesky
            from bowerbird.platforms.bluesky.session import StoredSession

            password = await secrets.load_secret(account.id, "password") or ""
            session = StoredSession(secrets, account.id)
            return Bluesky(account.url, account.handle, password, session, clock, media_root=settings.folder)
        case _:
            raise BadInput(f"there is no platform {account.platform!r}; known are {', '.join(PLATFORMS)}")

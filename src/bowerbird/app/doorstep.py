"""How an account comes in by the page: it says who it is, a person says yes, and only then is it an account.

1. The face puts the app password into the books' safe under the command's own id; the command names no secret.
2. `introduce` takes it from there, asks the platform who that is, and keeps what was opened under `NEWCOMER`.
3. `welcome` makes it an account, as `bowerbird connect` does; `decline` forgets it. Either way the password is nowhere
   but in the safe, and a password that did not open anything is nowhere at all.

The account's own settings (approval, limits, times of day) are changed here, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bowerbird.app.accounts import URLS, WEEK_US, account_from, ask_who, welcome
from bowerbird.core.account import Account, Mode
from bowerbird.core.books import Batch, Storage
from bowerbird.core.errors import BadInput, PlatformError, SignedOut
from bowerbird.core.facts import Fact
from bowerbird.core.newcomer import NEWCOMER, Newcomer, newcomer_of, nobody
from bowerbird.core.ports import Clock, Identity
from bowerbird.core.work import Command
from bowerbird.planning.calendar import next_slots
from bowerbird.settings import Settings, checked

ASK_S = 14.0
"""How long a platform may take to say who we are, in seconds: a button waits for it."""
HINT = (
    "Look at both: the handle is written like wren.bsky.social, and an app password has four groups of four letters "
    "and is made in Bluesky under Settings, Privacy and security, App passwords"
)
"""What helps where a platform refuses a handle or a password; it does not say which of the two is wrong."""

Ask = Callable[..., Awaitable[tuple[Identity, Mapping[str, str]]]]


@dataclass
class Doorstep:
    """What a person may do with accounts.

    Args:
        ring: lets a job look for work now, by its name.
        ask: asks a platform who an account is.
    """

    storage: Storage
    clock: Clock
    settings: Settings
    ring: Callable[[str], object]
    ask: Ask = ask_who

    def table(self) -> Mapping[str, Callable[[Command], Awaitable[str]]]:
        """The verbs, by name."""
        return {
            "introduce": self.introduce, "welcome": self.welcome, "decline": self.decline,
            "account_set": self.account_set,
        }  # fmt: skip

    async def introduce(self, command: Command) -> str:
        """Ask who an account is: `handle`, `url` (empty: the platform's own), `platform` (empty: bluesky)."""
        password = await self.storage.load_secret(command.id, "password")
        await self.storage.forget_secrets(command.id)
        account = await asyncio.to_thread(self._asked_for, command)  # it reads time zones
        if not password:
            raise BadInput("type the app password, too; it is asked for each time")
        try:
            who, secrets = await self.ask(self.settings, account, password, within_s=ASK_S)
        except SignedOut as error:
            raise BadInput(f"{str(error).rstrip('.')}. {HINT}") from error
        except PlatformError as error:
            raise BadInput(f"{error} Nothing was kept; try again") from error
        await self._keep(account, who, secrets, by=command.by)
        return (
            f"{account.url} says that this is {who.name or who.handle}. Is it you? Nothing is sent before you say so."
        )

    def _asked_for(self, command: Command) -> Account:
        platform = str(command.args.get("platform") or "bluesky")
        handle = str(command.args.get("handle", "")).strip().removeprefix("@").lower()
        if platform not in URLS:
            raise BadInput(f"{platform} is not connected on this page; `bowerbird connect` does it")
        if "." not in handle or "@" in handle or any(letter.isspace() for letter in handle):
            raise BadInput(f"{handle or 'an empty word'} is no handle; it is written like wren.bsky.social")
        url = str(command.args.get("url", "")).strip().rstrip("/") or URLS[platform]
        if not url.startswith(("https://", "http://")):
            raise BadInput(f"{url} is no server's address; it is written like https://bsky.social")
        return account_from(self.settings, platform=platform, handle=handle, url=url, now=self.clock.now())

    async def _keep(self, account: Account, who: Identity, secrets: Mapping[str, str], *, by: str) -> None:
        await self.storage.forget_secrets(NEWCOMER)
        for name, value in secrets.items():
            await self.storage.save_secret(NEWCOMER, name, value)
        found = Newcomer(
            platform=account.platform, login=account.handle, url=account.url, id=who.id, handle=who.handle,
            name=who.name, followers=who.followers, by=by, secrets=tuple(secrets),
        )  # fmt: skip
        await self.storage.record(Batch(snapshots=(found.kept(now=self.clock.now()),)))

    async def welcome(self, command: Command) -> str:
        """Make an account of who was introduced: `who`, the id that was shown."""
        found = await self._waiting(command)
        now = self.clock.now()
        account = await asyncio.to_thread(
            account_from, self.settings, platform=found.platform, handle=found.login, url=found.url, now=now
        )
        if known := await self.storage.account(account.id):  # its own settings stay
            account = replace(known, url=found.url, created_at=now)
        loaded = {name: await self.storage.load_secret(NEWCOMER, name) for name in found.secrets}
        secrets = {name: value for name, value in loaded.items() if value}
        await welcome(self.storage, account, found.who, secrets, now=now, by=command.by)
        await self._forget()
        self.ring("connect")
        return f"{account.handle} is connected. Nothing is sent for it before you attest what it is."

    async def decline(self, command: Command) -> str:
        """Forget who was introduced, with everything that was opened: `who`, the id that was shown."""
        found = await self._waiting(command)
        await self._forget()
        return f"{found.handle} is forgotten, and so is its password."

    async def _waiting(self, command: Command) -> Newcomer:
        found = newcomer_of(await self.storage.snapshot(NEWCOMER))
        if found is None or found.id != str(command.args.get("who", "")):
            raise BadInput("nobody of that name waits any more; type handle and app password again")
        return found

    async def _forget(self) -> None:
        await self.storage.record(Batch(snapshots=(nobody(now=self.clock.now()),)))
        await self.storage.forget_secrets(NEWCOMER)

    async def account_set(self, command: Command) -> str:
        """Change an account's own settings: `account_id`; `mode`, `hour_max`, `day_max`, `slots`, `zone`."""
        account = await self.storage.account(str(command.args.get("account_id", "")))
        if account is None:
            raise BadInput(f"there is no account {command.args.get('account_id')!r}; `bowerbird accounts` lists them")
        changed = replace(account, **changes(command.args))
        now = self.clock.now()
        # A zone or time of day that does not exist is told now; zones are read from disk.
        await asyncio.to_thread(next_slots, changed, (), now, now + WEEK_US)
        data = {name: str(command.args[name]) for name in GIVEN if name in command.args}
        fact = Fact(
            kind="account_changed", at=now, by="desk", account_id=account.id, data={**data, "person": command.by}
        )
        await self.storage.record(Batch(accounts=(changed,), facts=(fact,)))
        self.ring("plan")
        return f"{account.handle} follows that from now on. Posts that are planned keep their times."


GIVEN = ("mode", "hour_max", "day_max", "slots", "zone")
"""What may be changed of an account."""


def changes(args: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an account that these arguments change.

    Raises:
        BadInput: one of them cannot be what it is given as.
    """
    given = {name: str(args[name]).strip() for name in GIVEN if str(args.get(name, "")).strip()}
    found: dict[str, Any] = {}
    if "mode" in given:
        if given["mode"] not in set(Mode):
            raise BadInput(f"{given['mode']} is no way of approving; it is one of {', '.join(Mode)}")
        found["mode"] = Mode(given["mode"])
    for name, field in (("hour_max", "posts_per_hour_max"), ("day_max", "posts_per_day_max")):
        if name in given:
            found[field] = checked(f"account.{name}", given[name], "the form")
    if "slots" in given:
        found |= {"slots": tuple(checked("account.slots", given["slots"], "the form")), "every_s": None}
    if "zone" in given:
        found["zone"] = given["zone"]
    return found

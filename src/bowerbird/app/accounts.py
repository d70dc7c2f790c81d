"""How an account comes in: made from the owner's settings, and written down only when it has said who it is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bowerbird.app.connections import PLATFORMS, connect, seat_of
from bowerbird.clock import SystemClock
from bowerbird.core.account import Account, Hold, HoldKind, Mode
from bowerbird.core.books import Batch, Storage
from bowerbird.core.errors import BadInput, Unreachable
from bowerbird.core.facts import Fact
from bowerbird.core.policy import attested
from bowerbird.core.ports import Identity
from bowerbird.core.post import SECOND_US
from bowerbird.planning.calendar import next_slots
from bowerbird.settings import Settings

WEEK_US = 7 * 86_400 * SECOND_US
"""A week, in microseconds."""
URLS = {"bluesky": "https://bsky.social", "x": "https://x.com"}
"""Where an account is when nothing else is said."""
INTRODUCE_S = 45.0
"""How long a platform may take to say who we are, in seconds."""


def account_from(settings: Settings, *, platform: str, handle: str, url: str, now: int, **changes: Any) -> Account:
    """Make a new account with the owner's defaults.

    Raises:
        BadInput: an unknown platform, approval mode, time zone or time of day.
    """
    if platform not in PLATFORMS:
        raise BadInput(f"there is no platform {platform!r}; known are {', '.join(PLATFORMS)}")
    try:
        mode = Mode(settings["account.mode"])
    except ValueError as error:
        modes = ", ".join(mode.value for mode in Mode)
        raise BadInput(f"account.mode is {settings['account.mode']!r}; it must be one of {modes}") from error
    defaults: dict[str, Any] = {
        "id": f"{platform}:{handle}",
        "platform": platform,
        "handle": handle,
        "url": url,
        "rehearsal": platform.startswith("sandbox"),
        "mode": mode,
        "zone": settings["account.zone"],
        "slots": tuple(settings["account.slots"]),
        "every_s": settings["account.every_s"] or None,
        "cover_h": settings["account.cover_h"],
        "posts_per_hour_max": settings["account.hour_max"],
        "posts_per_day_max": settings["account.day_max"],
        "searches": tuple(settings["account.searches"]),
        "created_at": now,
    }
    account = Account(**{**defaults, **changes})
    next_slots(account, (), now, now + WEEK_US)  # a zone or time of day that does not exist is told now, not at night
    return account


@dataclass
class Trial:
    """Secrets kept in memory until an account has answered who it is."""

    kept: dict[str, str] = field(default_factory=dict, repr=False)

    async def load_secret(self, account_id: str, name: str) -> str | None:
        """Return it, or None."""
        return self.kept.get(name)

    async def save_secret(self, account_id: str, name: str, value: str) -> None:
        """Keep it for now."""
        self.kept[name] = value


async def introduce(
    settings: Settings, storage: Storage, account: Account, password: str, *, state: str = ""
) -> Identity:
    """Connect a new account: ask who it is, and only then write it down with its secrets.

    Args:
        state: a session that a person began in a browser, as a storage state; empty where there is a password.

    Raises:
        PlatformError: the platform does not know it, or is not reached; nothing was stored.
    """
    who, secrets = await ask_who(settings, account, password, state=state)
    await welcome(storage, account, who, secrets, now=SystemClock().now())
    return who


async def ask_who(
    settings: Settings, account: Account, password: str, *, state: str = "", within_s: float = INTRODUCE_S
) -> tuple[Identity, Mapping[str, str]]:
    """Ask the platform whose account this is; nothing is stored. Return it with the secrets that were opened.

    Raises:
        PlatformError: the platform does not know it, or did not answer within `within_s` seconds.
    """
    given = {"password": password, "web_state": state}
    trial = Trial({name: value for name, value in given.items() if value})
    seat = await asyncio.to_thread(seat_of, settings)
    platform = await connect(account, secrets=trial, clock=SystemClock(), seat=seat, settings=settings)
    try:
        async with asyncio.timeout(within_s):
            return await platform.whoami(), trial.kept
    except TimeoutError as error:
        raise Unreachable(f"{account.url} did not answer within {within_s:g} s", reason="timeout") from error
    finally:
        await platform.close()
        await seat.close()


async def welcome(
    storage: Storage, account: Account, who: Identity, secrets: Mapping[str, str], *, now: int, by: str = "person"
) -> None:
    """Write an account down that has said who it is, with its secrets; it is held until it is attested.

    Connecting anew takes today's settings; what was attested stays.
    """
    for name, value in secrets.items():
        await storage.save_secret(account.id, name, value)
    fact = Fact(kind="account_added", at=now, by=by, account_id=account.id, data={"handle": who.handle})
    unattested = Hold(
        account_id=account.id, kind=HoldKind.UNATTESTED, since=now, why="attest the automation label and the operator"
    )
    known = await storage.account(account.id)
    if known is not None:
        account = replace(account, labelled=known.labelled, operator=known.operator)
    holds = () if attested(account) else (unattested,)
    await storage.record(Batch(accounts=(replace(account, followers=who.followers),), facts=(fact,), holds=holds))

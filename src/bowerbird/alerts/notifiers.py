"""The channels: where a message leaves the house.

An address may hold a token or a password, so it is never shown: not in a repr, a row, a log or an error. A
channel is called by its name.

* ``http://``, ``https://``   our own webhook: one JSON object by POST
* ``console:``                standard error
* anything else               Apprise: mail, Telegram, Slack, Signal, Matrix, ntfy … about a hundred services
                              (https://github.com/caronc/apprise/wiki)
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bowerbird.core.account import Account
from bowerbird.core.books import Batch, Recorder
from bowerbird.core.errors import BadInput, BowerbirdError
from bowerbird.core.gauge import Snapshot
from bowerbird.core.incident import Delivery
from bowerbird.core.policy import attested

SEND_S = 10.0
"""How long one delivery may take, in seconds."""
NONE = "none"
"""The channel's name by which an owner says that nobody is to be told."""


class Undelivered(BowerbirdError):
    """A channel did not take a message; the sentence names no address."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to reach a person: a name for people, and an address that stays secret."""

    name: str
    address: str = field(repr=False)

    @property
    def mark(self) -> str:
        """Eight letters by which a changed address is noticed; too few to find the address from."""
        return hashlib.sha256(self.address.encode()).hexdigest()[:8]


class Notifier(Protocol):
    """Sends one message; `Undelivered` if the channel did not take it."""

    async def __call__(self, channel: Channel, delivery: Delivery) -> None:
        """Send it, within `SEND_S`."""


def channels_of(addresses: Mapping[str, str]) -> tuple[Channel, ...]:
    """The channels named in the settings, in their order: the first is used, the next one when it fails.

    Raises:
        BadInput: an address has no scheme.
    """
    for name, address in addresses.items():
        if name != NONE and ":" not in address:
            raise BadInput(f"alerts.channels: the address of {name!r} has no scheme; write it like https://…")
    return tuple(Channel(name, address) for name, address in addresses.items() if name != NONE)


def none_wanted(addresses: Mapping[str, str]) -> bool:
    """True if the owner said in so many words that nobody is to be told."""
    return NONE in addresses


async def send(channel: Channel, delivery: Delivery) -> None:
    """Send one message by its channel, whichever it is.

    Raises:
        Undelivered: the channel refused, failed, or took longer than `SEND_S`.
    """
    scheme = channel.address.split(":", 1)[0]
    way = {"http": _webhook, "https": _webhook, "console": _console}.get(scheme, _apprise)
    try:
        async with asyncio.timeout(SEND_S):
            await way(channel, delivery)
    except TimeoutError as error:
        raise Undelivered(f"no answer within {SEND_S:g} s") from error


async def _console(channel: Channel, delivery: Delivery) -> None:
    sys.stderr.write(f"\n!! {delivery.title}\n{delivery.body}\n")
    sys.stderr.flush()


async def _webhook(channel: Channel, delivery: Delivery) -> None:
    import httpx

    row = {
        "id": delivery.id,
        "incident": delivery.incident_id,
        "told": delivery.told,
        "title": delivery.title,
        "body": delivery.body,
        "at": delivery.made_at,
    }
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes addresses at INFO
    try:
        async with httpx.AsyncClient(timeout=SEND_S, trust_env=False) as client:
            answer = await client.post(channel.address, json=row)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Undelivered(f"it could not be reached ({type(error).__name__})") from None
    if not answer.is_success:
        raise Undelivered(f"it answered {answer.status_code}")


async def _apprise(channel: Channel, delivery: Delivery) -> None:
    """Apprise waits in threads of its own and reads its plugins from disk, so all of it happens in one."""
    if not await asyncio.to_thread(_notify, channel.address, delivery.title, delivery.body):
        raise Undelivered("the service did not take it, or its address is wrong")


def _notify(address: str, title: str, body: str) -> bool:
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its lines name hosts and tokens
    target = apprise.Apprise()
    return bool(target.add(address) and target.notify(title=title, body=body))


# --- which channels are known to work --------------------------------------------------------------------------


class Tests(Recorder, Protocol):
    """What is asked of the books here."""

    async def snapshot(self, name: str) -> Snapshot | None:
        """The newest snapshot of this name."""


async def tested(books: Tests, channels: tuple[Channel, ...]) -> tuple[str, ...]:
    """The names of those channels that took a test at the address they have now."""
    names = []
    for channel in channels:
        row = await books.snapshot(f"channel:{channel.name}")
        if row is not None and row.data.get("mark") == channel.mark:
            names.append(channel.name)
    return tuple(names)


async def remember_tested(books: Tests, channel: Channel, *, now: int) -> None:
    """Write down that this channel took a test."""
    await books.record(
        Batch(snapshots=(Snapshot(name=f"channel:{channel.name}", at=now, data={"mark": channel.mark}),))
    )


async def may_run(addresses: Mapping[str, str], books: Tests, accounts: list[Account]) -> None:
    """Ask for a channel that works before anything real is sent.

    1. Rehearsals need none, nor does an account that may not post yet because nobody attested it.
    2. Who says "none" is taken at their word, and the page stays amber.

    Raises:
        BadInput: a real account may post, no channel has taken a test, and nobody said "none".
    """
    real = [account.id for account in accounts if not account.rehearsal and attested(account)]
    channels = channels_of(addresses)
    if not real or none_wanted(addresses) or await tested(books, channels):
        return
    named = (
        f"none of the channels {', '.join(c.name for c in channels)} has"
        if channels
        else "no channel is named that has"
    )
    raise BadInput(
        f"{real[0]} is a real account, and {named} taken a test message, so nobody would learn that something broke. "
        "Either name one under [alerts.channels] in the settings and run `bowerbird alerts test`, "
        'or write alerts = "none" there, and look at the page yourself'
    )

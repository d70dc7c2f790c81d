"""Bringing signed-out accounts back."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.books import Batch
from bowerbird.core.ports import Identity
from bowerbird.posting.renewal import Renewal

from .room import ACCOUNT, START, Room, Told


class Hanging(Told):
    """A platform that never says who we are."""

    async def whoami(self) -> Identity:
        """Wait for ever."""
        await asyncio.sleep(3600)
        raise AssertionError


class Broken(Told):
    """A platform whose adapter has a defect."""

    async def whoami(self) -> Identity:
        """Fail in a way nobody foresaw."""
        raise KeyError("did")


async def signed_out(room: Room, **platforms: Told) -> Renewal:
    """A renewal over accounts that are all signed out."""
    accounts = tuple(replace(ACCOUNT, id=name, handle=name) for name in platforms)
    holds = tuple(Hold(account_id=name, kind=HoldKind.SIGNED_OUT, since=START) for name in platforms)
    await room.books.record(Batch(accounts=accounts, holds=holds))
    return Renewal(room.books, platforms, room.clock, ask_s=0.05)


async def held(room: Room) -> list[str]:
    """Accounts that are still held."""
    return [hold.account_id for hold in await room.books.holds(now=room.clock.now())]


async def test_an_account_that_is_known_again_goes_on() -> None:
    """The hold is lifted with a fact."""
    room = Room()
    renewal = await signed_out(room, wren=Told())

    await renewal.renew_once()

    assert (await held(room), [fact.kind for fact in await room.books.facts()]) == ([], ["hold_lifted"])


async def test_an_account_that_is_still_signed_out_stays_held() -> None:
    """Nothing is written about what did not change."""
    room = Room()
    renewal = await signed_out(room, wren=Told(known=False))

    await renewal.renew_once()

    assert (await held(room), await room.books.facts()) == (["wren"], [])


async def test_accounts_that_hang_or_break_keep_no_other() -> None:
    """All are asked at the same time; a defect comes out when every answer has been written down."""
    room = Room()
    sick: dict[str, Told] = {f"a{n}": Hanging() for n in range(5)}
    renewal = await signed_out(room, **sick, broken=Broken(), wren=Told())

    with pytest.raises(KeyError, match="did"):
        await asyncio.wait_for(renewal.renew_once(), timeout=0.5)

    assert await held(room) == [*sick, "broken"]

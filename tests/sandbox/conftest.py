"""A sandbox in memory, whose clock a test moves by hand, and somebody signed in to it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from bowerbird.clock import VirtualClock
from bowerbird.sandbox.app import create_app
from bowerbird.sandbox.journal import MemoryJournal
from bowerbird.sandbox.people import signups
from bowerbird.sandbox.world import World

ACCOUNTS = "wren:forever,finch:hour,robin:none:no-impressions"


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands still until it is moved."""
    return VirtualClock()


@pytest.fixture
async def world(clock: VirtualClock) -> World:
    """A new world with three accounts, sixty times faster than the wall."""
    return await World.open(MemoryJournal(), now=clock.now, accounts=signups(ACCOUNTS))


@pytest.fixture
async def guest(world: World, clock: VirtualClock) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is not signed in."""
    transport = httpx.ASGITransport(create_app(world, sleep=clock.sleep))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        yield client


@pytest.fixture
async def wren(guest: httpx.AsyncClient, world: World, clock: VirtualClock) -> AsyncIterator[httpx.AsyncClient]:
    """A client signed in as the account that is keyed for ever."""
    async with signed_in(guest, await token_of(guest, "wren")) as client:
        yield client


@pytest.fixture
async def finch(guest: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """A client signed in as the account that is keyed for an hour."""
    async with signed_in(guest, await token_of(guest, "finch")) as client:
        yield client


@pytest.fixture
async def robin(guest: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """A client signed in as the account without keys, whose impressions are hidden."""
    async with signed_in(guest, await token_of(guest, "robin")) as client:
        yield client


async def token_of(guest: httpx.AsyncClient, handle: str) -> str:
    """Sign in and return the token."""
    answer = await guest.post("/api/sessions", json={"handle": handle, "password": f"{handle}-pass"})
    return str(answer.json()["token"])


def signed_in(guest: httpx.AsyncClient, token: str) -> httpx.AsyncClient:
    """Return a client of the same sandbox that sends this token."""
    headers = {"authorization": f"Bearer {token}"}
    return httpx.AsyncClient(transport=guest._transport, base_url="http://sandbox", headers=headers)

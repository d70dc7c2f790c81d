"""The real browser and the real network behind the guards: what is lost while the browser is, and how it comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from bowerbird.app.connections import Connections
from bowerbird.browsers import chromium
from bowerbird.browsers.pool import Pool
from bowerbird.clock import SeededChance, SystemClock
from bowerbird.core.account import Account
from bowerbird.core.books import Batch
from bowerbird.core.errors import Unreachable
from bowerbird.resilience import failpoints
from bowerbird.settings import load
from bowerbird.storage.memory import MemoryBooks, MemoryStorage
from tests.perch import Perch
from tests.platforms.bluesky.made import post
from tests.resilience.lab import until

pytestmark = [pytest.mark.browser]


@pytest_asyncio.fixture
async def connections(perch: Perch, program: str) -> AsyncIterator[Connections]:
    """An account that posts through the site's pages, and by the API while it cannot."""
    books, handle = MemoryStorage(MemoryBooks()), perch.account("none")
    account = Account(
        id=f"sandbox-web:{handle}", platform="sandbox-web", handle=handle, url=perch.url, other_driver="sandbox"
    )
    await books.record(Batch(accounts=(account,)))
    await books.save_secret(account.id, "password", f"{handle}-pass")
    seat = Pool(SystemClock(), path=program, arguments=chromium.flags())
    settings = await asyncio.to_thread(load, env={})
    made = Connections(books, SystemClock(), settings, seat, SeededChance(1))
    await made.attach()
    loop = asyncio.create_task(made.breakers.probe_for_ever())
    yield made
    loop.cancel()
    await made.close()


@pytest.mark.proves("4.2", "5.1")
async def test_a_browser_that_does_not_start_opens_its_breaker_and_comes_back_by_itself(
    connections: Connections, perch: Perch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New posts go by the API meanwhile, the frozen one waits for the browser; nobody has to do anything."""
    (account_id,) = connections
    platform, browser = connections[account_id], connections.breakers
    held = replace(post("Made for the browser."), account_id=account_id)
    held = replace(held, wire=await platform.prepare(held))

    monkeypatch.setattr(failpoints, "armed", failpoints.Failpoints("browser.start=raise*3"))
    for _ in range(3):
        with pytest.raises(Unreachable):
            await platform.publish(held)
    assert connections.ready(account_id) == ""
    with pytest.raises(Unreachable, match="the breaker browser is"):
        await platform.publish(held)
    new = replace(post("Made for the API."), account_id=account_id)
    new = replace(new, wire=await platform.prepare(new))
    await platform.publish(new)
    handle = account_id.partition(":")[2]
    assert [row["text"] for row in await perch.posts(handle)] == ["Made for the API."]

    # its own probe finds a browser
    await until(lambda: browser["browser"].closed, SystemClock(), within_s=30.0)
    await platform.publish(held)
    assert [row["text"] for row in await perch.posts(handle)] == ["Made for the API.", "Made for the browser."]

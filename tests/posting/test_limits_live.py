"""The sandbox halves an account's limit while we post: how many refusals that costs, and when it is regained."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from bowerbird.clock import VirtualClock, run_virtual
from bowerbird.core.books import Batch
from bowerbird.core.post import SECOND_US, expiry
from bowerbird.platforms.sandbox import Sandbox
from bowerbird.posting.publisher import Publisher
from bowerbird.sandbox.app import create_app
from bowerbird.sandbox.journal import MemoryJournal
from bowerbird.sandbox.people import signups
from bowerbird.sandbox.world import World
from bowerbird.storage.memory import MemoryStorage
from tests.contracts.stages import Drawer

from .room import ACCOUNT, post

BUSY = replace(ACCOUNT, posts_per_hour_max=8, posts_per_day_max=200)


class Town:
    """The sandbox itself behind its own adapter, and a publisher with plenty to say."""

    def __init__(self, world: World, clock: VirtualClock) -> None:
        self.world, self.clock, self.books = world, clock, MemoryStorage()
        transport = httpx.ASGITransport(create_app(world, sleep=clock.sleep))
        drawer, http = Drawer({f"{BUSY.id}/password": "wren-pass"}), httpx.AsyncClient(transport=transport)
        adapter = Sandbox(BUSY.id, "http://sandbox", "wren", drawer, clock, http, keyed="none")
        self.publisher = Publisher(self.books, {BUSY.id: adapter}, clock, "boot-1")

    async def run(self, hours: float) -> tuple[int, int]:
        """Publish for so long; return how many posts arrived and how often we were refused."""
        before = await self._so_far()
        until = self.clock.monotonic() + hours * 3_600
        while self.clock.monotonic() < until:
            while await self.publisher.publish_once():
                pass
            await self.clock.sleep(20)
        after = await self._so_far()
        return after[0] - before[0], after[1] - before[1]

    async def _so_far(self) -> tuple[int, int]:
        refused = await self.books.facts(kinds=("postponed",), limit=1_000)
        return len(self.world.accounts["wren"].posts), len(refused)


@pytest.mark.proves("4.G5")
def test_the_sandbox_halves_its_limit_and_is_adapted_to_and_regained() -> None:
    """Three refusals at most; within an hour after it is restored the whole of it is used again."""

    async def main(clock: VirtualClock) -> None:
        world = await World.open(MemoryJournal(), now=clock.now, accounts=signups("wren:none"))
        town, now = Town(world, clock), clock.now()
        long = expiry(now + 86_400 * SECOND_US)
        posts = (replace(post(n), due=now, created_at=now, since=now, expires_at=long) for n in range(80))
        await town.books.record(Batch(accounts=(BUSY,), new_posts=tuple(posts)))
        await world.configure("wren", {"posts": 8})
        assert await town.run(1) == (8, 0)

        await world.configure("wren", {"posts": 4})
        arrived, refusals = await town.run(1)
        assert arrived <= 4
        assert 1 <= refusals <= 3

        await world.configure("wren", {"posts": 8})
        await town.run(1)
        assert await town.run(1) == (8, 0)

    run_virtual(main)

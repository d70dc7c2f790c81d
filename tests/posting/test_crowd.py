"""A thousand posts that are ready at once: they leave one after the other, and nobody waits long for the browser."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from bowerbird.clock import VirtualClock, run_virtual
from bowerbird.core.books import Batch
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Capabilities
from bowerbird.core.post import SECOND_US, Post, RemoteRef
from bowerbird.posting.publisher import Publisher
from bowerbird.storage.memory import MemoryBooks, MemoryStorage

from .room import ACCOUNT, Told, post

READY = 1_000
"""Posts that are due at the same moment."""
DRIVEN, DIRECT = 20, 5
"""Accounts that post through the browser, and accounts that need none."""
BROWSER_S, DIRECT_S = 2.0, 0.05
"""How long a post takes in each way; a slow web site."""


@dataclass
class Door(Told):
    """A platform behind the one browser, or beside it; it notes how long each post stood before the browser."""

    clock: VirtualClock = field(kw_only=True)
    seat: asyncio.Lock | None = None
    waits: list[float] = field(default_factory=list)
    left: list[float] = field(default_factory=list)

    @property
    def capabilities(self) -> Capabilities:
        """Driven through a browser, if it has a seat."""
        return replace(super().capabilities, browser=self.seat is not None)

    async def publish(self, post: Post) -> RemoteRef:
        """Wait for the seat, then take as long as a post takes."""
        if self.seat is None:
            await self.clock.sleep(DIRECT_S)
        else:
            came = self.clock.monotonic()
            async with self.seat:
                self.waits.append(self.clock.monotonic() - came)
                await self.clock.sleep(BROWSER_S)
        self.left.append(self.clock.monotonic())
        return await super().publish(post)


async def crowd(clock: VirtualClock) -> tuple[Door, Door, int]:
    """Let a thousand posts become due at once; return what was seen at the browser, beside it, and in the books."""
    seat = asyncio.Lock()
    driven, direct = Door(clock=clock, seat=seat), Door(clock=clock)
    names = [f"{ACCOUNT.platform}:bird{n}" for n in range(DRIVEN + DIRECT)]
    free = replace(ACCOUNT, posts_per_hour_max=READY, posts_per_day_max=READY)
    accounts = tuple(replace(free, id=name, handle=name.partition(":")[2]) for name in names)
    now = clock.now()
    whole_day = {"since": now, "created_at": now, "due": now, "expires_at": now + 86_400 * SECOND_US}
    posts = tuple(post(n, account_id=names[n % len(names)], **whole_day) for n in range(READY))
    books = MemoryStorage(MemoryBooks())
    await books.record(Batch(accounts=accounts, new_posts=posts))
    ways = {name: driven if n < DRIVEN else direct for n, name in enumerate(names)}
    publisher = Publisher(books, ways, clock, "boot-1")
    while await publisher.publish_once():
        pass
    return driven, direct, len(await books.posts(states=(State.PUBLISHED,), limit=2 * READY))


@pytest.mark.proves("4.G3")
def test_a_thousand_ready_posts_are_no_crowd_before_the_browser() -> None:
    """Each waits less than five seconds for it, it never stands idle, and who needs none is not kept by it."""
    driven, direct, published = run_virtual(crowd)
    assert published == READY
    assert max(driven.waits) < 5
    assert max(later - earlier for earlier, later in pairwise(driven.left)) < 2 * BROWSER_S
    assert direct.left[-1] < driven.left[-1] / 2

"""A face on a real port with an engine that beats and answers, for a real browser in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from playwright.async_api import Page, ViewportSize

from bowerbird.app.steering import Steering
from bowerbird.clock import SystemClock
from bowerbird.core.books import Batch
from bowerbird.core.breaker import BreakerState
from bowerbird.core.facts import Fact
from bowerbird.core.post import SECOND_US, Post
from bowerbird.core.work import Owner
from bowerbird.dashboard.doors import COOKIE
from bowerbird.dashboard.serve import listen
from bowerbird.jobs.pauses import Pauses
from bowerbird.resilience.breakers import Breakers
from tests.dashboard.house import PASSWORD, House, a_post

PHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1280, "height": 900}


class Porch(House):
    """A house with a real address and real time."""

    def __init__(self) -> None:
        super().__init__(clock=SystemClock())
        self.alive = True
        self.url = ""
        self.rung: list[str] = []
        self.breakers = Breakers(self.clock, self.chance, self._write)
        steering = Steering(self.books, self.clock, self.chance, self.breakers, [], self.rung.append, Pauses())
        self.desk.verbs = {**self.desk.verbs, **steering.table()}

    async def _write(self, states: Sequence[BreakerState], facts: Sequence[Fact]) -> None:
        await self.books.record(Batch(breakers=tuple(states), facts=tuple(facts)))

    def post(self, post_id: str, *, in_s: float = 3600, **fields: Any) -> Post:
        """A post that is due so many seconds from now."""
        now = self.clock.now()
        return a_post(post_id, **{"due": now + int(in_s * SECOND_US), "created_at": now, "since": now, **fields})

    async def engine(self) -> None:
        """Beat and answer while alive, as an engine does."""
        while True:
            if self.alive:
                await self.engine_runs()
                await self.desk.obey_once()
            await asyncio.sleep(0.1)

    async def falls_silent(self, *, since_s: float) -> int:
        """The engine was last heard so long ago, and is heard no more; return when that was, in microseconds."""
        self.alive = False
        await asyncio.sleep(0.2)  # a beat that was under way
        heard_at = self.clock.now() - int(since_s * SECOND_US)
        await self.books.beat(Owner(id="boot-1", role="engine", pid=1, started_at=heard_at, heard_at=heard_at))
        return heard_at

    async def enter(self, page: Page, path: str = "/") -> None:
        """Open a page with a session in hand."""
        cookie = self.doors.sign_in(PASSWORD)
        assert cookie is not None
        await page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": self.url}])
        await page.goto(f"{self.url}{path}")

    async def sign_in(self, page: Page, path: str = "/") -> None:
        """Come in by the door, as a person does, and be led on."""
        await page.goto(f"{self.url}{path}")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{self.url}{path}")


@asynccontextmanager
async def open_porch(*, empty: bool = False) -> AsyncIterator[Porch]:
    """Serve a fresh house on a free port, with its account or with nothing at all."""
    porch = await asyncio.to_thread(Porch)
    listener = listen("127.0.0.1", 0)
    porch.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(porch.app, log_level="warning", lifespan="off", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    engine = [asyncio.create_task(porch.engine()), asyncio.create_task(porch.breakers.probe_for_ever())]
    if not empty:
        await porch.put()
    try:
        yield porch
    finally:
        for task in engine:
            task.cancel()
        server.should_exit = True
        await asyncio.gather(serving, *engine, return_exceptions=True)
        listener.close()

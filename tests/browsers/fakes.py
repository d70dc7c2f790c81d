"""Browsers that are not there: seats on virtual time that hang, freeze, die and grow when they are told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, cast

from bowerbird.browsers import gauge
from bowerbird.browsers.door import Shut
from bowerbird.browsers.pool import Pool
from bowerbird.browsers.seat import PROBE_S, STRIKES, Chair
from bowerbird.clock import VirtualClock, run_virtual
from bowerbird.core.errors import Unreachable


class FakePage:
    """A page that does nothing, until it is told to hang."""

    def __init__(self) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.hung = False

    def close(self) -> None:
        """Be gone."""
        if not self.closed.done():
            self.closed.set_result(None)

    def is_closed(self) -> bool:
        """Whether it is gone."""
        return self.closed.done()

    async def work(self, clock: VirtualClock, seconds: float) -> None:
        """Do something for so long; raises what Playwright raises once the page is gone."""
        done = asyncio.ensure_future(clock.sleep(1e9 if self.hung else seconds))
        await asyncio.wait([done, self.closed], return_when=asyncio.FIRST_COMPLETED)
        done.cancel()
        if self.is_closed():
            raise Gone("Target page, context or browser has been closed")


class Gone(Exception):
    """What Playwright says when a page is gone."""

    __module__ = "playwright.fake"


PlaywrightTimeout = type("TimeoutError", (Gone,), {"__module__": "playwright.fake"})
"""What it says when a call of its own took too long; it is no `TimeoutError` of Python's."""


@dataclass
class Yard:
    """All fake seats of a test, and how the machine is.

    Args:
        start_s: how long a browser takes to start. `broken`: none starts. `shut`: so many pages do not
            open. `refused`: a state with which none does.
        state_s: how long a page takes to say what it knows. `thread_s`: how long the kernel takes over each question.
    """

    clock: VirtualClock
    start_s: float = 2.0
    state_s: float = 0.02
    thread_s: float = 0.0
    broken: bool = False
    shut: int = 0
    refused: str = ""
    tree_mb: float = 300.0
    driver_mb: float = 120.0
    available_mb: float = 8_000.0
    made: list[FakeSeat] = field(default_factory=list)

    def make(self, number: int, died: Callable[[Chair], None]) -> Chair:
        """Make one."""
        self.made.append(FakeSeat(number, self, died))
        return self.made[-1]

    @property
    def left(self) -> list[FakeSeat]:
        """Those that were started and never closed."""
        return [seat for seat in self.made if seat.started and not seat.closed]

    async def thread(self, work: Callable[..., Any], *args: Any) -> Any:
        """Do what blocks, as if there were a thread for it."""
        await self.clock.sleep(self.thread_s)
        return work(*args)

    def read(self) -> gauge.Machine:
        """How the machine is."""
        return gauge.Machine(available_mb=self.available_mb)


class FakeSeat:
    """One of them; the page of whoever is `stuck` does not close."""

    def __init__(self, number: int, yard: Yard, died: Callable[[Chair], None]) -> None:
        self.number, self.yard, self.death = number, yard, ""
        self._died = died
        self.started = self.closed = self.frozen = self.killed = False
        self.pages: dict[str, FakePage] = {}
        self.all_pages: list[FakePage] = []
        self.states: dict[str, str] = {}
        self.opened: list[tuple[str, str | None]] = []
        self.grows_mb_s = 0.0
        self.extra_mb = 0.0
        self.born = 0.0
        self.stuck = ""

    @property
    def up(self) -> bool:
        """Whether it runs."""
        return self.started and not self.closed and not self.killed and not self.death

    @property
    def warm(self) -> list[str]:
        """Who has a page."""
        return list(self.pages)

    async def start(self) -> None:
        """Start, after a while."""
        await self.yard.clock.sleep(self.yard.start_s)
        if self.yard.broken:
            raise Unreachable("no browser could be started: it is broken", reason="no_browser")
        self.started, self.born = True, self.yard.clock.monotonic()

    async def warm_up(self) -> None:
        """Have a page ready."""
        await self.yard.clock.sleep(0.2)

    async def revive(self) -> bool:
        """Half as long as the whole."""
        await self.yard.clock.sleep(self.yard.start_s / 2)
        if self.yard.broken or self.death != "browser":
            return False
        self.death, self.killed, self.frozen, self.extra_mb = "", False, False, 0.0
        return True

    async def page(self, account_id: str, state: str | None) -> Any:
        """As the real one."""
        if account_id in self.pages and not await self.alive(account_id) and not await self.drop(account_id):
            raise Shut("a page would not close")
        if account_id not in self.pages:
            await self.yard.clock.sleep(8.0 if self.frozen else 0.2)
            if self.frozen or not self.up:
                raise Shut("page.open took longer than 8 s")
            if state is not None and state == self.yard.refused:
                raise Shut("Protocol error (Storage.setCookies): Invalid cookie fields")
            if self.yard.shut:
                self.yard.shut -= 1
                raise Shut("it does not open")
            self.pages[account_id] = FakePage()
            self.all_pages.append(self.pages[account_id])
            self.opened.append((account_id, state))
        self.pages[account_id] = self.pages.pop(account_id)
        return self.pages[account_id]

    async def alive(self, account_id: str) -> bool:
        """Whether the page answers; one that does not takes a second to say nothing."""
        page = self.pages.get(account_id)
        if page is None or page.is_closed():
            return False
        await self.yard.clock.sleep(PROBE_S if self.frozen or page.hung else 0.002)
        return self.up and not self.frozen and not page.hung

    async def answers(self) -> bool:
        """Whether the browser answers."""
        if not self.up:
            return False
        await self.yard.clock.sleep(STRIKES * PROBE_S if self.frozen else 0.002)
        return not (self.frozen or self.killed or self.death)

    async def state(self, account_id: str) -> str | None:
        """What it knows, after a while."""
        await self.yard.clock.sleep(self.yard.state_s)
        return self.states.get(account_id) if account_id in self.pages else None

    async def drop(self, account_id: str) -> bool:
        """Close a page, if the browser still closes any."""
        page = self.pages.pop(account_id, None)
        stays = self.frozen or account_id == self.stuck
        await self.yard.clock.sleep(1.0 if stays else 0.02)
        if page is not None and not stays:
            page.close()
        return not stays

    def _end(self) -> None:
        for page in self.all_pages:
            page.close()
        self.pages.clear()

    def kill(self) -> None:
        """Everything of it is gone."""
        self.killed = True
        self._end()

    def die(self, what: str = "browser") -> None:
        """End by itself."""
        self.death = what
        self._end()
        self._died(self)

    async def close(self) -> None:
        """End it."""
        self._end()
        self.closed = True
        await self.yard.clock.sleep(0.3)

    def weigh(self) -> tuple[float, float, float]:
        """As large as it was made, and as it has grown."""
        grown = self.grows_mb_s * (self.yard.clock.monotonic() - self.born)
        tree_mb = self.yard.tree_mb + 90 * max(0, len(self.pages) - 1) + self.extra_mb
        return tree_mb, self.yard.driver_mb + grown, 1.0


async def at_once(work: Callable[..., Any], *args: Any) -> Any:
    """Do what blocks here and now: there are no threads in virtual time."""
    return work(*args)


@dataclass
class Bench:
    """A pool over a yard, with somebody who looks after it."""

    clock: VirtualClock
    yard: Yard
    pool: Pool

    def seat(self, place: int = 0) -> FakeSeat:
        """What stands at a place."""
        return cast("FakeSeat", self.pool.places[place].seat)

    async def trouble(
        self, break_it: Callable[[FakePage], None], *, account: str = "robin", op: str = "counts", lease_s: float = 90
    ) -> None:
        """Lease the page, break something, and work until somebody ends it."""
        async with self.pool.page(account, state=None, wait_s=9, op=op, lease_s=lease_s) as page:
            fake = cast("FakePage", page)
            break_it(fake)
            await fake.work(self.clock, 1e6)

    async def work(self, account: str, seconds: float = 1.0, *, op: str = "counts", wait_s: float = 60.0) -> float:
        """Lease the page, work for a while, and return how long it took until the page was there."""
        asked = self.clock.monotonic()
        async with self.pool.page(account, state=None, wait_s=wait_s, op=op) as page:
            had = self.clock.monotonic()
            await cast("FakePage", page).work(self.clock, seconds)
        return had - asked


def on_bench(
    play: Callable[[Bench], Coroutine[Any, Any, None]], *, seats: int = 1, standby: bool = False, watched: bool = True,
    memory_max_mb: float = 0.0,
) -> None:  # fmt: skip
    """Play something in virtual time, and see that every seat that was started was closed at the end."""

    async def main(clock: VirtualClock) -> None:
        yard = Yard(clock)
        pool = Pool(
            clock, seats=seats, standby=standby, make=yard.make, thread=yard.thread, read=yard.read,
            memory_max_mb=memory_max_mb,
        )  # fmt: skip
        watch = asyncio.create_task(pool.supervisor.watch()) if watched else None
        await play(Bench(clock, yard, pool))
        if watch is not None:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        await pool.close()
        assert yard.left == []
        assert not pool.line.sitting

    run_virtual(main, seed=7)

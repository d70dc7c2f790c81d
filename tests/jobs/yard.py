"""A yard to try runners in: virtual time, books in memory, and the watch over the timers, as in the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from bowerbird.clock import SeededChance, VirtualClock, run_virtual
from bowerbird.core.facts import Fact
from bowerbird.core.work import Run
from bowerbird.jobs.health import monitors
from bowerbird.jobs.monitors import Supervisor
from bowerbird.jobs.runner import Runner, Work
from bowerbird.jobs.table import Job
from bowerbird.storage.memory import MemoryBooks, MemoryStorage


def job(name: str = "work", **changes: Any) -> Job:
    """A job of the connecting lane, which has one seat, every ten seconds."""
    plain: dict[str, Any] = {"every_s": 10.0, "lane": "connecting", "timeout_s": 30.0, "why": "A test needs it."}
    return Job(name=name, **{**plain, **changes})


class Yard:
    """A runner, what it wrote down, and a clock.

    Args:
        changes: fields of the runner.
    """

    def __init__(
        self,
        clock: VirtualClock,
        jobs: Sequence[Job],
        work: Mapping[str, Work],
        books: MemoryStorage | None = None,
        **changes: Any,
    ) -> None:
        self.clock, self.books = clock, books or MemoryStorage(MemoryBooks())
        self.runner = Runner(jobs, work, self.books, clock, SeededChance(7), "boot-1", **changes)
        self.supervisor = Supervisor(monitors(lambda: self.runner), clock, self.runner.book.keep)

    async def for_s(self, seconds: float, *, watched: bool = True) -> list[Run]:
        """Run for so long, stop, and return the runs that were written, oldest first."""
        asyncio.get_running_loop().call_later(seconds, self.runner.stop)
        watch = asyncio.create_task(self.supervisor.run()) if watched else None
        await self.runner.run()
        if watch is not None:
            watch.cancel()
        return [*reversed(await self.books.runs(limit=1000))]

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        """Do something in the middle of it."""
        asyncio.get_running_loop().call_later(seconds, act)

    async def told(self, *kinds: str) -> list[Fact]:
        """The facts of these kinds, oldest first."""
        return await self.books.facts(kinds=kinds, limit=1000)


def play(story: Callable[[VirtualClock], Awaitable[None]]) -> None:
    """Live a story in virtual time."""

    async def main(clock: VirtualClock) -> None:
        await story(clock)

    run_virtual(main, seed=3)


def looking(clock: VirtualClock, seen: list[float]) -> Work:
    """Work that notes when it was done."""

    async def look() -> bool:
        seen.append(clock.monotonic())
        return False

    return look


def failing(error: Exception, times: int = 1_000_000) -> Work:
    """Work that fails so often, and then goes well."""
    left = times

    async def fail() -> bool:
        nonlocal left
        left -= 1
        if left >= 0:
            raise error
        return False

    return fail


async def hang() -> bool:
    """Work that never ends."""
    await asyncio.Event().wait()
    return False

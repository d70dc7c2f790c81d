"""The engine's own parts: jobs that are replaced, hosts that have to answer, a browser only where one is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from bowerbird.app.connections import Connections
from bowerbird.app.parts import Browser, Host, Jobs
from bowerbird.browsers.pool import Pool
from bowerbird.clock import SeededChance, VirtualClock, run_virtual
from bowerbird.core.account import Account, host_of
from bowerbird.core.breaker import BreakerState
from bowerbird.core.errors import RateLimited, StorageFull, Unreachable
from bowerbird.core.health import Light
from bowerbird.jobs.runner import Runner
from bowerbird.jobs.table import Job
from bowerbird.storage.memory import MemoryBooks, MemoryStorage

WREN = Account(id="sandbox:wren", platform="sandbox", handle="wren", url="http://there:8421")
ROBIN = Account(id="sandbox-web:robin", platform="sandbox-web", handle="robin", url="http://there:8421")


def play(story: Callable[[VirtualClock], Awaitable[None]]) -> None:
    """Live a story in virtual time."""

    async def main(clock: VirtualClock) -> None:
        await story(clock)

    run_virtual(main, seed=3)


async def nothing() -> None:
    """Nothing has to be done before."""


def jobs_of(clock: VirtualClock, work: Callable[[], Awaitable[bool]], **changes: Any) -> Jobs:
    """One job, every second."""
    table = [Job(name="look", every_s=1.0, lane="connecting", timeout_s=600.0, why="A test needs it.")]
    storage = MemoryStorage(MemoryBooks())

    def make() -> Runner:
        return Runner(table, {"look": work}, storage, clock, SeededChance(7), "boot")

    return Jobs(make, changes.pop("before", nothing), clock)


@pytest.mark.proves("1.2")
def test_jobs_that_ended_are_red_and_another_runner_takes_over() -> None:
    """In the same process; the old runner is not asked to run twice."""

    async def story(clock: VirtualClock) -> None:
        runs: list[float] = []

        async def work() -> bool:
            runs.append(clock.monotonic())
            return False

        jobs = jobs_of(clock, work)
        await jobs.start()
        await clock.sleep(5)
        assert (await jobs.check()).light is Light.GREEN
        first = jobs.runner
        first.stop()
        await clock.sleep(40)
        assert (await jobs.check()).light is Light.RED
        ended = len(runs)
        await jobs.start()
        await clock.sleep(5)
        assert jobs.runner is not first
        assert len(runs) > ended
        await jobs.stop()

    play(story)


def test_what_keeps_the_jobs_from_starting_is_raised() -> None:
    """Books that cannot be written: no claim may be made by an owner who was never heard."""

    async def story(clock: VirtualClock) -> None:
        async def before() -> None:
            raise StorageFull("no room")

        async def work() -> bool:
            raise AssertionError

        jobs = jobs_of(clock, work, before=before)
        with pytest.raises(StorageFull):
            await jobs.start()
        assert "nobody asked them to" in (await jobs.check()).sentence

    play(story)


def test_jobs_among_which_nothing_comes_round_are_red() -> None:
    """Their tasks live, and nothing happens: the heart falls silent, and the boot starts them anew."""

    async def story(clock: VirtualClock) -> None:
        async def hangs() -> bool:
            await asyncio.Event().wait()
            return False

        jobs = jobs_of(clock, hangs)
        await jobs.start()
        await clock.sleep(5)
        moved = [jobs.moving]
        await clock.sleep(31)
        assert [*moved, jobs.moving] == [True, False]
        assert (await jobs.check()).sentence == "No job has come round for 30 s."
        await jobs.stop()

    play(story)


@dataclass
class Switch:
    """A breaker as a host's part sees it."""

    closed: bool = True
    state: BreakerState = field(default_factory=lambda: BreakerState(name="host", why="three calls failed"))


class Known(dict[str, Any]):
    """Connections of these accounts, with an adapter that meets a fate."""

    def __init__(self, *accounts: Account, fate: Exception | None = None) -> None:
        super().__init__({account.id: self for account in accounts})
        self.listed, self.fate = list(accounts), fate
        self.breakers = {host_of(account): Switch() for account in accounts}
        self.storage = self
        self.opened = 0

    def accounts(self) -> Any:
        """Those that have an adapter; as an account's books, the same."""
        return Listed(self.listed)

    async def whoami(self) -> None:
        """Answer, or not."""
        if self.fate:
            raise self.fate


class Listed(list[Account]):
    """A list that can also be awaited, as the books answer."""

    def __await__(self) -> Any:
        """Answer at once."""
        yield from ()
        return list(self)


async def test_a_host_has_to_answer_whatever_it_says() -> None:
    """A refusal is an answer; silence is none, and then it is tried again."""
    for fate, raises in ((None, False), (RateLimited(retry_at=1), False), (Unreachable("no route"), True)):
        known = Known(WREN, fate=fate)
        host = Host(host_of(WREN), cast("Connections", known), WREN.id)
        assert host.name == "sandbox there:8421"
        if raises:
            with pytest.raises(Unreachable):
                await host.start()
        else:
            await host.start()
            assert (await host.check()).light is Light.GREEN


@pytest.mark.proves("4.1")
async def test_a_host_whose_breaker_is_open_is_red_and_not_asked() -> None:
    """The breaker has a probe of its own; two would be one too many."""
    known = Known(WREN, fate=AssertionError("it was asked"))
    known.breakers[host_of(WREN)].closed = False
    host = Host(host_of(WREN), cast("Connections", known), WREN.id)
    assert (await host.check()).sentence == "Calls are spared: three calls failed"
    with pytest.raises(Unreachable):
        await host.start()


@dataclass
class Chair:
    """A seat that only counts."""

    up: bool = False
    opened: int = 0

    async def open(self, *, wait_s: float) -> None:
        """Start."""
        self.opened += 1
        self.up = True

    async def answers(self) -> bool:
        """What runs here answers."""
        return self.up


@pytest.mark.proves("1.1")
async def test_a_browser_is_started_where_an_account_needs_one() -> None:
    """And is grey, not red, where nobody does."""
    chair = Chair()
    idle = Browser(cast("Pool", chair), cast("Connections", Known(WREN)))
    await idle.start()
    assert (chair.opened, (await idle.check()).light) == (0, Light.GREY)
    needed = Browser(cast("Pool", chair), cast("Connections", Known(WREN, ROBIN)))
    assert (await needed.check()).light is Light.RED
    await needed.start()
    assert (chair.opened, (await needed.check()).light) == (1, Light.GREEN)

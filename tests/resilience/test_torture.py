"""The torture table of the bench, for ours alone: every column on which other breakers were seen to fail."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from bowerbird.clock import VirtualClock, run_virtual
from bowerbird.core.breaker import Position
from bowerbird.core.errors import Unreachable
from bowerbird.resilience.breaker import Breaker
from bowerbird.resilience.breakers import Breakers
from bowerbird.resilience.trip import Trip

from .lab import Dependency, Diary, breakers, until

TRIP = Trip(wait_s=0.3, wait_max_s=0.3, lease_s=1.0)


class Rack:
    """A breaker that is open, with its loop running."""

    def __init__(self, clock: VirtualClock, mode: str = "down") -> None:
        self.clock = clock
        self.diary = Diary()
        self.dependency = Dependency(clock, mode)
        self.registry, self.breaker, self.loop = self.start()

    def start(self) -> tuple[Breakers, Breaker, asyncio.Task[None]]:
        """Start, or start anew with what the books say."""
        registry = breakers(self.clock, self.diary)
        registry.remember(self.diary.states.values())
        breaker = registry.add("lab", self.dependency, trip=TRIP)
        return registry, breaker, asyncio.create_task(registry.probe_for_ever())

    async def call(self) -> bool:
        """Call as a user would; True if it was let through."""
        before = self.dependency.asked
        with suppress(Unreachable):
            await self.breaker.call(self.dependency)
        return self.dependency.asked > before

    async def trip(self) -> None:
        """Fail until it opens."""
        for _ in range(3):
            await self.call()
        assert not self.breaker.closed

    async def heals(self) -> float:
        """Seconds until it is closed again, now that the dependency is well."""
        self.dependency.mode = "up"
        took_s = await until(lambda: self.breaker.closed, self.clock, within_s=3.0)
        self.loop.cancel()
        return took_s


def test_half_open_lets_none_of_twenty_callers_in() -> None:
    """Only its own probe asks."""

    async def main(clock: VirtualClock) -> int:
        rack = Rack(clock)
        await rack.trip()
        rack.dependency.mode = "hang"
        await until(lambda: rack.breaker.state.position is Position.HALF_OPEN, clock, within_s=1.0)
        let_in = await asyncio.gather(*(rack.call() for _ in range(20)))
        rack.loop.cancel()
        return sum(let_in)

    assert run_virtual(main, seed=1) == 0


@pytest.mark.proves("4.1", "5.1")
@pytest.mark.parametrize("mode", ["down", "hang", "swallow"])
def test_a_probe_that_failed_hung_or_swallowed_its_cancellation_does_not_keep_it_open(mode: str) -> None:
    """The lease ends it, and the next probe finds health."""

    async def main(clock: VirtualClock) -> float:
        rack = Rack(clock)
        await rack.trip()
        rack.dependency.mode = mode
        await clock.sleep(30.0)
        return await rack.heals()

    assert run_virtual(main) <= TRIP.healed_s


@pytest.mark.proves("4.1", "5.1")
def test_a_cancelled_probe_does_not_keep_it_open() -> None:
    """Whether somebody cancels the probe's task, or the loop that waits for it."""

    async def main(clock: VirtualClock) -> float:
        rack = Rack(clock)
        await rack.trip()
        rack.dependency.mode = "hang"
        await until(lambda: rack.breaker.state.position is Position.HALF_OPEN, clock, within_s=1.0)
        for task in asyncio.all_tasks():
            if task.get_name() == "probe lab":
                task.cancel()
        await clock.sleep(0.1)
        return await rack.heals()

    assert run_virtual(main) <= TRIP.healed_s


def test_it_opens_at_sixty_per_cent_failures_that_are_never_three_in_a_row() -> None:
    """A count of failures in a row never sees them."""

    async def main(clock: VirtualClock) -> bool:
        rack = Rack(clock)
        for bad in [True, True, False, True, False] * 2:
            rack.dependency.mode = "down" if bad else "up"
            await rack.call()
        rack.loop.cancel()
        return rack.breaker.closed

    assert run_virtual(main) is False


def test_callers_that_cancel_never_open_it() -> None:
    """Six of them, in a row."""

    async def main(clock: VirtualClock) -> bool:
        rack = Rack(clock, "hang")
        for _ in range(6):
            call = asyncio.create_task(rack.call())
            await clock.sleep(0.01)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        rack.loop.cancel()
        return rack.breaker.closed

    assert run_virtual(main) is True


@pytest.mark.proves("4.1", "5.1")
@pytest.mark.parametrize("step_s", [-3600.0, 3600.0, -86_400.0])
def test_a_step_of_the_wall_changes_nothing(step_s: float) -> None:
    """Waits are judged on the monotonic clock."""

    async def main(clock: VirtualClock) -> float:
        rack = Rack(clock)
        await rack.trip()
        clock.step_wall(step_s)
        return await rack.heals()

    assert run_virtual(main) <= TRIP.healed_s


@pytest.mark.proves("4.1", "5.1")
def test_it_is_still_open_after_a_restart_and_closes_by_itself() -> None:
    """Also if the wall was set back in between."""

    async def main(clock: VirtualClock) -> float:
        rack = Rack(clock)
        await rack.trip()
        await clock.sleep(0.1)
        rack.loop.cancel()
        await asyncio.gather(rack.loop, return_exceptions=True)
        clock.step_wall(-3600.0)
        rack.registry, rack.breaker, rack.loop = rack.start()
        assert not rack.breaker.closed
        return await rack.heals()

    assert run_virtual(main) <= TRIP.healed_s


@pytest.mark.proves("4.1", "4.G2")
def test_while_it_is_not_closed_it_always_has_a_next_probe() -> None:
    """In the state that the page shows and the books keep."""

    async def main(clock: VirtualClock) -> int:
        rack = Rack(clock)
        await rack.trip()
        await clock.sleep(0.01)
        looks = 0
        for _ in range(300):
            rack.dependency.mode = ("down", "hang", "swallow")[looks // 100]
            assert rack.breaker.state.next_probe_at is not None
            assert rack.diary.states["lab"].next_probe_at is not None
            looks += 1
            await clock.sleep(0.07)
        rack.loop.cancel()
        return looks

    assert run_virtual(main) == 300

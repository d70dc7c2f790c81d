"""All breakers of a process: probed by one loop that nothing holds up, and written down by the same."""

from __future__ import annotations

import asyncio

import pytest

from bowerbird.clock import VirtualClock, run_virtual
from bowerbird.core.breaker import BreakerState, Position
from bowerbird.core.facts import Fact
from bowerbird.resilience.trip import Trip

from .lab import Dependency, Diary, breakers, until


@pytest.mark.proves("4.1", "5.1")
@pytest.mark.parametrize("trouble", ["down", "hang", "swallow"])
def test_it_closes_by_itself_within_a_minute_of_health(trouble: str) -> None:
    """No call is made meanwhile: its own timer and its own probe do it, whatever the probes before went through."""

    async def main(clock: VirtualClock) -> float:
        diary, dependency = Diary(), Dependency(clock)
        registry = breakers(clock, diary)
        breaker = registry.add("lab", dependency)
        loop = asyncio.create_task(registry.probe_for_ever())
        dependency.mode = trouble
        breaker.open("for the test", by="me")
        breaker.release()
        await clock.sleep(600.0)
        assert not breaker.closed
        dependency.mode = "up"
        took_s = await until(lambda: breaker.closed, clock, within_s=60.0)
        loop.cancel()
        return took_s

    assert run_virtual(main) <= Trip().healed_s


def test_a_probe_that_hangs_delays_no_other() -> None:
    """Each has a task of its own."""

    async def main(clock: VirtualClock) -> float:
        registry = breakers(clock, Diary())
        for name, mode in (("stuck", "swallow"), ("well", "up")):
            dependency = Dependency(clock)
            breaker = registry.add(name, dependency)
            dependency.mode = mode
            breaker.open("", by="me")
            breaker.release()
        loop = asyncio.create_task(registry.probe_for_ever())
        took_s = await until(lambda: registry["well"].closed, clock, within_s=5.0)
        assert not registry["stuck"].closed
        loop.cancel()
        return took_s

    assert run_virtual(main, seed=3) < 1.0


def test_a_loop_that_dies_during_a_probe_is_taken_up_by_the_next() -> None:
    """What was half open is open again, with a probe due."""

    async def main(clock: VirtualClock) -> float:
        registry, dependency = breakers(clock, Diary()), Dependency(clock, "hang")
        breaker = registry.add("lab", dependency)
        breaker.open("", by="me")
        breaker.release()
        for _ in range(5):
            loop = asyncio.create_task(registry.probe_for_ever())
            await clock.sleep(1.0)
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)
        dependency.mode = "up"
        assert breaker.state.next_probe_at is not None
        loop = asyncio.create_task(registry.probe_for_ever())
        took_s = await until(lambda: breaker.closed, clock, within_s=60.0)
        loop.cancel()
        return took_s

    assert run_virtual(main) <= Trip().healed_s


def test_books_that_are_down_hold_up_no_probe_and_lose_no_fact() -> None:
    """Everything is written when they are back."""

    async def main(clock: VirtualClock) -> Diary:
        diary = Diary(down=True)
        registry = breakers(clock, diary)
        breaker = registry.add("lab", Dependency(clock))
        loop = asyncio.create_task(registry.probe_for_ever())
        breaker.open("", by="me")
        breaker.release()
        await until(lambda: breaker.closed, clock, within_s=5.0)
        assert diary.states == {}
        diary.down = False
        await until(lambda: bool(diary.states), clock, within_s=3.0)
        loop.cancel()
        return diary

    diary = run_virtual(main)
    assert diary.states["lab"].position is Position.CLOSED
    assert diary.kinds == ["breaker_opened", "breaker_closed"]


def test_facts_kept_for_books_that_are_down_are_bounded() -> None:
    """The newest five hundred."""

    async def main(clock: VirtualClock) -> list[int]:
        registry = breakers(clock, diary := Diary())
        for number in range(600):
            registry.tell(Fact(kind="driver_chosen", at=number, by="test"))
        await registry.write_once()
        return [fact.at for fact in diary.facts]

    assert run_virtual(main) == list(range(100, 600))


def test_what_nobody_uses_any_more_is_closed_in_the_books() -> None:
    """And what comes later takes over how it was."""

    async def main(clock: VirtualClock) -> dict[str, BreakerState]:
        registry = breakers(clock, diary := Diary())
        registry.remember(
            BreakerState(name=name, position=Position.OPEN, why="down", opens=7, next_probe_at=5)
            for name in ("sandbox here", "sandbox gone", "writer big")
        )
        assert registry.add("sandbox here", Dependency(clock)).state.opens == 7
        registry.retire(lambda name: name.startswith("sandbox"))
        assert not registry.add("writer big", Dependency(clock)).closed
        await registry.write_once()
        return diary.states

    positions = {name: str(state.position) for name, state in run_virtual(main).items()}
    assert positions == {"sandbox here": "open", "sandbox gone": "closed", "writer big": "open"}


def test_a_child_needs_a_parent_that_exists() -> None:
    """And is in the table of parents."""

    async def main(clock: VirtualClock) -> dict[str, str]:
        registry = breakers(clock, Diary())
        with pytest.raises(KeyError):
            registry.add("site", Dependency(clock), parent="browser")
        registry.add("browser", Dependency(clock))
        registry.add("site", Dependency(clock), parent="browser")
        assert len(registry.samples()) == 4
        return registry.parents()

    assert run_virtual(main) == {"site": "browser"}

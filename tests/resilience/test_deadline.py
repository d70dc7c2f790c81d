"""Deadlines: they nest, the tighter one wins, and a call without one is a defect."""

from __future__ import annotations

import asyncio
import math

import pytest

from bowerbird.clock import VirtualClock, run_virtual
from bowerbird.resilience.deadline import NoDeadline, left_s, required, within


async def hang_within(seconds: float) -> None:
    """Wait for what never comes."""
    async with within(seconds):
        await asyncio.Event().wait()


def test_a_deadline_ends_what_hangs() -> None:
    """After its seconds, and not a moment later."""

    async def main(clock: VirtualClock) -> float:
        with pytest.raises(TimeoutError):
            async with within(30.0):
                await asyncio.Event().wait()
        return clock.monotonic()

    assert run_virtual(main) == 30.0


def test_the_tighter_deadline_wins_and_belongs_to_its_owner() -> None:
    """The inner code is cancelled; only the outer one hears that time is up."""
    heard: list[str] = []

    async def inner() -> None:
        try:
            async with within(60.0):
                assert left_s() == 5.0
                await asyncio.Event().wait()
        except TimeoutError:
            heard.append("inner")

    async def main(clock: VirtualClock) -> float:
        with pytest.raises(TimeoutError):
            async with within(5.0):
                await inner()
        return clock.monotonic()

    assert run_virtual(main) == 5.0
    assert heard == []


def test_an_inner_deadline_passes_and_leaves_the_outer_one_as_it_was() -> None:
    """What is left is counted from the outer one again."""

    async def main(clock: VirtualClock) -> float:
        async with within(60.0):
            with pytest.raises(TimeoutError):
                async with within(10.0):
                    await asyncio.Event().wait()
            return left_s()

    assert run_virtual(main) == 50.0


def test_a_step_of_the_wall_moves_no_deadline() -> None:
    """An hour back or forth, the thirty seconds are thirty seconds."""

    async def main(clock: VirtualClock) -> float:
        hanging = asyncio.create_task(hang_within(30.0))
        clock.step_wall(-3600)
        await clock.sleep(20)
        clock.step_wall(7200)
        with pytest.raises(TimeoutError):
            await hanging
        return clock.monotonic()

    assert run_virtual(main) == 30.0


async def test_a_call_without_a_deadline_is_a_defect() -> None:
    """It says so at once, instead of waiting for ever one day."""
    assert left_s() == math.inf
    with pytest.raises(NoDeadline):
        required()
    async with within(9.0):
        assert 8.0 < required() <= 9.0

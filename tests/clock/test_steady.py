"""Somebody stepped the wall clock: noticed from pairs of readings alone."""

from __future__ import annotations

import pytest

from bowerbird.clock import Steady

SECOND = 1_000_000


def test_clocks_that_agree_are_no_step() -> None:
    """Time passing is not a step, however much of it."""
    steady = Steady()
    assert [steady.feed(s * SECOND, float(s)) for s in (0, 5, 3_600)] == [None, None, None]
    assert steady.trusted


@pytest.mark.parametrize("seconds", [3_600, -3_600, 31, -31])
def test_a_step_is_told_with_its_size(seconds: int) -> None:
    """Forward or back, more than 30 s between two readings is a step."""
    steady = Steady()
    steady.feed(100 * SECOND, 0.0)
    step = steady.feed((105 + seconds) * SECOND, 5.0)
    assert step is not None
    assert step.seconds == pytest.approx(seconds)
    assert not steady.trusted


def test_a_night_of_sleep_is_no_step() -> None:
    """Time since boot counts while the machine sleeps, as the wall does; the monotonic clock would stand still."""
    steady = Steady()
    steady.feed(0, 1_000.0)
    assert steady.feed(28_800 * SECOND, 29_800.0) is None
    assert steady.trusted


def test_a_slow_correction_is_no_step() -> None:
    """A clock that gains two seconds with each reading drifts; it was not stepped."""
    steady = Steady()
    assert not any(steady.feed(n * 7 * SECOND, n * 5.0) for n in range(1_000))


def test_the_wall_is_trusted_again_after_a_calm_while() -> None:
    """One step is one step, and a minute later the wall counts again."""
    steady = Steady()
    steady.feed(0, 0.0)
    steady.feed(3_605 * SECOND, 5.0)
    assert steady.feed(3_610 * SECOND, 10.0) is None
    assert not steady.trusted
    steady.feed(3_665 * SECOND, 65.0)
    assert steady.trusted

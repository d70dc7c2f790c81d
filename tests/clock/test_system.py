"""The real clocks, as far as they can be promised."""

from __future__ import annotations

import time

from bowerbird.clock import SystemClock
from bowerbird.core.ports import Clock


async def test_the_system_clock_tells_and_waits() -> None:
    """Instants are microseconds of the wall; a sleep takes at least as long as it says."""
    clock: Clock = SystemClock()
    assert abs(clock.now() - time.time() * 1_000_000) < 5_000_000
    began = clock.monotonic()
    await clock.sleep(0.02)
    assert clock.monotonic() - began >= 0.019


def test_time_since_boot_runs_and_counts_at_least_the_time_awake() -> None:
    """Where the system cannot tell it, both are the same clock."""
    clock = SystemClock()
    awake, since_boot = clock.monotonic(), clock.boottime()
    assert since_boot >= awake - 0.5
    assert clock.boottime() >= since_boot


async def test_sleeping_for_nothing_returns_at_once() -> None:
    """Zero and less are no wait."""
    clock = SystemClock()
    began = clock.monotonic()
    await clock.sleep(0)
    await clock.sleep(-1)
    assert clock.monotonic() - began < 0.5

"""Failpoints: armed by the environment alone, counted, and free of charge when off."""

from __future__ import annotations

import dis
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bowerbird.clock import SystemClock, VirtualClock, run_virtual
from bowerbird.core.errors import BadInput
from bowerbird.resilience import failpoints
from bowerbird.resilience.failpoints import Broken, Failpoints, reach, touch


@pytest.fixture
def arm(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Arms the places named, for one test."""
    return lambda text: monkeypatch.setattr(failpoints, "armed", Failpoints(text))


def test_a_place_that_is_not_armed_looks_at_one_name() -> None:
    """The first thing a place does is look at `armed`, and what it does about None is return."""
    assert failpoints.armed is None
    for place in (reach, touch):
        names = [step.argval for step in dis.get_instructions(place) if step.opname == "LOAD_GLOBAL"]
        assert names[0] == "armed"
    assert touch("browser.start") is False


async def test_raising_is_counted(arm: Callable[[str], None]) -> None:
    """The third pass goes through."""
    arm("browser.start=raise*2")
    for _ in range(2):
        with pytest.raises(Broken, match=r"browser\.start"):
            await reach("browser.start")
    assert await reach("browser.start") is False


async def test_dropping_tells_the_place_to_skip(arm: Callable[[str], None]) -> None:
    """And only that place: a family is armed member by member."""
    arm("jobs.timer.plan=drop; monitor.alerts=raise")
    assert await reach("jobs.timer.plan") is True
    assert await reach("jobs.timer.learn") is False
    with pytest.raises(Broken):
        touch("monitor.alerts")


def test_sleeping_and_hanging_take_the_loops_time(arm: Callable[[str], None]) -> None:
    """Also in virtual time."""
    arm("writer.call=sleep:90")

    async def main(clock: VirtualClock) -> float:
        assert await reach("writer.call") is False
        return clock.monotonic()

    assert run_virtual(main) == 90.0


def test_blocking_stops_the_whole_thread(arm: Callable[[str], None]) -> None:
    """It sleeps where nobody else may."""
    arm("loop.block=block:0.05*1")
    clock = SystemClock()
    began = clock.monotonic()
    touch("loop.block")
    assert clock.monotonic() - began >= 0.05


async def test_a_file_begins_and_ends_a_fault(arm: Callable[[str], None], tmp_path: Path) -> None:
    """It is looked at when a place is passed; one that is not there arms nothing."""
    file = tmp_path / "faults"
    arm(f"@{file}")
    assert await reach("learning.load") is False
    file.write_text("learning.load=raise\n")
    with pytest.raises(Broken):
        await reach("learning.load")
    file.unlink()
    assert await reach("learning.load") is False


@pytest.mark.parametrize("text", ["nowhere=raise", "browser.start=explode", "browser.start", "writer.call=sleep:soon"])
def test_a_misspelled_failpoint_is_told(text: str) -> None:
    """A drill that breaks nothing would pass."""
    with pytest.raises(BadInput):
        Failpoints(text)


@pytest.mark.parametrize(("given", "shown"), [("", "None"), ("job.plan=raise", "Failpoints")])
def test_the_environment_arms_at_start(given: str, shown: str) -> None:
    """And nothing else does."""
    ask = "from bowerbird.resilience import failpoints; print(type(failpoints.armed).__name__)"
    done = subprocess.run(  # the environment of another process
        [sys.executable, "-c", ask], env={**os.environ, failpoints.VARIABLE: given}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert shown in done.stdout

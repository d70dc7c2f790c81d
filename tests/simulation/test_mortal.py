"""Processes that die: their ports never answer, and nothing they do afterwards has an effect."""

from __future__ import annotations

import asyncio

import pytest

from bowerbird.clock import VirtualClock, run_virtual
from bowerbird.simulation.mortal import BuriedError, Mortal, Process


class Port:
    """A port that counts its calls."""

    name = "port"

    def __init__(self) -> None:
        self.calls = 0

    async def call(self) -> int:
        """Count, and say how many."""
        self.calls += 1
        return self.calls

    async def fail(self) -> None:
        """Raise."""
        raise LookupError


class Script:
    """Dies or stands still at the points it is given."""

    def __init__(self, dies: str = "", freezes: dict[str, float] | None = None) -> None:
        self.dies, self.freezes = dies, freezes or {}
        self.passed: list[str] = []

    def reach(self, process: Process, point: str) -> float:
        """Remember the point; die or stand still there if that is written."""
        self.passed.append(point)
        if point == self.dies:
            process.die()
        return self.freezes.get(point, 0.0)


def scene(clock: VirtualClock, script: Script) -> tuple[Port, Mortal, Process]:
    """A port, and how a process sees it."""
    port, process = Port(), Process(0, 0, clock, script)
    return port, Mortal(port, "port", process), process


def test_a_living_process_sees_the_port_as_it_is() -> None:
    """Calls, errors and attributes pass, and every call has a point before and after it."""
    script = Script()

    async def main(clock: VirtualClock) -> None:
        _, mortal, _ = scene(clock, script)
        assert mortal.name == "port"
        assert await mortal.call() == 1
        with pytest.raises(LookupError):
            await mortal.fail()

    run_virtual(main)
    assert script.passed == ["port.call:before", "port.call:after", "port.fail:before", "port.fail:after"]


@pytest.mark.parametrize(("point", "calls"), [("port.call:before", 0), ("port.call:after", 1)])
def test_a_dead_process_never_gets_an_answer(point: str, calls: int) -> None:
    """Neither `except` nor `finally` helps: what they ask for is not answered either."""
    woke: list[str] = []

    async def main(clock: VirtualClock) -> int:
        port, mortal, process = scene(clock, Script(dies=point))

        async def work() -> None:
            try:
                async with asyncio.timeout(10):
                    await mortal.call()
            finally:
                await mortal.call()
                woke.append("finally")

        task = asyncio.create_task(work())
        await clock.sleep(1_000)
        assert not task.done()
        process.buried = True
        return port.calls

    assert run_virtual(main) == calls
    assert woke == []


def test_a_process_that_stands_still_goes_on_as_if_nothing_had_happened() -> None:
    """All of its calls wait, and are carried out afterwards."""

    async def main(clock: VirtualClock) -> tuple[float, int]:
        port, mortal, _ = scene(clock, Script(freezes={"port.call:before": 30.0}))
        await mortal.call()
        return clock.monotonic(), port.calls

    assert run_virtual(main) == (30.0, 1)


def test_the_buried_are_sent_away() -> None:
    """When the world has ended, a call no longer waits; it raises past every handler of ordinary errors."""

    async def main(clock: VirtualClock) -> None:
        _, mortal, process = scene(clock, Script())
        process.buried = True
        with pytest.raises(BuriedError):
            await mortal.call()

    run_virtual(main)
    assert not issubclass(BuriedError, Exception)

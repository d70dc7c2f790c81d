"""Virtual time: a day passes as fast as the work in it allows, and nothing from outside gets in."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Awaitable, Callable

import pytest

from bowerbird.clock import AllAsleep, NeverAsleep, OutOfBounds, VirtualClock, run_virtual

DAY_S = 86_400.0


def test_a_day_passes_in_no_time() -> None:
    """Sleeping for a day moves both clocks by a day and takes no time worth the name."""

    async def sleep_a_day(clock: VirtualClock) -> tuple[int, float]:
        await clock.sleep(DAY_S)
        return clock.now(), clock.monotonic()

    began = time.monotonic()
    assert run_virtual(sleep_a_day, start_at=5) == (5 + 86_400_000_000, DAY_S)
    assert time.monotonic() - began < 1.0


def test_everybody_wakes_in_the_order_of_their_time() -> None:
    """Three sleepers wake by their own timers, whoever went to bed first."""
    woken: list[float] = []

    async def sleeper(clock: VirtualClock, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(clock.monotonic())

    async def main(clock: VirtualClock) -> None:
        await asyncio.gather(*(sleeper(clock, s) for s in (3.0, 1.0, 2.0)))

    run_virtual(main, seed=1)
    assert woken == [1.0, 2.0, 3.0]


def test_a_deadline_is_kept_in_virtual_time() -> None:
    """`asyncio.timeout` counts virtual seconds."""

    async def main(clock: VirtualClock) -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(90.0):
                await asyncio.Event().wait()
        return clock.monotonic()

    assert run_virtual(main) == 90.0


def test_time_does_not_drift() -> None:
    """Ten thousand sleeps of a tenth of a second are a thousand seconds, to the microsecond."""

    async def main(clock: VirtualClock) -> float:
        for _ in range(10_000):
            await clock.sleep(0.1)
        return clock.monotonic()

    assert run_virtual(main) == pytest.approx(1_000.0, abs=1e-6)


def test_sleeping_for_nothing_returns_at_once() -> None:
    """Zero and less do not even yield."""

    async def main(clock: VirtualClock) -> float:
        await clock.sleep(0)
        await clock.sleep(-5)
        return clock.monotonic()

    assert run_virtual(main) == 0.0


async def _order_of_ten(clock: VirtualClock) -> list[int]:
    order: list[int] = []

    async def one(n: int) -> None:
        await clock.sleep(1.0)
        order.append(n)

    await asyncio.gather(*(one(n) for n in range(10)))
    return order


def test_the_seed_decides_who_goes_first() -> None:
    """The same seed interleaves the same way, and other seeds differ."""
    assert run_virtual(_order_of_ten, seed=7) == run_virtual(_order_of_ten, seed=7)
    assert len({tuple(run_virtual(_order_of_ten, seed=seed)) for seed in range(20)}) > 10
    assert run_virtual(_order_of_ten) == run_virtual(_order_of_ten)


def test_nobody_left_to_wake_anybody_is_an_error() -> None:
    """Waiting for ever with no timer set is told, not endured."""

    async def main(clock: VirtualClock) -> None:
        await asyncio.Event().wait()

    with pytest.raises(AllAsleep):
        run_virtual(main)


def test_somebody_who_never_sleeps_is_an_error() -> None:
    """A loop that yields without waiting holds time still, and is told."""

    async def main(clock: VirtualClock) -> None:
        for _ in itertools.count():
            await asyncio.sleep(0)

    with pytest.raises(NeverAsleep):
        run_virtual(main)


OUTSIDE: dict[str, Callable[[], Awaitable[object]]] = {
    "socket": lambda: asyncio.open_connection("127.0.0.1", 9),
    "server": lambda: asyncio.start_server(print, "127.0.0.1", 0),
    "thread": lambda: asyncio.to_thread(print),
    "subprocess": lambda: asyncio.create_subprocess_exec("true"),
    "name": lambda: asyncio.get_running_loop().getaddrinfo("localhost", 80),
}


@pytest.mark.parametrize("what", OUTSIDE)
def test_the_outside_world_is_fenced_off(what: str) -> None:
    """Sockets, threads and subprocesses refuse loudly."""

    async def main(clock: VirtualClock) -> None:
        await OUTSIDE[what]()

    with pytest.raises(OutOfBounds):
        run_virtual(main)


def test_another_thread_cannot_reach_in() -> None:
    """`call_soon_threadsafe` refuses other threads and serves the loop's own."""
    refusals: list[BaseException] = []

    async def main(clock: VirtualClock) -> None:
        loop = asyncio.get_running_loop()
        heard = asyncio.Event()
        loop.call_soon_threadsafe(heard.set)
        await heard.wait()

        def reach_in() -> None:
            try:
                loop.call_soon_threadsafe(print)
            except OutOfBounds as error:
                refusals.append(error)

        thread = threading.Thread(target=reach_in)
        thread.start()
        thread.join()

    run_virtual(main)
    assert len(refusals) == 1


def test_tasks_left_behind_are_cancelled_and_stubborn_ones_forgotten() -> None:
    """A run ends although a task waits, and although another will not go."""
    cancelled: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append("waits")

    async def main(clock: VirtualClock) -> None:
        left = asyncio.create_task(waits())
        await clock.sleep(1.0)
        assert not left.done()

    run_virtual(main)
    assert cancelled == ["waits"]


def test_what_main_raises_comes_out() -> None:
    """An error in virtual time is an error of the caller."""

    async def main(clock: VirtualClock) -> None:
        await clock.sleep(1.0)
        raise LookupError("here")

    with pytest.raises(LookupError, match="here"):
        run_virtual(main)


async def test_outside_a_virtual_loop_sleep_moves_the_time_by_itself() -> None:
    """In an ordinary loop, a room that sleeps on a virtual clock is not kept waiting."""
    clock = VirtualClock(start_at=0)
    await clock.sleep(3_600.0)
    assert clock.now() == 3_600_000_000


def test_time_moved_by_hand_goes_forward_only() -> None:
    """The wall may be stepped back, time itself not."""
    clock = VirtualClock(start_at=10_000_000)
    clock.advance(2.0)
    clock.step_wall(-5.0)
    assert (clock.now(), clock.monotonic()) == (7_000_000, 2.0)
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1.0)

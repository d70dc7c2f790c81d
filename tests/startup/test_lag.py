"""How late the event loop is, and what is opened although it takes long."""

from __future__ import annotations

import pytest

from bowerbird.clock import SeededChance, SystemClock, VirtualClock
from bowerbird.core.errors import BadInput, StorageBusy, StorageError, StorageFull
from bowerbird.resilience import failpoints
from bowerbird.startup.lag import Lag
from bowerbird.startup.opening import Opening
from bowerbird.startup.progress import Progress
from bowerbird.storage.memory import MemoryBooks, MemoryStorage


class Late(VirtualClock):
    """A clock whose timers fire late, as those of a blocked loop do."""

    late_s = 0.0

    async def sleep(self, seconds: float) -> None:
        """Sleep longer than asked."""
        await super().sleep(seconds + self.late_s)


@pytest.mark.proves("2.2")
async def test_a_loop_that_stood_still_is_measured_and_told() -> None:
    """A short one is only measured; the gauge shows the worst of the last five seconds."""
    clock, storage = Late(), MemoryStorage(MemoryBooks())
    lag = Lag(storage, clock)
    assert lag.samples() == []
    for late_s in (0.0, 8.0, 2.0):
        clock.late_s = late_s
        assert await lag.look_once() == pytest.approx(late_s)
    assert lag.samples()[0].value == pytest.approx(8.0)
    (fact,) = await storage.facts(kinds=["loop_blocked"])
    assert fact.data["seconds"] == pytest.approx(8.0)
    clock.late_s = 0.0
    for _ in range(10):
        await lag.look_once()
    assert lag.samples()[0].value == pytest.approx(0.0)


async def test_a_drill_can_block_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the place that is named for it."""
    monkeypatch.setattr(failpoints, "armed", failpoints.Failpoints("loop.block=sleep:0.2*1"))
    assert await Lag(MemoryStorage(MemoryBooks()), SystemClock()).look_once() >= 0.19


@pytest.mark.proves("1.G3")
async def test_the_books_are_opened_again_and_again() -> None:
    """A full disk has room tomorrow; meanwhile the heart says what is waited for."""
    errors: list[StorageError] = [StorageFull("no room"), StorageFull("no room")]
    opening = Opening(VirtualClock(), SeededChance(1))
    assert opening.note() == "opening the books"

    async def make() -> str:
        if errors:
            raise errors.pop()
        return "books"

    assert await opening.open(make) == "books"
    assert opening.note() == "the books cannot be opened: no room; tried again"


@pytest.mark.parametrize("error", [StorageBusy("process 7 has them"), BadInput("a newer Bowerbird wrote them")])
async def test_what_waiting_would_not_mend_is_raised(error: Exception) -> None:
    """Two engines on one file must never be."""

    async def make() -> str:
        raise error

    with pytest.raises(type(error)):
        await Opening(VirtualClock(), SeededChance(1)).open(make)


def test_work_that_comes_round_is_progress() -> None:
    """Judged by a mark that changes; half a minute without is none, whatever the wall clock does."""
    clock, marks = VirtualClock(), [0]
    progress = Progress(lambda: marks[0], clock)
    for _ in range(100):
        marks[0] += 1
        clock.advance(10)
        clock.step_wall(3600)
        assert progress.look()
    clock.advance(29)
    assert progress.look()
    clock.advance(1)
    assert not progress.look()
    progress.begin()
    assert (progress.look(), progress.count) == (True, 100)

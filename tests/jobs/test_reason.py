"""The heartbeat's sentence: there is always a reason, except where nobody knows one."""

from __future__ import annotations

import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.books import Batch, Committed, Lost
from bowerbird.core.errors import StorageFull
from bowerbird.core.work import Run
from bowerbird.jobs.reason import STUCK_S, reason
from bowerbird.jobs.runner import Work
from bowerbird.jobs.table import JOBS
from bowerbird.storage.memory import MemoryBooks, MemoryStorage
from tests.jobs.yard import Yard, job, looking, play

HOUR_S = 3600.0
BEAT_S = 20.0


async def sentences(yard: Yard, seconds: float, waits: list[str] | None = None) -> list[str]:
    """What the heart would have said at each beat."""
    said: list[str] = []
    rows, pulses = yard.runner.jobs, yard.runner.pulses
    for n in range(1, int(seconds / BEAT_S)):
        yard.after(n * BEAT_S, lambda: said.append(reason(rows, pulses, yard.clock, waits or [])))
    await yard.for_s(seconds, watched=False)
    return said


def whole(clock: VirtualClock, work: Work | None = None, books: MemoryStorage | None = None) -> Yard:
    """The whole table; nothing is ever due."""
    return Yard(clock, JOBS, {row.name: work or looking(clock, []) for row in JOBS}, books)


def test_an_idle_night_always_has_a_reason() -> None:
    """Eight hours in which nothing is due."""

    async def story(clock: VirtualClock) -> None:
        rows = [job("publish", lane="posting", critical=True), job("plan", every_s=60.0, critical=True)]
        yard = Yard(clock, rows, {row.name: looking(clock, []) for row in rows})
        said = await sentences(yard, 8 * HOUR_S)
        assert all(said)
        assert "nothing is due until" in said[-1]

    play(story)


def test_an_hour_of_pause_always_has_its_reason() -> None:
    """What waits says why, in the words of whoever knows."""

    async def story(clock: VirtualClock) -> None:
        rows = [job("publish", every_s=2.0, critical=True)]
        yard = Yard(clock, rows, {"publish": looking(clock, [])})
        said = await sentences(yard, HOUR_S, ["paused by ann since 12:04"])
        assert set(said) == {"paused by ann since 12:04"}

    play(story)


class Shut(MemoryStorage):
    """Books that cannot be written or claimed."""

    async def record(self, batch: Batch) -> Committed | Lost:
        """Refuse."""
        raise StorageFull("the disk is full")

    async def claim_run(self, run: Run) -> bool:
        """Refuse."""
        raise StorageFull("the disk is full")


def test_an_hour_without_a_database_always_has_its_reason() -> None:
    """Every job fails at once and comes round again: that is a reason, not a silence."""

    async def story(clock: VirtualClock) -> None:
        async def claim() -> bool:
            raise StorageFull("the disk is full")

        rows = [job("publish", every_s=2.0, lane="posting", critical=True), job("plan", every_s=60.0, critical=True)]
        yard = Yard(clock, rows, {row.name: claim for row in rows}, Shut(MemoryBooks()))
        said = await sentences(yard, HOUR_S)
        assert set(said) == {"degraded: database (StorageFull: the disk is full)"}

    play(story)


def test_the_whole_table_at_rest_says_what_comes_next() -> None:
    """With the real rows."""

    async def story(clock: VirtualClock) -> None:
        assert all(await sentences(whole(clock), 300))

    play(story)


def test_work_is_a_reason() -> None:
    """While somebody is at it, that is said."""

    async def story(clock: VirtualClock) -> None:
        async def work() -> bool:
            await clock.sleep(25)
            return False

        said = await sentences(Yard(clock, [job()], {"work": work}), 60)
        assert said[0] == "working: work"

    play(story)


@pytest.mark.proves("2.2")
def test_a_critical_job_that_nobody_can_wake_has_no_reason() -> None:
    """Then the heart falls silent, and the guardian outside starts the engine again."""

    async def story(clock: VirtualClock) -> None:
        row = job("publish", every_s=0.5, critical=True)
        yard = Yard(clock, [row], {"publish": looking(clock, [])})
        pulse = yard.runner.pulses["publish"]
        assert reason([row], yard.runner.pulses, clock)
        pulse.waiting = 0.0
        clock.advance(STUCK_S + row.slack_s + 1)
        assert reason([row], yard.runner.pulses, clock) == ""

    play(story)

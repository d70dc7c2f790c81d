"""Work that stands still: it is seen within 45 seconds however long it may take, cut off, and named by its root."""

from __future__ import annotations

import asyncio

import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.gauge import Sample
from bowerbird.jobs import graph
from bowerbird.jobs.health import samples
from bowerbird.jobs.pulse import STILL_S, Pulse
from bowerbird.jobs.runner import Work
from bowerbird.jobs.table import Lane
from bowerbird.resilience.deadline import alive, within
from tests.jobs.yard import Yard, hang, job, looking, play

TWO = {"reading": Lane(1, 2), "posting": Lane(1, 1)}


def value(found: list[Sample], name: str, **labels: str) -> float | None:
    """What a number was."""
    return next((one.value for one in found if one.name == f"bowerbird_{name}" and one.labels == labels), None)


def crowded(clock: VirtualClock, **work: Work) -> Yard:
    """Two jobs that hang on both seats of a lane, and posting beside them."""
    rows = [
        job("measure", lane="reading", every_s=5.0, timeout_s=60, tries=3),
        job("harvest", lane="reading", every_s=60.0, timeout_s=120, tries=3),
        job("publish", lane="posting", every_s=0.5, critical=True),
    ]
    doing: dict[str, Work] = {"measure": hang, "harvest": hang, "publish": looking(clock, [])}
    return Yard(clock, rows, {**doing, **work}, lanes=TWO, seats=3)


@pytest.mark.proves("P3", "2.4")
def test_a_lane_whose_seats_are_all_held_by_what_stands_still_is_seen_within_fifty_seconds() -> None:
    """And stays seen while they are cut off and begun anew, and so hang again."""

    async def story(clock: VirtualClock) -> None:
        yard, seen = crowded(clock), dict[int, list[Sample]]()
        for second in (40, 48, 70, 110, 130):
            yard.after(second, lambda second=second: seen.update({second: samples(yard.runner)}))  # type: ignore[misc]
        await yard.for_s(131)
        assert value(seen[40], "lane_stuck_seconds", lane="reading") == 0
        for second in (48, 70, 110, 130):
            assert value(seen[second], "lane_stuck_seconds", lane="reading") == pytest.approx(second, abs=1.5)
            assert value(seen[second], "job_stuck_seconds", job="harvest") == pytest.approx(second, abs=1.5)
        assert value(seen[130], "job_stuck_seconds", job="publish") == 0
        assert value(seen[130], "lane_stuck_seconds", lane="posting") == 0

    play(story)


@pytest.mark.proves("P3")
def test_what_stands_still_is_cut_off_and_runs_again_within_a_minute_after_the_fault_ended() -> None:
    """Although a piece may take two minutes: it gave no sign of life."""

    async def story(clock: VirtualClock) -> None:
        broken = asyncio.Event()

        async def search() -> bool:
            if not broken.is_set():
                await hang()
            return False

        yard, seen = crowded(clock, measure=search, harvest=search), list[float]()
        yard.after(50, broken.set)
        yard.after(50, lambda: seen.append(yard.runner.pulses["harvest"].stuck_s(clock.monotonic())))
        yard.after(110, lambda: seen.append(yard.runner.pulses["harvest"].stuck_s(clock.monotonic())))
        await yard.for_s(111)
        assert seen == [pytest.approx(50, abs=1.5), 0]
        assert [yard.runner.pulses[name].failures for name in ("measure", "harvest")] == [0, 0]

    play(story)


@pytest.mark.proves("P3")
def test_work_that_moves_is_not_stuck_however_long_it_takes() -> None:
    """A sign of life every half a minute, and a call that said that it may take fifty seconds."""

    async def story(clock: VirtualClock) -> None:
        async def slow() -> bool:
            for _ in range(3):
                await asyncio.sleep(30)
                alive()
            async with within(50):
                await asyncio.sleep(49)
            return False

        yard, worst = crowded(clock, measure=slow, harvest=slow), list[float]()
        yard.runner.jobs = [job(row.name, lane=row.lane, every_s=5.0, timeout_s=300) for row in yard.runner.jobs]
        for second in range(1, 140):
            yard.after(second, lambda: worst.append(yard.runner.pulses["measure"].stuck_s(clock.monotonic())))
        await yard.for_s(141)
        assert max(worst) == 0
        assert yard.runner.pulses["measure"].failures == 0

    play(story)


def test_a_job_whose_time_is_shorter_than_that_is_stuck_all_the_same() -> None:
    """Cut off after 30 s and begun anew is no sign of life."""

    async def story(clock: VirtualClock) -> None:
        yard = Yard(clock, [job("obey", every_s=0.5, timeout_s=30.0, critical=True)], {"obey": hang})
        words: list[str] = []

        def look() -> None:
            pulses, now = yard.runner.pulses, clock.monotonic()
            words.append(graph.state(yard.runner.jobs[0], yard.runner.jobs, pulses, now=now, now_at=clock.now()).word)

        for second in (29, 50, 62):
            yard.after(second, look)
        await yard.for_s(63)
        assert words == ["running", "stuck", "stuck"]

    play(story)


def test_what_was_cut_off_because_it_had_much_to_do_did_not_hang() -> None:
    """It moved until the end of its time; the next piece begins with a clean slate."""
    pulse = Pulse(busy=0.0)
    pulse.begin(0.0)
    pulse.move(110.0)
    pulse.end(120.0, cut_off=True, timeout_s=120.0)
    pulse.begin(121.0)
    assert pulse.stuck_s(121.0 + STILL_S - 1) == 0
    assert pulse.stuck_s(121.0 + STILL_S) == STILL_S


def test_somebody_overdue_for_a_seat_makes_the_lane_stuck_at_once() -> None:
    """So that those who wait for it are effects of the lane, and not each a root."""

    async def story(clock: VirtualClock) -> None:
        rows = [job("hung", timeout_s=60), job("early", every_s=2.0), job("late", every_s=2.0)]
        yard = Yard(clock, rows, {"hung": hang, "early": hang, "late": hang})
        found: list[Sample] = []
        yard.after(20, lambda: found.extend(samples(yard.runner)))
        await yard.for_s(21)
        waits = value(found, "lane_stuck_seconds", lane="connecting")
        assert waits is not None
        assert 15 < waits <= 20

    play(story)

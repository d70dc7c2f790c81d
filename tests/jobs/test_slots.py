"""Slots: what sleep, a blocked loop, a moved clock and a full lane do to them."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.work import Outcome, Run
from bowerbird.jobs.table import Job, Lane
from bowerbird.storage.memory import MemoryBooks, MemoryStorage
from tests.jobs.yard import Yard, hang, job, looking, play

HOUR_S = 3600.0


@pytest.mark.proves("2.2")
def test_what_a_sleeping_machine_missed_is_made_up_by_one_run() -> None:
    """Eight hours later each job runs once, at once; the other slots are told with the reason."""
    seen: list[float] = []

    async def story(clock: VirtualClock) -> None:
        yard = Yard(clock, [job()], {"work": looking(clock, seen)})
        yard.after(25, lambda: clock.suspend(8 * HOUR_S))
        await yard.for_s(38)
        (told,) = await yard.told("job_skipped")
        assert told.data == {"job": "work", "slots": 2879, "why": {"the machine slept for 28800 s": 2879},
                             "critical": False}  # fmt: skip
        assert yard.runner.pulses["work"].ended == {Outcome.DONE: 5, Outcome.SKIPPED: 2879}

    play(story)
    assert len(seen) == 5
    assert 25 <= seen[3] <= 26.5


def test_an_hourly_job_is_made_up_after_a_night_too() -> None:
    """Its timer has an hour to go when the machine wakes; it does not wait for it."""
    seen: list[float] = []

    async def story(clock: VirtualClock) -> None:
        yard = Yard(clock, [job(every_s=HOUR_S)], {"work": looking(clock, seen)})
        yard.after(60, lambda: clock.suspend(8 * HOUR_S))
        await yard.for_s(120)

    play(story)
    assert len(seen) == 2
    assert seen[1] < 63


@pytest.mark.proves("2.2")
def test_nobody_is_overdue_for_what_the_machine_slept_through() -> None:
    """While the one run that makes it up waits for its seat, a night's sleep is no alarm."""
    late: list[float] = []

    async def story(clock: VirtualClock) -> None:
        async def hold_the_seat() -> bool:
            await clock.sleep(25)
            return False

        made = job(every_s=HOUR_S)
        yard = Yard(clock, [made, job("hog", every_s=70)], {"work": looking(clock, []), "hog": hold_the_seat})
        yard.after(75, lambda: clock.suspend(8 * HOUR_S))
        for second in range(77, 95):
            yard.after(second, lambda: late.append(yard.runner.pulses["work"].overdue_s(made, clock.monotonic())))
        await yard.for_s(120)

    play(story)
    assert late == [0] * 18


@pytest.mark.proves("2.2")
def test_a_blocked_loop_is_made_up_by_one_run_and_told() -> None:
    """For 40 s nothing came round; then the job runs once, late, and its lateness is known."""
    seen: list[float] = []

    async def story(clock: VirtualClock) -> None:
        yard = Yard(clock, [job(critical=True)], {"work": looking(clock, seen)})
        yard.after(15, lambda: clock.advance(40))
        yard.after(57, lambda: seen.append(-(yard.runner.pulses["work"].lateness_s or 0)))
        await yard.for_s(58)
        (told,) = await yard.told("job_skipped")
        assert told.data["why"] == {"the event loop stood still": 3}
        assert told.data["critical"] is True

    play(story)
    assert [round(at) for at in seen] == [0, 10, 55, -35]


@pytest.mark.proves("2.2")
@pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S, 86_400.0, -86_400.0])
def test_a_step_of_the_wall_clock_neither_bursts_nor_stops_jobs(step_s: float) -> None:
    """Slots lie on monotonic time, also those that are claimed."""
    seen: list[float] = []

    async def story(clock: VirtualClock) -> None:
        yard = Yard(clock, [job(every_s=60.0)], {"work": looking(clock, seen)})
        yard.after(610, lambda: clock.step_wall(step_s))
        runs = await yard.for_s(1_190)
        assert len(runs) == 20
        assert len({run.slot_at for run in runs}) == 20
        assert not await yard.told("job_skipped", "job_overdue")

    play(story)
    assert len(seen) == 20


def test_slots_that_pass_while_the_job_works_belong_to_that_run() -> None:
    """A run of 35 s at a period of 10: the next begins at the next slot, and nothing was skipped."""
    began: list[float] = []

    async def story(clock: VirtualClock) -> None:
        async def work() -> bool:
            began.append(clock.monotonic())
            await clock.sleep(35)
            return False

        yard = Yard(clock, [job(timeout_s=60)], {"work": work})
        await yard.for_s(100)
        assert yard.runner.pulses["work"].skips.total() == 0

    play(story)
    assert [round(at - began[0]) for at in began] == [0, 40, 80]


def test_slots_missed_for_want_of_a_seat_say_so() -> None:
    """Another job holds the only seat for 30 s."""

    async def story(clock: VirtualClock) -> None:
        async def long() -> bool:
            await clock.sleep(34)
            return False

        jobs = [job("long", every_s=1000.0, timeout_s=60), job("short")]
        yard = Yard(clock, jobs, {"long": long, "short": looking(clock, [])})
        yard.after(36, yard.runner.stop)
        yard.runner.chance.stream("start").seed(1)
        await yard.for_s(40)
        skips = yard.runner.pulses["short"].skips
        assert set(skips) <= {"no seat was free in the lane connecting"}
        assert sum(skips.values()) == 3

    play(story)


def test_a_claimed_slot_is_run_once() -> None:
    """Who comes second skips it, with the reason."""
    seen: list[float] = []

    class Taken(MemoryStorage):
        async def claim_run(self, run: Run) -> bool:
            return False

    async def story(clock: VirtualClock) -> None:
        yard = Yard(clock, [job(every_s=60.0)], {"work": looking(clock, seen)}, Taken(MemoryBooks()))
        await yard.for_s(90)
        told = await yard.told("job_skipped")
        assert told[0].data["why"] == {"another process has run this slot": 1}

    play(story)
    assert not seen


def test_what_looks_often_is_not_claimed_and_does_not_fill_the_books() -> None:
    """A claim would be a row for each look."""

    async def story(clock: VirtualClock) -> None:
        yard = Yard(clock, [job(every_s=0.5)], {"work": looking(clock, [])})
        assert len(await yard.for_s(600)) <= 12

    play(story)


@pytest.mark.proves("2.G3")
def test_a_run_that_a_crash_interrupted_is_called_cut_off_by_the_next_process() -> None:
    """The row of the claim is the trace; the bars of the page reach back into the life before."""

    async def story(clock: VirtualClock) -> None:
        books = MemoryStorage(MemoryBooks())
        now = clock.now()
        await books.claim_run(Run(id="old", job="work", slot_at=now, started_at=now, owner="boot-0"))
        await clock.sleep(60)
        yard = Yard(clock, [job()], {"work": looking(clock, [])}, books)
        runs = await yard.for_s(30)
        assert (runs[0].id, runs[0].outcome) == ("old", Outcome.CUT_OFF)
        assert yard.runner.pulses["work"].bars[0].outcome is Outcome.CUT_OFF

    play(story)


def test_lateness_and_duration_of_the_last_run_are_known() -> None:
    """On time to the millisecond in virtual time, and as long as the work took."""

    async def story(clock: VirtualClock) -> None:
        async def work() -> bool:
            await clock.sleep(3)
            return False

        yard = Yard(clock, [job()], {"work": work})
        await yard.for_s(15)
        pulse = yard.runner.pulses["work"]
        assert pulse.lateness_s == pytest.approx(0, abs=0.001)
        assert pulse.duration_s == pytest.approx(3)

    play(story)


@pytest.mark.proves("2.4", "2.G5", "P3")
def test_a_hundred_jobs_on_three_seats_make_no_post_late() -> None:
    """Posting has a seat of its own; the other 99 share two, and each of them has its turn."""
    posted: list[float] = []
    late: list[float] = []

    async def story(clock: VirtualClock) -> None:
        async def post() -> bool:
            posted.append(clock.monotonic())
            late.append(clock.monotonic() - yard.runner.pulses["publish"].next_slot)
            return False

        async def dig() -> bool:
            await clock.sleep(2)
            return False

        crowd = [job(f"dig-{n}", lane="background", every_s=60.0) for n in range(99)]
        jobs: list[Job] = [*crowd, job("publish", lane="posting", every_s=0.5, critical=True)]
        work = {**{each.name: dig for each in crowd}, "publish": post}
        lanes = {"posting": Lane(1, 1), "background": Lane(1, 2)}
        yard = Yard(clock, jobs, work, lanes=lanes, seats=3)
        await yard.for_s(270)
        turns = [yard.runner.pulses[each.name].ended[Outcome.DONE] for each in crowd]
        assert min(turns) >= 2
        assert max(turns) <= 2 * min(turns)

    play(story)
    assert len(posted) >= 535
    assert max(late) < 5


@pytest.mark.proves("2.4")
def test_a_piece_that_hangs_gives_its_seat_back_even_if_it_will_not_let_go() -> None:
    """Its neighbour in the lane goes on; what swallowed its cancellation is counted."""
    seen: list[float] = []

    async def story(clock: VirtualClock) -> None:
        async def cling() -> bool:
            for _ in range(2):  # at its deadline and when it is abandoned; the third is the end of the test
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
            return await hang()

        jobs = [job("cling", every_s=300.0, timeout_s=5), job("other", every_s=20.0)]
        yard = Yard(clock, jobs, {"cling": cling, "other": looking(clock, seen)})
        runs = await yard.for_s(60)
        assert [run.error for run in runs if run.job == "cling"] == ["cut off after 5 s, and it would not let go"]
        assert yard.runner.pulses["cling"].strays == 1

    play(story)
    assert len(seen) == 3

"""Timers and failures: what does not fire is started again, what fails is tried again soon."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.errors import Unreachable
from bowerbird.core.work import Outcome
from bowerbird.jobs.runner import Runner
from bowerbird.resilience import failpoints
from bowerbird.resilience.failpoints import Failpoints
from tests.jobs.yard import Yard, failing, job, looking, play


def arm(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Break something on purpose, as the environment of a drill does."""
    monkeypatch.setattr(failpoints, "armed", Failpoints(text))


@pytest.mark.proves("2.2")
@pytest.mark.parametrize("every_s", [0.5, 10.0, 300.0])
def test_a_timer_that_does_not_fire_is_noticed_told_and_started_again(
    every_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within half a period, at least five seconds and at most five minutes, and a little for the second look."""
    arm(monkeypatch, "jobs.timer.work=drop*1")
    seen: list[float] = []

    async def story(clock: VirtualClock) -> None:
        yard = Yard(clock, [job(every_s=every_s)], {"work": looking(clock, seen)})
        await yard.for_s(max(20.0, 2 * every_s))
        (told,) = await yard.told("job_overdue")
        assert told.data["why"] == "its timer did not fire"
        assert told.data["healed_by"] == "its timer was started again"

    play(story)
    assert seen[0] <= 1 + max(5.0, every_s / 2) + 5


def test_a_timer_that_never_fires_keeps_being_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """For as long as the fault lasts; the number of times is counted."""
    arm(monkeypatch, "jobs.timer.work=drop")

    async def story(clock: VirtualClock) -> None:
        yard = Yard(clock, [job()], {"work": looking(clock, [])})
        await yard.for_s(60)
        assert yard.runner.pulses["work"].revived >= 5

    play(story)


def test_a_job_that_is_overdue_shows_it_before_it_is_healed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever samples once a second sees it."""
    arm(monkeypatch, "jobs.timer.work=drop*1")
    seen: list[float] = []

    async def story(clock: VirtualClock) -> None:
        row = job()
        yard = Yard(clock, [row], {"work": looking(clock, [])})
        for second in range(20):
            yard.after(second, lambda: seen.append(yard.runner.pulses["work"].overdue_s(row, clock.monotonic())))
        await yard.for_s(20)

    play(story)
    assert len([late for late in seen if late > 5]) >= 2


@pytest.mark.proves("2.1", "2.G3", "P2", "X5")
def test_a_critical_job_that_fails_is_tried_again_in_seconds_not_after_its_period() -> None:
    """A plan of every two hours that fails three times works again after 1 + 2 + 4 seconds."""
    tries: list[float] = []

    async def story(clock: VirtualClock) -> None:
        fail = failing(Unreachable("no route"), times=3)

        async def plan() -> bool:
            tries.append(clock.monotonic())
            return await fail()

        yard = Yard(clock, [job("plan", every_s=7200.0, critical=True)], {"plan": plan})
        runs = await yard.for_s(300)
        assert [run.outcome for run in runs] == [Outcome.FAILED] * 3 + [Outcome.DONE]
        assert [run.attempt for run in runs] == [1, 2, 3, 4]

    play(story)
    assert [round(later - one) for one, later in pairwise(tries)] == [1, 2, 4]


@pytest.mark.proves("2.1")
def test_a_critical_job_that_keeps_failing_has_three_failures_in_a_row_within_a_minute() -> None:
    """That is what the alert reads; the waits never grow beyond the period."""

    async def story(clock: VirtualClock) -> None:
        seen: list[int] = []
        yard = Yard(clock, [job("plan", every_s=60.0, critical=True)], {"plan": failing(Unreachable("no route"))})
        yard.after(60, lambda: seen.append(yard.runner.pulses["plan"].failures))
        await yard.for_s(3600)
        assert seen[0] >= 3
        assert yard.runner.pulses["plan"].failures >= 60

    play(story)


def test_slots_that_a_gate_holds_back_are_skipped_with_its_reason() -> None:
    """And shown as held, not as overdue."""
    seen: list[float] = []

    async def story(clock: VirtualClock) -> None:
        yard = Yard(clock, [job()], {"work": looking(clock, seen)}, gate=lambda row: "there is no memory left")
        await yard.for_s(95)
        pulse = yard.runner.pulses["work"]
        assert pulse.skips == {"there is no memory left": 10}
        assert pulse.skipped_why == "there is no memory left"
        told = await yard.told("job_skipped")
        assert sum(fact.data["slots"] for fact in told) >= 7
        assert not await yard.told("job_overdue")

    play(story)
    assert not seen


def test_work_that_cannot_end_three_times_is_not_begun_a_fourth_time() -> None:
    """What hangs is bounded: from then on the job fails at once, and says why."""

    async def story(clock: VirtualClock) -> None:
        yard = Yard(clock, [job()], {"work": looking(clock, [])})
        yard.runner.pulses["work"].strays = 3
        runs = await yard.for_s(5)
        assert [run.error for run in runs] == ["3 pieces of it were abandoned and hang still; no further one is begun"]

    play(story)


def test_a_runner_that_is_broken_at_its_start_says_so_and_can_be_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was begun, so nothing has to be undone."""
    arm(monkeypatch, "jobs.start=raise*1")
    seen: list[float] = []

    async def story(clock: VirtualClock) -> None:
        yard = Yard(clock, [job()], {"work": looking(clock, seen)})
        with pytest.raises(failpoints.Broken):
            await yard.runner.run()
        await yard.for_s(5)

    play(story)
    assert len(seen) == 1


def test_a_run_that_does_not_end_at_all_is_given_up_with_its_seat() -> None:
    """Even where the books never answer the claim: the next run has its seat."""

    async def story(clock: VirtualClock) -> None:
        row = job(every_s=60.0, timeout_s=5)
        yard = Yard(clock, [row], {"work": looking(clock, [])})
        gone: list[Runner] = []

        async def never(run: object) -> bool:
            gone.append(yard.runner)
            await clock.sleep(1e9)
            return True

        yard.runner.storage.claim_run = never  # type: ignore[method-assign]
        await yard.for_s(400)
        assert len(gone) >= 2
        assert "did not end within" in (await yard.told("job_overdue"))[0].data["why"]

    play(story)

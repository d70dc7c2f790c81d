"""What counts as silence: judged by beats alone, on a clock that nobody can set."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bowerbird.clock import SeededChance, VirtualClock, run_virtual
from bowerbird.core.books import Batch
from bowerbird.core.errors import StorageFull
from bowerbird.core.work import Owner
from bowerbird.jobs.reason import reason
from bowerbird.jobs.runner import Runner
from bowerbird.jobs.table import Job
from bowerbird.startup.heart import Heart
from bowerbird.startup.silence import LOOK_MAX_S, START_S, STARTING_S, TELL_S, Silence, Verdict
from bowerbird.storage.memory import MemoryBooks, MemoryStorage

HOUR_S = 3600.0


def listening(*, kill_s: float = 30.0) -> Silence:
    """Someone who has heard a first beat at second 0."""
    silence = Silence(kill_s)
    silence.begin(None)
    silence.look("first", 0.0)
    return silence


def test_four_seconds_are_told_and_thirty_are_death() -> None:
    """Not a look earlier."""
    silence = listening()
    verdicts = [silence.look("first", second / 5) for second in range(1, 200)]
    assert verdicts.index(Verdict.TELL) / 5 == pytest.approx(TELL_S, abs=0.3)
    assert verdicts.index(Verdict.KILL) / 5 == pytest.approx(30.0, abs=0.3)


def test_a_beat_ends_the_silence_at_once() -> None:
    """And it has to be silent anew for as long."""
    silence = listening()
    assert silence.look("first", 1.0) is Verdict.HEARD
    for second in (2.0, 3.0, 4.0, 5.0):
        verdict = silence.look("first", second)
    assert verdict is Verdict.TELL
    assert silence.look("second", 5.2) is Verdict.HEARD
    assert silence.look("second", 6.0) is Verdict.HEARD


def test_whoever_starts_gets_time_for_the_first_beat() -> None:
    """What an earlier process left behind is no beat of this one."""
    silence = listening()
    silence.begin("last words")
    verdicts = [silence.look("last words", float(second)) for second in range(60)]
    assert verdicts.index(Verdict.TELL) == START_S + TELL_S
    assert verdicts[0] is Verdict.WAIT


def test_one_that_says_it_is_starting_may_be_slower() -> None:
    """To load a program on a busy machine keeps its loop waiting; ten seconds are too long even then."""
    silence = listening()
    verdicts = [silence.look("first", second / 5, starting=True) for second in range(1, 100)]
    assert verdicts.index(Verdict.TELL) / 5 == pytest.approx(TELL_S + STARTING_S, abs=0.3)


def test_time_in_which_nobody_looked_is_no_silence() -> None:
    """A whole terminal that was stopped for an hour, and a machine that gave nobody a turn."""
    silence = listening()
    assert silence.look("first", HOUR_S) is Verdict.HEARD
    assert silence.silent_s == LOOK_MAX_S


class Recorder:
    """Where a heart beats in these tests: the guardian sees only the newest beat."""

    def __init__(self) -> None:
        self.row: dict[str, Any] | None = None
        self.mark = 0

    async def beat(self, row: dict[str, Any]) -> None:
        """Keep it."""
        self.row, self.mark = row, self.mark + 1


class Full(MemoryStorage):
    """Books on a full disk."""

    async def record(self, batch: Batch) -> Any:
        """Refuse."""
        raise StorageFull

    async def beat(self, owner: Owner) -> None:
        """Refuse."""
        raise StorageFull


def verdicts(
    for_s: float, *, storage: MemoryStorage | None = None, work: Callable[[], Any] | None = None
) -> set[Verdict]:
    """Run a heart and a quiet job in virtual time, and return everything a guardian would say."""

    async def nothing() -> bool:
        return False

    async def live(clock: VirtualClock) -> set[Verdict]:
        books = storage or MemoryStorage(MemoryBooks())
        jobs = [Job(name="look", every_s=60.0, lane="connecting", timeout_s=30.0, why="A test needs it.")]
        runner = Runner(jobs, {"look": work or nothing}, books, clock, SeededChance(7), "boot")
        owner = Owner(id="boot", role="engine", pid=1, started_at=0, heard_at=0)
        pulse = Recorder()
        heart = Heart(books, clock, owner, lambda: reason(runner.jobs, runner.pulses, clock), pulse=pulse)
        tasks = [asyncio.create_task(heart.beat_for_ever()), asyncio.create_task(runner.run())]
        silence, found = listening(), set()
        while clock.monotonic() < for_s:
            await clock.sleep(0.5)
            found.add(silence.look(pulse.mark, clock.monotonic()))
        for task in tasks:
            task.cancel()
        return found

    return run_virtual(live, seed=3)


@pytest.mark.proves("2.2")
def test_eight_idle_hours_are_no_death() -> None:
    """Nothing was due, and the heart said so every second."""
    assert verdicts(8 * HOUR_S) == {Verdict.HEARD}


@pytest.mark.proves("2.2", "6.3")
def test_an_hour_without_a_database_is_no_death() -> None:
    """A reason is not silence: no restart would bring the books back."""
    assert verdicts(HOUR_S, storage=Full(MemoryBooks())) == {Verdict.HEARD}


def test_an_hour_in_which_every_run_fails_is_no_death() -> None:
    """What fails says so itself; the process is as alive as any."""

    async def fails() -> bool:
        raise OSError("no route to host")

    assert verdicts(HOUR_S, work=fails) == {Verdict.HEARD}


@pytest.mark.proves("2.2")
@pytest.mark.parametrize("seconds", [HOUR_S, -HOUR_S, 24 * HOUR_S])
def test_a_step_of_the_wall_is_no_death_and_hides_none(seconds: float) -> None:
    """Only the guardian's monotonic clock counts, and beats that change."""

    async def live(clock: VirtualClock) -> list[Verdict]:
        pulse, owner = Recorder(), Owner(id="b", role="engine", pid=1, started_at=0, heard_at=0)
        heart = Heart(None, clock, owner, lambda: "all caught up", pulse=pulse)
        silence, found = listening(), []
        for second in range(60):
            if second == 20:
                clock.step_wall(seconds)
            if second < 40:
                await heart.pulse_once()
            await clock.sleep(1.0)
            found.append(silence.look(pulse.mark, clock.monotonic()))
        return found

    found = run_virtual(live)
    assert set(found[:40]) == {Verdict.HEARD}
    assert found[44] is Verdict.TELL

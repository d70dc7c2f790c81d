"""The runner under virtual time: lanes, deadlines, retries, quiet runs, and how it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest

from bowerbird.clock import SeededChance, VirtualClock, run_virtual
from bowerbird.core.books import Batch, Committed, Lost
from bowerbird.core.errors import StorageFull, Unreachable
from bowerbird.core.work import Outcome, Run
from bowerbird.jobs.runner import GRACE_S, Runner, Work
from bowerbird.jobs.table import JOBS, LANES, Job, with_periods
from bowerbird.settings import KNOBS
from bowerbird.storage.memory import MemoryBooks, MemoryStorage


def job(name: str = "work", **changes: Any) -> Job:
    """A job of the connecting lane, which has one seat, every ten seconds."""
    plain: dict[str, Any] = {"every_s": 10.0, "lane": "connecting", "timeout_s": 30.0, "why": "A test needs it."}
    return Job(name=name, **{**plain, **changes})


class Engine:
    """A runner, what it wrote down, and a clock."""

    def __init__(
        self, clock: VirtualClock, jobs: list[Job], work: Mapping[str, Work], books: MemoryStorage | None = None
    ) -> None:
        self.clock, self.books = clock, books or MemoryStorage(MemoryBooks())
        self.runner = Runner(jobs, work, self.books, clock, SeededChance(7), "boot-1")

    async def for_s(self, seconds: float) -> list[Run]:
        """Run for so long, stop, and return the runs that were written, oldest first."""
        asyncio.get_running_loop().call_later(seconds, self.runner.stop)
        await self.runner.run()
        return [*reversed(await self.books.runs(limit=1000))]


def play(story: Callable[[VirtualClock], Awaitable[None]]) -> None:
    """Live a story in virtual time."""

    async def main(clock: VirtualClock) -> None:
        await story(clock)

    run_virtual(main, seed=3)


def test_a_job_comes_back_at_once_while_there_is_work() -> None:
    """Twenty pieces are one run's turn; the twenty-first waits for the next."""
    done: list[float] = []

    async def story(clock: VirtualClock) -> None:
        async def work() -> bool:
            done.append(clock.now())
            return len(done) <= 25

        runs = await Engine(clock, [job()], {"work": work}).for_s(15)
        assert [run.units for run in runs] == [20, 5]
        assert (done[20] - done[19]) / 1e6 == 10.0

    play(story)


def test_jobs_of_one_lane_take_turns() -> None:
    """One seat: never two at once, and nobody is left out."""
    inside, most, turns = 0, 0, {"a": 0, "b": 0, "c": 0}

    def busy(clock: VirtualClock, name: str) -> Work:
        async def work() -> bool:
            nonlocal inside, most
            inside, turns[name] = inside + 1, turns[name] + 1
            most = max(most, inside)
            await clock.sleep(5)
            inside -= 1
            return False

        return work

    async def story(clock: VirtualClock) -> None:
        jobs = [job(name, every_s=1.0) for name in turns]
        await Engine(clock, jobs, {name: busy(clock, name) for name in turns}).for_s(60)

    play(story)
    assert most == 1
    assert min(turns.values()) >= 3


def test_a_due_post_does_not_wait_for_thinking() -> None:
    """Lanes are apart: what posts goes on while another lane is busy for a minute."""
    sent: list[float] = []

    async def story(clock: VirtualClock) -> None:
        async def think() -> bool:
            await clock.sleep(60)
            return False

        async def post() -> bool:
            sent.append(clock.monotonic())
            return False

        jobs = [job("plan", timeout_s=90), job("publish", lane="posting", every_s=0.5)]
        await Engine(clock, jobs, {"plan": think, "publish": post}).for_s(30)

    play(story)
    assert max(later - one for one, later in pairwise(sent)) <= 0.51


def test_a_run_that_hangs_is_cut_off() -> None:
    """The deadline ends it, the run says so, and the job lives on."""

    async def story(clock: VirtualClock) -> None:
        async def hang() -> bool:
            await asyncio.Event().wait()
            return False

        runs = await Engine(clock, [job(timeout_s=4)], {"work": hang}).for_s(30)
        assert [run.error for run in runs] == ["cut off after 4 s"] * len(runs)
        assert len(runs) >= 2

    play(story)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Unreachable("no route"), "Unreachable: no route"),
        (ZeroDivisionError("by zero"), "unforeseen ZeroDivisionError: by zero"),
    ],
)
def test_work_that_raises_becomes_a_failed_run_and_one_fact(error: Exception, words: str) -> None:
    """Whatever it was; the first failure of a row tells, and a success ends the row."""
    times = 0

    async def story(clock: VirtualClock) -> None:
        async def work() -> bool:
            nonlocal times
            times += 1
            if times in (1, 2, 4):
                raise error
            return False

        engine = Engine(clock, [job()], {"work": work})
        runs = await engine.for_s(38)
        assert [run.outcome for run in runs] == [Outcome.FAILED, Outcome.FAILED, Outcome.DONE, Outcome.FAILED]
        assert runs[0].error == words
        told = await engine.books.facts(kinds=["job_failed"])
        assert [fact.data["error"] for fact in told] == [words, words]

    play(story)


def test_a_failed_try_is_tried_again_inside_its_turn() -> None:
    """Two failures, then it works: one run, the third attempt, no fact."""
    tries: list[float] = []

    async def story(clock: VirtualClock) -> None:
        async def work() -> bool:
            tries.append(clock.monotonic())
            if len(tries) < 3:
                raise Unreachable
            return False

        engine = Engine(clock, [job(tries=3)], {"work": work})
        run = (await engine.for_s(8))[0]
        assert (run.outcome, run.attempt) == (Outcome.DONE, 3)
        assert not await engine.books.facts(kinds=["job_failed"])

    play(story)
    assert tries[1] - tries[0] <= 1.0
    assert tries[2] - tries[1] <= 2.0


def test_quiet_runs_are_written_once_a_minute() -> None:
    """A job that looks every second for nothing leaves few rows, and its pulse still says when it last looked."""

    async def story(clock: VirtualClock) -> None:
        async def nothing() -> bool:
            return False

        engine = Engine(clock, [job(every_s=1.0)], {"work": nothing})
        assert 3 <= len(await engine.for_s(200)) <= 5
        last_at = engine.runner.pulses["work"].last_at
        assert last_at is not None
        assert clock.now() - last_at <= 1_000_000

    play(story)


def test_a_job_that_keeps_failing_does_not_fill_the_books() -> None:
    """The first three failures are written one by one, then one a minute; the pulse counts them all."""

    async def story(clock: VirtualClock) -> None:
        async def fail() -> bool:
            raise Unreachable

        engine = Engine(clock, [job(every_s=1.0)], {"work": fail})
        assert 5 <= len(await engine.for_s(200)) <= 7
        assert engine.runner.pulses["work"].failures > 150

    play(story)


def test_a_stop_lets_running_work_end_and_begins_nothing_more() -> None:
    """The piece under way is finished; the pieces after it are left."""
    ended: list[float] = []

    async def story(clock: VirtualClock) -> None:
        async def work() -> bool:
            await clock.sleep(6)
            ended.append(clock.monotonic())
            return True

        await Engine(clock, [job(timeout_s=90)], {"work": work}).for_s(3)
        assert len(ended) == 1
        assert clock.monotonic() == ended[0]

    play(story)


def test_a_stop_does_not_wait_for_ever() -> None:
    """Work that does not end within the grace is cancelled."""

    async def story(clock: VirtualClock) -> None:
        async def hang() -> bool:
            await asyncio.Event().wait()
            return False

        await Engine(clock, [job(timeout_s=900)], {"work": hang}).for_s(2)
        assert clock.monotonic() == pytest.approx(2 + GRACE_S)

    play(story)


class FullBooks(MemoryStorage):
    """Books on a full disk."""

    async def record(self, batch: Batch) -> Committed | Lost:
        """Refuse."""
        raise StorageFull("the disk is full")


def test_a_run_that_cannot_be_written_does_not_end_the_job() -> None:
    """The book tells why."""
    times = 0

    async def story(clock: VirtualClock) -> None:
        async def work() -> bool:
            nonlocal times
            times += 1
            return False

        engine = Engine(clock, [job()], {"work": work}, FullBooks(MemoryBooks()))
        await engine.for_s(35)
        assert "the disk is full" in engine.runner.book.error

    play(story)
    assert times == 4


def test_a_job_whose_task_ends_is_started_again_and_told() -> None:
    """A job must never be silently gone."""
    done: list[float] = []

    async def story(clock: VirtualClock) -> None:
        async def work() -> bool:
            done.append(clock.monotonic())
            return False

        def kill(engine: Engine) -> None:
            engine.runner._tasks["work"].cancel()

        engine = Engine(clock, [job()], {"work": work})
        asyncio.get_running_loop().call_later(15, kill, engine)
        await engine.for_s(30)
        (told,) = await engine.books.facts(kinds=["job_overdue"])
        assert told.data["why"] == "its timer was cancelled"
        assert engine.runner.pulses["work"].revived == 1

    play(story)
    assert [round(at) for at in done] == [0, 10, 16, 26]


def test_a_cancellation_from_inside_the_work_is_a_failed_run_like_any_other() -> None:
    """A shared task that somebody else stopped must not take the engine with it."""

    async def story(clock: VirtualClock) -> None:
        async def cancelled() -> bool:
            raise asyncio.CancelledError

        runs = await Engine(clock, [job()], {"work": cancelled}).for_s(25)
        assert [run.error for run in runs] == ["cancelled from inside: what it waited for was stopped"] * 3

    play(story)


def test_a_slow_piece_is_not_cut_off_because_others_came_before_it() -> None:
    """Each piece has the whole time, and a run that lasted as long begins no further one."""

    async def story(clock: VirtualClock) -> None:
        async def work() -> bool:
            await clock.sleep(20)
            return True

        runs = await Engine(clock, [job(timeout_s=30)], {"work": work}).for_s(95)
        assert [(run.outcome, run.units) for run in runs] == [(Outcome.DONE, 2), (Outcome.DONE, 2)]

    play(story)


def test_a_run_that_fails_in_the_end_still_counts_what_it_did() -> None:
    """Two pieces were done before the third failed."""

    async def story(clock: VirtualClock) -> None:
        turns = iter([True, True])

        async def work() -> bool:
            if (more := next(turns, None)) is None:
                raise Unreachable("no route")
            return more

        runs = await Engine(clock, [job()], {"work": work}).for_s(5)
        assert [(run.outcome, run.units) for run in runs] == [(Outcome.FAILED, 2)]

    play(story)


def test_a_timeout_of_the_work_itself_is_not_told_as_ours() -> None:
    """Nobody looks for a deadline that did not pass."""

    async def story(clock: VirtualClock) -> None:
        async def work() -> bool:
            raise TimeoutError("the socket")

        runs = await Engine(clock, [job()], {"work": work}).for_s(5)
        assert [run.error for run in runs] == ["unforeseen TimeoutError: the socket"]

    play(story)


class ShutBooks(MemoryStorage):
    """Books that cannot be written for the first minute."""

    clock: VirtualClock

    async def record(self, batch: Batch) -> Committed | Lost:
        """Refuse at first."""
        if self.clock.monotonic() < 60:
            raise StorageFull("the disk is full")
        return await super().record(batch)


def test_a_failure_that_could_not_be_told_is_told_when_the_books_open_again() -> None:
    """The first failure of a row is a fact, also where the books were what failed."""

    async def story(clock: VirtualClock) -> None:
        async def work() -> bool:
            if clock.monotonic() < 60:
                raise StorageFull("the disk is full")
            return False

        shut = ShutBooks(MemoryBooks())
        shut.clock = clock
        engine = Engine(clock, [job()], {"work": work}, shut)
        await engine.for_s(90)
        told = await shut.facts(kinds=["job_failed"])
        assert [fact.data["error"] for fact in told] == ["StorageFull: the disk is full"]

    play(story)


def test_a_job_that_fails_every_other_time_does_not_fill_the_books() -> None:
    """Ten lines a minute are enough to see it."""

    async def story(clock: VirtualClock) -> None:
        times = 0

        async def work() -> bool:
            nonlocal times
            times += 1
            if times % 2:
                raise Unreachable("no route")
            return False

        engine = Engine(clock, [job(every_s=0.5)], {"work": work})
        runs = await engine.for_s(300)
        assert times > 500
        assert len(runs) <= 60
        assert len(await engine.books.facts(kinds=["job_failed"], limit=1000)) <= 30

    play(story)


def test_every_job_needs_its_work() -> None:
    """A row without a callable is noticed at the start, not when it is due."""
    with pytest.raises(ValueError, match="no work is bound to other"):
        Engine(VirtualClock(), [job("other")], {})


def test_the_table_is_sound() -> None:
    """Every lane has seats, every need is a job, and a job can be given another period by its name alone."""
    names = [row.name for row in JOBS]
    assert len(set(names)) == len(names)
    assert {row.lane for row in JOBS} == set(LANES)
    assert [row.name for row in JOBS if row.lane == "desk"] == ["obey"]
    assert {need for row in JOBS for need in row.needs} <= set(names)
    assert {row.name: row.every_s for row in with_periods({"plan": 1.5})}["plan"] == 1.5
    with pytest.raises(KeyError, match="paln"):
        with_periods({"paln": 1.0})


def test_no_attempt_is_cut_off_by_its_job() -> None:
    """Whatever is set, an attempt gives up by itself before the job would end it in the middle of a message."""
    longest = next(knob.most for knob in KNOBS if knob.name == "posting.attempt_s")
    publish = next(row for row in JOBS if row.name == "publish")
    assert longest is not None
    assert longest < publish.timeout_s


def test_a_job_rests_as_long_as_it_is_told_or_until_somebody_rings() -> None:
    """Who knows when there is something to do lets it sleep; a bell wakes it, also one that rings while it works."""
    at: list[float] = []

    async def story(clock: VirtualClock) -> None:
        async def work() -> bool:
            at.append(clock.monotonic())
            if len(at) == 3:
                engine.runner.ring("work")
            return False

        engine = Engine(clock, [job()], {"work": work})
        engine.runner.rest_s = lambda row: 100 * row.every_s
        asyncio.get_running_loop().call_later(500, engine.runner.ring, "work")
        await engine.for_s(3_000)

    play(story)
    assert [round(seconds) for seconds in at[1:]] == [500, 1_500, 1_500, 2_500]

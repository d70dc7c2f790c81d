"""The supervisor: whatever happens to a monitor, it is counted, told and back within a second."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable

import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.errors import StorageBusy
from bowerbird.core.facts import Fact
from bowerbird.jobs.monitors import AGAIN_S, FIRST_DEATHS, GivenUpError, Monitor, Supervisor
from bowerbird.resilience import failpoints
from bowerbird.resilience.failpoints import Failpoints
from tests.jobs.yard import play


class Ward:
    """One monitor under supervision, and what was told of it."""

    def __init__(
        self, clock: VirtualClock, step: Callable[[], Awaitable[object]], *, needed: bool = False, **changes: float
    ) -> None:
        self.rounds: list[float] = []
        self.facts: list[Fact] = []
        self.shut_until = 0.0
        self.clock = clock

        async def round_() -> None:
            self.rounds.append(clock.monotonic())
            await step()

        monitor = Monitor(name="heart", step=round_, every_s=changes.get("every_s", 2.0), needed=needed)
        self.supervisor = Supervisor([monitor], clock, self.tell)

    async def tell(self, fact: Fact) -> None:
        """Write a fact, once the books are open."""
        if self.clock.monotonic() < self.shut_until:
            raise StorageBusy("locked")
        self.facts.append(fact)

    async def for_s(self, seconds: float) -> None:
        """Supervise for so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.supervisor.run()


async def well() -> None:
    """Do nothing wrong."""


def once(trouble: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
    """Go wrong the first time."""
    left = [trouble]

    async def step() -> None:
        if left:
            await left.pop()()

    return step


async def raises() -> None:
    """Die of something unforeseen."""
    raise ZeroDivisionError("by zero")


async def hangs() -> None:
    """Never come round."""
    await asyncio.Event().wait()


async def is_cancelled() -> None:
    """Be stopped from inside."""
    raise asyncio.CancelledError


@pytest.mark.proves("1.3")
@pytest.mark.parametrize(
    ("trouble", "words", "noticed_s"),
    [
        (raises, "DiedError: unforeseen ZeroDivisionError: by zero", 0.6),
        (hangs, "DiedError: cut off after 3 s", 3.6),
        (is_cancelled, "DiedError: cancelled from inside: what it waited for was stopped", 0.6),
    ],
)
def test_a_monitor_that_dies_is_counted_told_and_back_within_two_seconds(
    trouble: Callable[[], Awaitable[object]], words: str, noticed_s: float
) -> None:
    """Noticed within 5 s, whatever killed it."""

    async def story(clock: VirtualClock) -> None:
        ward = Ward(clock, once(trouble))
        await ward.for_s(10)
        died, started = ward.facts
        assert (died.kind, died.data["error"], died.data["deaths"]) == ("monitor_died", words, 1)
        assert started.kind == "monitor_started"
        assert 0 < started.at - died.at <= 1_100_000
        assert ward.rounds[1] <= noticed_s + 1.1
        assert ward.supervisor.vitals["heart"].deaths == 1

    play(story)


@pytest.mark.proves("1.3")
def test_a_monitor_whose_task_is_gone_is_started_again() -> None:
    """Somebody cancelled it from outside."""

    async def story(clock: VirtualClock) -> None:
        ward = Ward(clock, well)

        def kill() -> None:
            task = ward.supervisor.vitals["heart"].task
            assert task is not None
            task.cancel()

        asyncio.get_running_loop().call_later(3.1, kill)
        await ward.for_s(6)
        assert [fact.data["error"] for fact in ward.facts if fact.kind == "monitor_died"] == ["it was cancelled"]
        assert [at for at in ward.rounds if 3.1 < at < 4.7]

    play(story)


def test_a_monitor_that_dies_again_and_again_is_started_at_growing_distances() -> None:
    """Half a second at first, five at last: it is never given up, and never a storm."""

    async def story(clock: VirtualClock) -> None:
        ward = Ward(clock, raises)
        await ward.for_s(60)
        gaps = [later - one for one, later in zip(ward.rounds, ward.rounds[1:], strict=False)]
        assert gaps[0] <= AGAIN_S[0] + 1
        assert AGAIN_S[-1] <= gaps[-1] <= AGAIN_S[-1] + 1

    play(story)


def test_a_step_that_fails_in_our_own_words_is_no_death() -> None:
    """Books that are shut are somebody else's trouble; the monitor is alive, and comes round."""

    async def shut() -> None:
        raise StorageBusy("locked")

    async def story(clock: VirtualClock) -> None:
        ward = Ward(clock, shut)
        await ward.for_s(10)
        vital = ward.supervisor.vitals["heart"]
        assert (vital.deaths, vital.error) == (0, "StorageBusy: locked")
        assert len(ward.rounds) == 5

    play(story)


def test_a_death_that_cannot_be_told_is_told_when_the_books_open() -> None:
    """And nobody waits for the telling."""

    async def story(clock: VirtualClock) -> None:
        ward = Ward(clock, once(raises))
        ward.shut_until = 20
        await ward.for_s(30)
        assert [fact.kind for fact in ward.facts] == ["monitor_died", "monitor_started"]
        assert len(ward.rounds) >= 13

    play(story)


def test_samples_tell_deaths_and_silence() -> None:
    """The numbers that the alerts read."""

    async def story(clock: VirtualClock) -> None:
        ward = Ward(clock, once(raises))
        await ward.for_s(9)
        values = {sample.name: sample.value for sample in ward.supervisor.samples()}
        assert values["bowerbird_monitor_deaths_total"] == 1
        assert 0 <= values["bowerbird_monitor_silence_seconds"] <= 2.5

    play(story)


def test_a_drill_can_kill_a_monitor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its failpoint is passed in each round."""
    monkeypatch.setattr(failpoints, "armed", Failpoints("monitor.heart=raise*1"))

    async def story(clock: VirtualClock) -> None:
        ward = Ward(clock, well)
        await ward.for_s(5)
        assert "Broken" in ward.facts[0].data["error"]

    play(story)


def test_a_loop_that_stands_still_is_no_death_of_a_monitor() -> None:
    """Everybody was silent, the supervisor too; whoever measures the loop tells that."""

    async def story(clock: VirtualClock) -> None:
        ward = Ward(clock, lambda: clock.sleep(0.2))
        for at in (3.1, 7.05):
            asyncio.get_running_loop().call_later(at, clock.advance, 30)
        await ward.for_s(100)
        assert ward.facts == []

    play(story)


def test_a_supervisor_that_dies_itself_says_so() -> None:
    """Its own defect comes out of `run`, and the engine ends with it: the guardian starts everything again."""

    class Stopped(VirtualClock):
        async def sleep(self, seconds: float) -> None:
            raise RuntimeError("the clock is broken")

    async def story(clock: VirtualClock) -> None:
        ward = Ward(clock, well)
        ward.supervisor.clock = Stopped()
        with pytest.raises(RuntimeError, match="the clock is broken"):
            await ward.supervisor.run()

    play(story)


@pytest.mark.proves("1.3")
@pytest.mark.parametrize("trouble", [raises, hangs, is_cancelled])
def test_a_needed_monitor_that_never_comes_round_ends_the_engine(trouble: Callable[[], Awaitable[object]]) -> None:
    """Whoever judges cannot tell that nobody judges: the guardian, outside, tells that the engine ended."""

    async def story(clock: VirtualClock) -> None:
        ward = Ward(clock, trouble, needed=True)
        with pytest.raises(GivenUpError, match="the monitor heart died 3 times in its first round"):
            await ward.for_s(60)
        assert len(ward.rounds) == FIRST_DEATHS
        assert clock.monotonic() < 15

    play(story)


@pytest.mark.parametrize("trouble", [None, StorageBusy("locked")])
def test_a_needed_monitor_that_comes_round_in_between_is_started_again(trouble: Exception | None) -> None:
    """One round that is over, also one that failed in our own words, and the deaths are counted anew."""
    steps = itertools.cycle([ZeroDivisionError("by zero"), ZeroDivisionError("by zero"), trouble])

    async def step() -> None:
        if error := next(steps):
            raise error

    async def story(clock: VirtualClock) -> None:
        ward = Ward(clock, step, needed=True)
        await ward.for_s(100)
        assert ward.supervisor.vitals["heart"].deaths > 2 * FIRST_DEATHS

    play(story)


def test_a_bell_begins_the_next_round_at_once() -> None:
    """And once: after it the round comes at its time."""

    async def story(clock: VirtualClock) -> None:
        bell, rounds = asyncio.Event(), list[float]()

        async def step() -> None:
            rounds.append(clock.monotonic())

        monitor = Monitor(name="heart", step=step, every_s=2.0, bell=bell)
        supervisor = Supervisor([monitor], clock, lambda fact: clock.sleep(0))
        asyncio.get_running_loop().call_later(0.5, bell.set)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3.0):
                await supervisor.run()
        assert [round(at - rounds[0], 1) for at in rounds] == [0.0, 0.5, 2.5]

    play(story)

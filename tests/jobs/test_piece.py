"""One piece of work: its deadline holds, is known to all below, and is told in the right words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.errors import Unreachable
from bowerbird.jobs.piece import LET_GO_S, Ended, carry_out
from bowerbird.resilience.deadline import left_s, within
from tests.jobs.yard import hang, play


def ended(act: Callable[[], Awaitable[object]], timeout_s: float = 5.0) -> tuple[Ended[object], float]:
    """How a piece ends, and after how many seconds."""
    found: list[tuple[Ended[object], float]] = []

    async def story(clock: VirtualClock) -> None:
        found.append((await carry_out(act, timeout_s=timeout_s, name="piece"), clock.monotonic()))

    play(story)
    return found[0]


async def answers() -> str:
    """Do something."""
    return "done"


async def fails() -> str:
    """Fail in our own words."""
    raise Unreachable("no route")


async def breaks() -> str:
    """Fail as nobody foresaw."""
    raise KeyError("shelf")


async def clings() -> str:
    """Swallow the first cancellation, and end after it all the same."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.sleep(1)
    return "late, but done"


@pytest.mark.parametrize(
    ("act", "expected", "after_s"),
    [
        (answers, Ended(answer="done"), 0),
        (hang, Ended(error="cut off after 5 s", cut_off=True), 5),
        (clings, Ended(answer="late, but done"), 6),
    ],
)
def test_how_a_piece_ends(act: Callable[[], Awaitable[object]], expected: Ended[object], after_s: float) -> None:
    """Its answer counts, also one that comes while it is being cut off."""
    assert ended(act) == (expected, after_s)


@pytest.mark.parametrize(
    ("act", "words", "foreseen"),
    [(fails, "Unreachable: no route", True), (breaks, "unforeseen KeyError: 'shelf'", False)],
)
def test_what_a_piece_raises_is_told_in_words(
    act: Callable[[], Awaitable[object]], words: str, *, foreseen: bool
) -> None:
    """And whether it was one of ours."""
    how, _ = ended(act)
    assert (how.error, how.foreseen) == (words, foreseen)


def test_everything_below_knows_how_long_it_has() -> None:
    """Whoever asks for a deadline finds the tighter one: its own, or that of the piece."""

    async def look() -> tuple[float, float]:
        async with within(60):
            outer = left_s()
        async with within(1):
            return outer, left_s()

    how, _ = ended(look)
    assert how.answer == (5.0, 1.0)


def test_whoever_is_cancelled_while_waiting_takes_the_piece_along() -> None:
    """Within a bound, whatever the piece does."""
    gone: list[float] = []

    async def story(clock: VirtualClock) -> None:
        waiting = asyncio.create_task(carry_out(clings, timeout_s=60, name="piece"))
        await clock.sleep(2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gone.append(clock.monotonic())

    play(story)
    assert 2 < gone[0] <= 2 + LET_GO_S


def test_a_loop_that_stood_still_cuts_nobody_off_who_is_ready() -> None:
    """The deadline and the answer come in the same moment: the answer counts."""

    async def story(clock: VirtualClock) -> None:
        async def step() -> str:
            await clock.sleep(2)
            for _ in range(5):  # a few more turns of the loop, such as an answer takes on its way
                await asyncio.sleep(0)
            return "done"

        asyncio.get_running_loop().call_later(1, clock.advance, 20)
        assert (await carry_out(step, timeout_s=3, name="piece")).answer == "done"

    play(story)

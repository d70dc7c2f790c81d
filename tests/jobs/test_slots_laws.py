"""The law of slots: whatever is done to the clocks and the loop, a job neither stops nor bursts."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bowerbird.clock import VirtualClock
from bowerbird.core.work import Outcome
from tests.jobs.yard import Yard, job, looking, play

PERIOD_S, LIVED_S = 10.0, 400.0
TROUBLE = st.tuples(
    st.sampled_from(["suspend", "advance", "step_wall"]), st.integers(5, 300), st.floats(-7_200, 90_000)
)


@pytest.mark.proves("2.2")
@settings(deadline=None, max_examples=25, derandomize=True)
@given(st.lists(TROUBLE, max_size=4))
def test_a_job_neither_stops_nor_bursts(troubles: list[tuple[str, int, float]]) -> None:
    """Between any two runs lies no more than a period of awake time and the look that makes it up, and no slot of the
    time since boot is counted twice. (Slots that pass while the job is at work belong to that run.)
    """
    seen: list[float] = []

    async def story(clock: VirtualClock) -> None:
        yard = Yard(clock, [job(every_s=PERIOD_S)], {"work": looking(clock, seen)})
        blocked_s = 0.0
        for kind, at, amount in troubles:
            seconds = amount if kind == "step_wall" else min(abs(amount), 100.0 if kind == "advance" else 90_000)
            blocked_s += seconds if kind == "advance" else 0.0
            yard.after(at, partial(getattr(clock, kind), seconds))
        await yard.for_s(LIVED_S + blocked_s)
        ended = yard.runner.pulses["work"].ended
        slots = (clock.boottime()) / PERIOD_S
        assert ended[Outcome.DONE] + ended[Outcome.SKIPPED] <= slots + 2 + 2 * len(troubles)
        assert ended[Outcome.DONE] <= clock.monotonic() / PERIOD_S + 2 + len(troubles)

    play(story)
    stood = 100.0 * len(troubles)
    assert all(later - one <= PERIOD_S + 2 + stood for one, later in pairwise(seen))

"""One post's life, with a crash at every point of it: before and after every port call, until none is left."""

from __future__ import annotations

from itertools import count

import pytest

from bowerbird.core.lifecycle import State
from bowerbird.simulation.cast import KEYED_AN_HOUR, KEYED_FOR_EVER, KEYLESS, Memory
from bowerbird.simulation.endings import Ending
from bowerbird.simulation.faults import Fate
from bowerbird.simulation.judge import judge
from bowerbird.simulation.plots import one_life
from bowerbird.simulation.worlds import run_plot

FATES = {
    "nothing": None,
    "answer dropped": Fate("answer_dropped"),
    "timeout before accept": Fate("timeout_before_accept", 600.0),
    "shown late": Fate("late_appearance", 0.95),
    "slow": Fate("slow", 100.0),
    "unreachable": Fate("unreachable"),
    "rate limited": Fate("rate_limited", 30.0),
    "signed out": Fate("signed_out", 100.0),
    "unforeseen": Fate("unforeseen_after"),
    "cancelled": Fate("cancelled", 0.1),
}


def endings(memory: Memory, fate: Fate | None) -> list[Ending]:
    """The ending for a crash at the first point, the second, and so on, until nobody dies any more."""
    ended: list[Ending] = []
    for crash_at in count(1):
        ended.append(run_plot(one_life(memory, fate=fate, crash_at=crash_at)))
        if not ended[-1].crashes:
            break
    return ended


@pytest.mark.parametrize("memory", [KEYLESS, KEYED_AN_HOUR, KEYED_FOR_EVER], ids=lambda memory: memory.name)
@pytest.mark.parametrize("fate", FATES)
def test_a_crash_at_any_point_loses_and_doubles_nothing(memory: Memory, fate: str) -> None:
    """Wherever the worker dies, the post arrives exactly once and the books know it."""
    ended = endings(memory, FATES[fate])
    assert len(ended) > 50
    for crash_at, ending in enumerate(ended, 1):
        assert not judge(ending), (crash_at, ending.crashes, judge(ending))
        assert [post.state for post in ending.posts.values()] == [State.PUBLISHED]


def test_the_crash_points_of_a_life_are_all_on_its_way() -> None:
    """The enumeration dies before and after each of the calls that a doubtful post's life is made of."""
    died = {point for ending in endings(KEYLESS, FATES["answer dropped"]) for point in ending.crashes}
    calls = ("storage.claim_post", "storage.record", "platform.prepare", "platform.publish", "platform.resolve")
    assert {f"{call}:{side}" for call in calls for side in ("before", "after")} <= died


def test_a_dead_process_writes_nothing_more() -> None:
    """After its death no fact bears the name of the worker that died."""
    for ending in endings(KEYLESS, FATES["slow"]):
        for event in ending.events:
            if event.what.startswith("dies"):
                late = [fact for fact in ending.facts if fact.by == event.who and fact.at > event.at]
                assert late == []

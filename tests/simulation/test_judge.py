"""The judge: every rule speaks when its promise is broken in an ending that was doctored to break it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import State
from bowerbird.core.post import RemoteRef
from bowerbird.simulation.cast import KEYLESS
from bowerbird.simulation.endings import Ending, Event
from bowerbird.simulation.faults import Fate
from bowerbird.simulation.judge import RULES, judge
from bowerbird.simulation.plots import one_life
from bowerbird.simulation.worlds import run_plot

HOUR = 3_600_000_000


@pytest.fixture(scope="module")
def sound() -> Ending:
    """A life in which a doubt was settled and nothing is wrong."""
    ending = run_plot(one_life(KEYLESS, fate=Fate("answer_dropped")))
    assert not judge(ending)
    return ending


def _twice(ending: Ending) -> Ending:
    arrivals = {account: [*found, replace(found[0], id="again")] for account, found in ending.arrivals.items()}
    return replace(ending, arrivals=arrivals)


def _state(ending: Ending, **changes: object) -> Ending:
    posts = {post_id: post.changed(**changes) for post_id, post in ending.posts.items()}
    return replace(ending, posts=posts)


def _limit(ending: Ending) -> Ending:
    arrivals = {
        account: [replace(found[0], post_id="one-00", at=found[0].at + n) for n in range(20)]
        for account, found in ending.arrivals.items()
    }
    return replace(ending, arrivals=arrivals)


def _held_back(ending: Ending) -> Ending:
    account_id = next(iter(ending.accounts))
    at = ending.ended_at + 2 * HOUR
    hold = Fact(kind="hold_set", at=at, by="posting", account_id=account_id, data={"hold": "budget"})
    return replace(ending, facts=[*ending.facts, hold])


def _overstay(ending: Ending) -> Ending:
    return replace(ending, history=[(at + n * HOUR, post) for n, (at, post) in enumerate(ending.history)])


def _step(ending: Ending) -> Ending:
    return replace(ending, history=[*ending.history, (ending.ended_at, ending.history[0][1])])


def _message(ending: Ending) -> Ending:
    sends = {account: [*sent, replace(sent[0], wire="other")] for account, sent in ending.sends.items()}
    return replace(ending, sends=sends)


def _withdrawn(ending: Ending) -> Ending:
    first = min(at for at, _ in ending.history)
    taken = Fact(kind="withdrawn", at=first, by="person", post_id="one-00")
    dropped = (first, ending.history[0][1].changed(state=State.DROPPED))
    return replace(ending, facts=[taken, *ending.facts], history=[dropped])


def _claimed(ending: Ending) -> Ending:
    (first, queued), *others = ending.history
    return replace(ending, history=[(first, replace(queued, withdrawn=True)), *others])


def _trouble(ending: Ending) -> Ending:
    return replace(ending, troubles=[Event(at=0, who="worker", what="KeyError: 'x'")])


def _order(ending: Ending) -> Ending:
    head = ending.posts["one-00"]
    part = replace(head, id="one-01", part=1, parts=2, remote=RemoteRef(id="keyless-2"))
    account, found = next(iter(ending.arrivals.items()))
    answer = replace(found[0], id="keyless-2", post_id="one-01", wire='{"reply": "somebody else"}')
    return replace(ending, posts={**ending.posts, "one-01": part}, arrivals={account: [*found, answer]})


DOCTORED: dict[str, Callable[[Ending], Ending]] = {
    "twice": _twice,
    "lost": lambda ending: _state(ending, state=State.DROPPED),
    "invented": lambda ending: replace(ending, arrivals={account: [] for account in ending.arrivals}),
    "restless": lambda ending: _state(ending, state=State.UNSURE),
    "limit": _limit,
    "held_back": _held_back,
    "order": _order,
    "overstay": _overstay,
    "step": _step,
    "message": _message,
    "withdrawn": _withdrawn,
    "claimed": _claimed,
    "trouble": _trouble,
}


@pytest.mark.parametrize("rule", DOCTORED)
def test_a_broken_promise_is_named(sound: Ending, rule: str) -> None:
    """The ending was spoiled in one way, and the judge names that way."""
    assert rule in {violation.rule for violation in judge(DOCTORED[rule](sound))}


def test_every_rule_is_shown_to_speak() -> None:
    """No rule is without a doctored ending above."""
    assert len(DOCTORED) == len(RULES)


def test_a_parked_post_without_its_fact_is_not_at_rest(sound: Ending) -> None:
    """Parked counts only if somebody was told."""
    rules = Counter(violation.rule for violation in judge(_state(sound, state=State.PARKED, remote=None)))
    assert rules["restless"] == 1
    assert rules["lost"] == 1

"""What should happen sometimes: each way back from trouble, by name, so that none goes untested unnoticed.

A promise that nothing ever goes wrong is easily kept where nothing ever happens. A campaign therefore counts
in how many worlds each recovery was reached.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import State
from bowerbird.simulation.endings import Ending

Lives = dict[str, list[Fact]]
"""The facts of each post, in order; those of no post are under the empty id."""


def recoveries(ending: Ending) -> set[str]:
    """Return the names of the recoveries that this world reached."""
    lives: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in ending.facts:
        lives[fact.post_id].append(fact)
    return {name for name, reached in SOMETIMES.items() if reached(ending, lives)}


def _in_order(*kinds: str) -> Callable[[Ending, Lives], bool]:
    """True if some post's facts contain these kinds one after the other, others in between."""

    def reached(ending: Ending, lives: Lives) -> bool:
        return any(_contains([fact.kind for fact in facts], kinds) for facts in lives.values())

    return reached


def _contains(told: list[str], kinds: tuple[str, ...]) -> bool:
    left = iter(told)
    return all(kind in left for kind in kinds)


def _because(kind: str, reason: str) -> Callable[[Ending, Lives], bool]:
    """True if some fact of this kind gives this reason."""

    def reached(ending: Ending, lives: Lives) -> bool:
        return any(fact.kind == kind and fact.data.get("reason") == reason for fact in ending.facts)

    return reached


def _limited_then_sent(ending: Ending, lives: Lives) -> bool:
    """An account's budget was used up, and later something of it was confirmed."""
    limited = {fact.account_id: fact.at for fact in ending.facts if fact.data.get("hold") == "budget"}
    return any(fact.kind == "confirmed" and fact.at > limited.get(fact.account_id, fact.at) for fact in ending.facts)


def _renewed(ending: Ending, lives: Lives) -> bool:
    return any(fact.kind == "hold_lifted" for fact in ending.facts)


def _answered_by_key(ending: Ending, lives: Lives) -> bool:
    return any(event.what == "answered by key" for event in ending.events)


def _withdrawn_in_flight(ending: Ending, lives: Lives) -> bool:
    return any(post.withdrawn for post in ending.posts.values())


def _published_although_withdrawn(ending: Ending, lives: Lives) -> bool:
    return any(post.withdrawn and post.state is State.PUBLISHED for post in ending.posts.values())


def _thread_complete(ending: Ending, lives: Lives) -> bool:
    last = [post for post in ending.posts.values() if post.parts > 1 and post.part == post.parts - 1]
    return any(post.state is State.PUBLISHED for post in last)


def _sent_as_edited(ending: Ending, lives: Lives) -> bool:
    return any(post.version > 1 and post.state is State.PUBLISHED for post in ending.posts.values())


SOMETIMES: dict[str, Callable[[Ending, Lives], bool]] = {
    "found_after_lost_touch": _in_order("lost_touch", "found"),
    "absent_then_resent": _in_order("absent", "confirmed"),
    "absent_twice": _in_order("absent", "absent"),
    "late_confirmation": _in_order("confirmed_late"),
    "looked_in_vain_then_found": _in_order("looked_in_vain", "found"),
    "parked_unknown": _because("parked", "unknown"),
    "parked_attempts": _because("parked", "attempts"),
    "settled_by_person": _in_order("parked", "settled_by_person"),
    "lease_lapsed": _because("lost_touch", "lapsed"),
    "postponed_then_sent": _in_order("postponed", "confirmed"),
    "unreached_then_sent": _in_order("unreached", "confirmed"),
    "held_then_sent": _in_order("held", "confirmed"),
    "session_renewed": _renewed,
    "limited_then_sent": _limited_then_sent,
    "missed": _in_order("missed"),
    "expired": _in_order("expired"),
    "thread_orphaned": _because("withdrawn", "orphaned"),
    "thread_complete": _thread_complete,
    "edited_then_sent": _sent_as_edited,
    "withdrawn_in_flight": _withdrawn_in_flight,
    "published_although_withdrawn": _published_although_withdrawn,
    "answered_by_key": _answered_by_key,
}
"""Each recovery by its name."""

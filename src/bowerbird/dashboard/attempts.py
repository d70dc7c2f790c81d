"""Every attempt to send a post, as its facts tell of it: who held the lease, when, and what came of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bowerbird.core.facts import Fact
from bowerbird.core.health import Light
from bowerbird.core.story import told


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One attempt to send a post.

    Args:
        owner: the boot id of the worker that held the lease.
        late_s: how long after its time it was claimed, seconds; None where that is not known.
        driver: the driver that was taken instead of the account's own, or empty.
        ended_at: when the worker wrote down how it went, None while nobody did (microseconds).
        looks: how often somebody looked in vain for what became of it.
        light, word, sentence: what came of it, as far as is known.
    """

    n: int
    owner: str
    began_at: int
    late_s: float | None = None
    driver: str = ""
    ended_at: int | None = None
    looks: int = 0
    light: Light = Light.AMBER
    word: str = "under way"
    sentence: str = "Nobody has written down yet what came of it."


ENDS: dict[str, tuple[Light, str]] = {
    "confirmed": (Light.GREEN, "confirmed"),
    "refused": (Light.RED, "refused"),
    "forbidden": (Light.RED, "forbidden"),
    "postponed": (Light.AMBER, "asked to wait"),
    "unreached": (Light.AMBER, "not reached"),
    "held": (Light.AMBER, "signed out"),
    "lost_touch": (Light.AMBER, "in doubt"),
}
"""Facts by which a worker, or the lapse of its lease, ends an attempt."""
SETTLES: dict[str, tuple[Light, str]] = {
    "confirmed_late": (Light.GREEN, "proved late"),
    "found": (Light.GREEN, "found there"),
    "absent": (Light.GREY, "not there"),
    "missed": (Light.GREY, "not there"),
    "withdrawn": (Light.GREY, "not there"),
    "parked": (Light.RED, "needs a person"),
    "settled_by_person": (Light.GREEN, "settled by a person"),
}
"""Facts that say afterwards what became of it."""


def attempts(facts: Sequence[Fact]) -> list[Attempt]:
    """Every attempt that the facts of a post tell of, in order: each begins with a claim."""
    found: list[Attempt] = []
    for fact in facts:
        if fact.kind == "claimed":
            late_s = fact.data.get("late_s")
            found.append(
                Attempt(
                    n=_whole(fact.data.get("attempt")) or len(found) + 1, owner=fact.by, began_at=fact.at,
                    late_s=late_s if isinstance(late_s, (int, float)) else None,
                )
            )  # fmt: skip
        elif found:
            _take(_meant(found, fact), fact)
    return found


def _meant(found: Sequence[Attempt], fact: Fact) -> Attempt:
    """The attempt that a fact is about: the one it names, or the last one."""
    n = _whole(fact.data.get("attempt"))
    return next((each for each in reversed(found) if each.n == n), found[-1])


def _take(attempt: Attempt, fact: Fact) -> None:
    """Let an attempt hear what happened next."""
    if fact.kind == "driver_chosen":
        attempt.driver = str(fact.data.get("driver", ""))
    elif fact.kind == "looked_in_vain":
        attempt.looks += 1
    elif fact.kind in ENDS or _settles(fact):
        attempt.light, attempt.word = (ENDS | SETTLES)[fact.kind]
        if fact.kind == "settled_by_person" and fact.data.get("verdict") != "there":
            attempt.light = Light.GREY
        attempt.sentence = told(fact).sentence
        attempt.ended_at = fact.at if attempt.ended_at is None else attempt.ended_at


def _settles(fact: Fact) -> bool:
    """Whether a fact says what became of an attempt: what a post ends by does so only after a look."""
    return fact.kind in SETTLES and (fact.kind not in {"missed", "withdrawn"} or "absences" in fact.data)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None

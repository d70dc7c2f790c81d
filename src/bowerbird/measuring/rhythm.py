"""When to look at a post: a ladder of ages, one reading for each rung.

A post's first hours hold most of what happens to it (half of the engagement of a week within two and a half hours,
measured on cascades), so the rungs are close at first and far apart later. Whoever was asleep takes the reading of
the highest rung that has passed, once, and does not make up for the others.
"""

from __future__ import annotations

from bisect import bisect_right

from bowerbird.core.post import SECOND_US

MINUTE_S = 60.0
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S

LADDER: tuple[float, ...] = (
    MINUTE_S, 5 * MINUTE_S, 15 * MINUTE_S, HOUR_S, 3 * HOUR_S, 6 * HOUR_S, 12 * HOUR_S, DAY_S, 2 * DAY_S, 7 * DAY_S,
)  # fmt: skip
"""Ages in seconds, rising."""

RETRY_MIN_S = 15.0
"""First wait after a look that failed, unless the ladder itself begins earlier."""
RETRY_MAX_S = 30 * MINUTE_S
"""Longest wait between two tries."""


def age_s(published_at: int, now: int) -> float:
    """How old a post is, in seconds; never negative, also when the clock was set back."""
    return max(0, now - published_at) / SECOND_US


def rung_at(ladder: tuple[float, ...], age: float) -> int | None:
    """The highest rung whose age has passed; None before the first."""
    passed = bisect_right(ladder, age)
    return passed - 1 if passed else None


def next_look(ladder: tuple[float, ...], published_at: int, age: float) -> int | None:
    """The instant of the first rung above this age, microseconds; None when the ladder ends."""
    above = bisect_right(ladder, age)
    return published_at + int(ladder[above] * SECOND_US) if above < len(ladder) else None


def next_try(ladder: tuple[float, ...], published_at: int, now: int) -> int:
    """The instant at which to try again after a look that failed, microseconds.

    The wait is as long as the reading is late already, so waits double without anybody counting them; it is at least
    `RETRY_MIN_S` (less where the first rung is earlier than that) and at most `RETRY_MAX_S`.
    """
    age = age_s(published_at, now)
    rung = rung_at(ladder, age)
    late_s = age - ladder[rung] if rung is not None else 0.0
    wait_s = min(max(late_s, min(RETRY_MIN_S, ladder[0])), RETRY_MAX_S)
    return now + int(wait_s * SECOND_US)

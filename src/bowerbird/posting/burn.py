"""How fast the error budget of posting burns: pure functions over how posts ended.

The goal is that 95 in 100 posts are confirmed within their time. A burn rate of 1 uses up exactly the 5 that may
fail; 14.4 over an hour and over its last 5 minutes uses up two days' allowance in an hour, 6 over six hours and over
their last 30 minutes a quarter of it (the multi-window rule of the SRE workbook, chapter 5).

We post 10 to 50 times a day, where one failure is already a large share. So a long window says nothing before it
holds `COUNT_MIN` posts; and whatever the share is, three different posts in a row that failed are enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bowerbird.core.post import SECOND_US

GOAL = 0.95
"""The share of posts that is confirmed within its time."""
COUNT_MIN = 5
"""Fewer posts than this in a long window make no rate."""
IN_A_ROW = 3
"""So many posts that failed one after the other burn everything, however many went well before."""
PAIRS = (("1h", 3_600.0, "5m", 300.0), ("6h", 21_600.0, "30m", 1_800.0))
"""Each long window with its short one, which lets the alert end soon after posting goes well again; seconds."""
LONGEST_S = 21_600.0


@dataclass(frozen=True, slots=True)
class End:
    """How one post ended, as far as is known: with all its attempts, it is judged by the last word.

    Args:
        at: when that was, UTC microseconds.
        good: it is on the platform.
    """

    at: int
    good: bool


def burn_rates(ends: Iterable[End], *, now: int) -> dict[str, float]:
    """Return the burn rate by window; a window that cannot be judged is left out."""
    known = sorted((end for end in ends if end.at <= now), key=lambda end: end.at)
    rates: dict[str, float] = {}
    for long, long_s, short, short_s in PAIRS:
        inside = _since(known, now, long_s)
        if _in_a_row(inside):
            rates |= {long: _rate(1.0), short: _rate(1.0)}
        elif len(inside) >= COUNT_MIN:
            rates[long] = _rate(_failed(inside))
            recent = _since(inside, now, short_s)
            rates |= {short: _rate(_failed(recent))} if recent else {}
    return rates


def _since(ends: Sequence[End], now: int, window_s: float) -> list[End]:
    return [end for end in ends if end.at > now - int(window_s * SECOND_US)]


def _in_a_row(ends: Sequence[End]) -> bool:
    last = ends[-IN_A_ROW:]
    return len(last) == IN_A_ROW and not any(end.good for end in last)


def _failed(ends: Sequence[End]) -> float:
    return sum(not end.good for end in ends) / len(ends)


def _rate(share: float) -> float:
    return share / (1 - GOAL)

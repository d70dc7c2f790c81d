"""What a reading says, as one number, and how far to trust it at its age.

* Where impressions are shown: y = log((E + 1) / (I + 50)), a rate with a prior of 2 % worth 50 impressions.
* Elsewhere: y = log(1 + E) - 0.7 log(followers); what 0.7 misses, the learner finds by the lever `FOLLOWERS`.

E is `Counts.engagement`. Raw counts are never learned from: in the same number of posts they found a third of the
differences that the log rate found. A young reading counts for less (its weight is the share of a post's engagement
that has arrived by then), and what age does to the number itself is learned by the lever `YOUTH`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from bowerbird.core.findings import Reading

FOLLOWERS = "~followers"
"""The lever that corrects the exponent of the followers."""
YOUTH = "~youth"
"""The lever that says what a young reading is still short of."""

DAY_S = 86_400.0
HORIZON_S = 7 * DAY_S
"""The age at which a reading is final, in seconds, unless a shorter ladder says otherwise."""
FOLLOWERS_POWER = 0.7
"""Engagement grows a little slower than the audience: the start value of the exponent."""
COUNT_MAX = 1e12
"""A larger number, or a negative one, is an adapter's mistake and nothing to learn from."""
IMPRESSIONS_PRIOR = 50.0
"""The impressions that the prior rate of 2 % is worth."""

# Median share of the engagement of seven days by age, in seconds: 100 retweet cascades from the TiDeH data; the
# first two points are extrapolated by the same power law.
_SHARES = (
    (10.0, 0.02),
    (60.0, 0.05),
    (300.0, 0.14),
    (1_200.0, 0.24),
    (3_600.0, 0.37),
    (7_200.0, 0.46),
    (21_600.0, 0.67),
    (43_200.0, 0.76),
    (86_400.0, 0.89),
    (172_800.0, 0.95),
    (604_800.0, 1.0),
)


class Kind(StrEnum):
    """Which number an account's learner learns; decided once by what its platform shows."""

    RATE = "engagement per impression"
    SIZE = "engagement for the number of followers"


@dataclass(frozen=True, slots=True)
class Label:
    """One reading as the learner takes it.

    Args:
        y: the number, on the log scale.
        weight: 0 to 1, how much of what will come has come.
        extras: levers that describe the reading rather than the choice, with their values.
        final: True if nothing more is expected.
    """

    y: float
    weight: float
    extras: tuple[tuple[str, float], ...]
    final: bool


def share(age_s: float, *, horizon_s: float = HORIZON_S) -> float:
    """The share of a post's engagement that has arrived at this age, 0 to 1; a shorter horizon is a faster world."""
    age = age_s * HORIZON_S / horizon_s
    if age <= _SHARES[0][0]:
        return _SHARES[0][1]
    for (young, low), (old, high) in pairwise(_SHARES):
        if age < old:
            return low + (high - low) * math.log(age / young) / math.log(old / young)
    return 1.0


def kind_of(readings: list[Reading]) -> Kind:
    """A rate if any of these readings has impressions."""
    return Kind.RATE if any(r.counts.impressions is not None for r in readings) else Kind.SIZE


def label(reading: Reading, kind: Kind, *, crowd: float = 0.0, horizon_s: float = HORIZON_S) -> Label | None:
    """Make the label of a reading; None if the numbers that this kind needs were not observed, or cannot be true.

    `crowd` is the log of the followers when the account was first measured: what an unknown number stands for.
    """
    engagement, impressions = reading.counts.engagement, reading.counts.impressions
    if engagement is None or not 0 <= engagement <= COUNT_MAX or not 0 <= (impressions or 0) <= COUNT_MAX:
        return None
    arrived = share(reading.age_s, horizon_s=horizon_s)
    youth = (YOUTH, -math.log(arrived))
    final = reading.age_s >= horizon_s
    if kind is Kind.RATE:
        if impressions is None:
            return None
        rate = math.log((engagement + 1) / (impressions + IMPRESSIONS_PRIOR))
        return Label(rate, arrived, (youth,), final)
    followers = crowd if reading.followers is None else math.log(max(reading.followers, 1))
    # Scaled up to what will have come, so that the lever of youth only has to learn what is left of the error.
    size = math.log1p(engagement / arrived) - FOLLOWERS_POWER * followers
    return Label(size, arrived, (youth, (FOLLOWERS, followers - crowd)), final)

"""What a reading says, as one number."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.core.findings import Counts, Reading
from bowerbird.learning.label import FOLLOWERS, HORIZON_S, Kind, kind_of, label, share


def reading(
    age_s: float = HORIZON_S,
    followers: int | None = None,
    impressions: int | None = None,
    likes: int | None = None,
) -> Reading:
    """A reading with these counts."""
    counts = Counts(impressions=impressions, likes=likes)
    return Reading(post_id="p", account_id="a", rung=0, age_s=age_s, observed_at=0, counts=counts, followers=followers)


def test_a_rate_is_shrunk_by_fifty_impressions() -> None:
    """One like among ten views is no rate of 10 %."""
    made = label(reading(impressions=10, likes=1), Kind.RATE)
    assert made is not None
    assert made.y == pytest.approx(math.log(2 / 60))
    assert made.final


def test_what_was_not_observed_is_no_zero() -> None:
    """A reading without impressions, or without any engagement, teaches nothing about the rate."""
    assert label(reading(likes=3), Kind.RATE) is None
    assert label(reading(impressions=100), Kind.RATE) is None
    assert label(reading(impressions=100), Kind.SIZE) is None


def test_without_impressions_the_audience_counts() -> None:
    """The same likes say less for an account with ten times the followers."""
    small, large = (label(reading(followers=n, likes=9), Kind.SIZE) for n in (100, 1_000))
    assert small is not None
    assert large is not None
    assert small.y - large.y == pytest.approx(0.7 * math.log(10))
    assert dict(large.extras)[FOLLOWERS] - dict(small.extras)[FOLLOWERS] == pytest.approx(math.log(10))


def test_one_reading_with_impressions_makes_it_a_rate() -> None:
    """The number is chosen by what the platform shows."""
    assert kind_of([reading(likes=1)]) is Kind.SIZE
    assert kind_of([reading(likes=1), reading(likes=1, impressions=5)]) is Kind.RATE


def test_share_grows_with_age_and_ends_at_one() -> None:
    """The weights of young readings: 37 % after an hour, 89 % after a day, as measured on cascades."""
    ages = [1.0, 10.0, 90.0, 600.0, 3_600.0, 86_400.0, HORIZON_S, 2 * HORIZON_S]
    shares = [share(age) for age in ages]
    assert shares == sorted(shares)
    assert shares[4:] == [pytest.approx(0.37), pytest.approx(0.89), 1.0, 1.0]
    assert share(60.0, horizon_s=60.0) == 1.0


COUNTS = st.one_of(st.none(), st.integers(-5, 10**30))


@given(
    age_s=st.floats(0, 1e12), likes=COUNTS, impressions=COUNTS, followers=st.one_of(st.none(), st.integers(0, 10**10)),
    kind=st.sampled_from(Kind),
)  # fmt: skip
def test_no_reading_can_poison_the_learner(
    age_s: float, likes: int | None, impressions: int | None, followers: int | None, kind: Kind
) -> None:
    """Whatever an adapter read, there is either no label or a finite one with a weight between 0 and 1."""
    made = label(reading(age_s, followers, impressions, likes), kind)
    if made is not None:
        assert math.isfinite(made.y)
        assert 0 < made.weight <= 1
        assert all(math.isfinite(value) for _, value in made.extras)

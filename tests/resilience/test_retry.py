"""Waits between tries: they grow, they are capped, and they are spread."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.resilience.retry import backoff_s


@given(attempt=st.integers(1, 10_000), base_s=st.floats(0.001, 10), max_s=st.floats(0.001, 1e6), seed=st.integers())
def test_no_wait_is_longer_than_its_cap(attempt: int, base_s: float, max_s: float, seed: int) -> None:
    """Whatever the number of the attempt, also one that would overflow."""
    wait_s = backoff_s(attempt, rng=random.Random(seed), base_s=base_s, max_s=max_s)
    assert 0 <= wait_s <= min(max_s, base_s * 2.0 ** min(attempt - 1, 60))


def test_waits_double_and_are_spread_over_the_whole_range() -> None:
    """Full jitter: on average half of the doubled base."""
    rng = random.Random(7)
    means = [sum(backoff_s(n, rng=rng, max_s=1e9) for _ in range(4000)) / 4000 for n in (1, 2, 3, 6)]
    assert means == pytest.approx([0.5, 1, 2, 16], rel=0.05)


@pytest.mark.parametrize("attempt", [0, -3])
def test_attempts_count_from_one(attempt: int) -> None:
    """Zero failures need no wait, so asking for it is a mistake."""
    with pytest.raises(ValueError, match="counts from 1"):
        backoff_s(attempt, rng=random.Random(1))

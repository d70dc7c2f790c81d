"""When posting burns its error budget, at the volumes that we have."""

from __future__ import annotations

import pytest

from bowerbird.core.post import SECOND_US
from bowerbird.posting.burn import End, burn_rates

NOW = 1_800_000_000 * SECOND_US


def ends(*told: tuple[float, bool]) -> list[End]:
    """Posts that ended so many seconds ago, well or not."""
    return [End(NOW - int(ago_s * SECOND_US), good) for ago_s, good in told]


def test_nothing_is_said_of_nothing() -> None:
    """Without posts there is no rate, and so no number."""
    assert burn_rates([], now=NOW) == {}


@pytest.mark.proves("4.G1")
def test_three_different_posts_in_a_row_burn_everything() -> None:
    """With ten posts a day no share would ever tell: three in a row do, whatever went well before."""
    well = [(3_000.0 + n, True) for n in range(50)]
    rates = burn_rates(ends(*well, (400, False), (380, False), (350, False)), now=NOW)
    assert rates == pytest.approx({"1h": 20, "5m": 20, "6h": 20, "30m": 20})


def test_two_failures_at_ten_posts_a_day_are_no_rate() -> None:
    """A long window says nothing before it holds five posts."""
    assert burn_rates(ends((400, False), (300, False)), now=NOW) == {}


@pytest.mark.proves("4.G1")
def test_a_rate_is_the_failed_share_over_the_share_that_may_fail() -> None:
    """One in five is four times what may fail; the short window knows only the last minutes."""
    told = [(600.0 + n, n > 0) for n in range(4)]
    rates = burn_rates(ends((60, True), *told), now=NOW)
    assert rates == pytest.approx({"1h": 4, "5m": 0, "6h": 4, "30m": 4})


def test_old_posts_do_not_count() -> None:
    """A window forgets; the longer one a while later."""
    told = [(3_700.0 + n, n > 0) for n in range(5)]
    assert burn_rates(ends(*told), now=NOW) == pytest.approx({"6h": 4})


def test_one_good_post_ends_a_row() -> None:
    """The last three have to have failed, one after the other."""
    rates = burn_rates(ends((400, False), (300, False), (200, True), (100, False), (50, False)), now=NOW)
    assert rates["1h"] == pytest.approx(16)

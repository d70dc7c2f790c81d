"""Limits in words: what the settings say of them, and what is told of each."""

import pytest

from bowerbird.core.account import Learned, Quota, Used
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.asked import SettingRow
from bowerbird.dashboard.limits import limit_row, money, plain, shared
from bowerbird.posting.pacing import REGAIN_S, quotas_for

from .house import START, WREN

HOST = Quota(scope="host", key="host:x", window_s=300, max=2.666, unit="requests")


def settings(**values: str) -> list[SettingRow]:
    """Settings as a page is given them; ``_`` stands for the dot."""
    return [SettingRow(name=name.replace("_", ".", 1), value=v, source="file", why="") for name, v in values.items()]


@pytest.mark.parametrize("value", ["0", "0.0", "none", "nan", ""])
def test_a_limit_that_is_not_set_is_none(value: str) -> None:
    """Whatever the settings show."""
    assert quotas_for(WREN, shared=shared(settings(posting_app_hour_max=value))) == quotas_for(WREN)


def test_limits_that_accounts_share_are_the_settings() -> None:
    """Each its own."""
    found = shared(settings(posting_app_hour_max="60", posting_host_hour_max="30"))
    assert (found.app_hour_max, found.host_hour_max) == (60, 30)


def test_a_used_share_is_told_without_a_tail() -> None:
    """Whole numbers as such, others with one decimal."""
    row = limit_row(Used(quota=HOST, used=6.0), None, START)
    assert (row.used, row.max, row.unit) == (6, 2.7, "requests to the server within 5 min")
    assert [plain(n) for n in (3.0, 2.666, 0.0042, float("inf"))] == [3, 2.7, 0.004, 0]
    assert plain(1.256, "dollars") == 1.26


def test_a_learned_limit_says_why_and_when_it_is_back() -> None:
    """Until it has risen all the way; then it is what is configured, and nothing is said."""
    learned = Learned(key="host:x", unit="requests", window_s=300, max=1, at=START, why="429: slow down", refusals=1)
    back_at = START + int(REGAIN_S * SECOND_US)
    row = limit_row(Used(quota=HOST, used=1.0), learned, START + SECOND_US, configured=3)
    assert (row.lowered, row.configured, row.back_at) == ("429: slow down", 3, back_at)
    row = limit_row(Used(quota=HOST, used=1.0), learned, back_at, configured=3)
    assert (row.lowered, row.back_at) == ("", None)


def test_a_limit_is_full_when_one_more_does_not_fit() -> None:
    """Not only when all of it is used."""
    assert [limit_row(Used(quota=HOST, used=n), None, START).full for n in (1.0, 1.666, 2.0)] == [False, False, True]
    assert limit_row(Used(quota=Quota(scope="host", key="k", window_s=1, max=0), used=0), None, START).share == 1.0


def test_money_is_the_budget_of_the_writer_that_is_asked() -> None:
    """In dollars where its prices are known, else in tokens; without a writer there is none."""
    caps = {"writer_url": "http://x/v1", "writer_model": "m", "writer_day_max": "2.5", "writer_tokens_day_max": "900"}
    in_tokens = money(settings(**caps))
    in_dollars = money(settings(**caps, writer_price_in="1", writer_price_out="2"))
    assert in_tokens is not None
    assert in_dollars is not None
    assert (in_tokens.key, in_tokens.unit, in_tokens.max) == ("writer:m", "tokens", 900)
    assert (in_dollars.unit, in_dollars.max, in_dollars.window_s) == ("dollars", 2.5, 86_400)
    assert money(settings(writer_model="m")) is None

"""How long a platform asks us to wait, and how much it takes."""

import pytest

from bowerbird.platforms.waits import policy, retry_at

NOW = 1_800_000_000_000_000


@pytest.mark.parametrize(
    ("asked", "wait_s"),
    [
        ("30", 30),
        (" 7 ", 7),
        ("0", 1),
        ("9999999999", 86_400),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 60),
        ("-5", 60),
        ("1.5", 60),
        ("²", 60),
        ("", 60),
        (None, 60),
    ],
)
def test_a_wait_is_in_the_future_and_within_a_day(asked: str | None, wait_s: int) -> None:
    """Seconds are believed up to a day; what is not a number of seconds counts as not said."""
    assert retry_at(NOW, asked, default_s=60) == NOW + wait_s * 1_000_000


@pytest.mark.proves("4.G5", "X9")
@pytest.mark.parametrize(
    ("headers", "limit", "window_s"),
    [
        ({"ratelimit-policy": "30;w=300"}, 30, 300),
        ({"ratelimit-policy": '"burst";q=5;w=60, "day";q=100;w=86400'}, 5, 60),
        ({"ratelimit-limit": "50", "ratelimit-policy": "50;w=3600"}, 50, 3600),
        ({"x-rate-limit-limit": "17"}, 17, None),
        ({"x-ratelimit-limit": "9, 9;w=60"}, 9, None),
        ({"ratelimit-limit": "many"}, None, None),
        ({"ratelimit-limit": "99999999999999"}, None, None),
        ({"ratelimit-policy": "30;w=0"}, 30, None),
        ({}, None, None),
    ],
)
def test_a_limit_is_read_where_it_is_said(headers: dict[str, str], limit: float | None, window_s: float | None) -> None:
    """In the headers of the draft, and in those that platforms had before; nonsense counts as not said."""
    assert policy(headers) == (limit, window_s)

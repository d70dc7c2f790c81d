"""How long a platform asks us to wait."""

import pytest

from bowerbird.platforms.waits import retry_at

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

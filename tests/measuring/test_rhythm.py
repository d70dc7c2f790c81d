"""When to look at a post."""

import pytest

from bowerbird.core.post import SECOND_US
from bowerbird.measuring.rhythm import LADDER, RETRY_MAX_S, age_s, next_look, next_try, rung_at

HOUR_S = 3_600.0


def test_the_ladder_rises() -> None:
    """Each rung is older than the one before, from a minute to a week."""
    assert list(LADDER) == sorted(set(LADDER))
    assert (LADDER[0], LADDER[-1]) == (60.0, 7 * 24 * HOUR_S)


def test_a_post_younger_than_the_first_rung_is_on_none() -> None:
    """59 seconds are not a minute, and a clock set back makes nobody older."""
    assert rung_at(LADDER, 59.9) is None
    assert rung_at(LADDER, 60.0) == 0
    assert age_s(10 * SECOND_US, 3 * SECOND_US) == 0.0


def test_whoever_was_asleep_reads_the_highest_rung_passed() -> None:
    """After two hours without a look there is one reading, for the rung of one hour; three hours comes next."""
    assert rung_at(LADDER, 2 * HOUR_S) == LADDER.index(HOUR_S)
    assert next_look(LADDER, 1_000, 2 * HOUR_S) == 1_000 + int(3 * HOUR_S) * SECOND_US


def test_the_ladder_ends() -> None:
    """After a week nobody looks any more."""
    assert next_look(LADDER, 0, LADDER[-1]) is None


def test_waits_double_while_looks_fail() -> None:
    """Nobody counts the failures: each wait is as long as the reading is late."""
    now, waits = int(HOUR_S) * SECOND_US, []
    for _ in range(12):
        again = next_try(LADDER[:4], 0, now)
        waits.append((again - now) / SECOND_US)
        now = again
    assert waits[:5] == [15.0, 15.0, 30.0, 60.0, 120.0]
    assert waits[-1] == RETRY_MAX_S


def test_a_short_ladder_retries_sooner() -> None:
    """A rehearsal whose first reading is due after two seconds does not wait fifteen."""
    assert next_try((2.0, 5.0), 0, 2 * SECOND_US) == 4 * SECOND_US


@pytest.mark.parametrize("age", [0.0, 60.0, 3_599.0, 90_000.0])
def test_the_next_look_is_always_ahead(age: float) -> None:
    """Whatever the age, the next look is later than now."""
    following = next_look(LADDER, 0, age)
    assert following is not None
    assert following > age * SECOND_US

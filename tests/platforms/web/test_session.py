"""How a session is told from signs, when it is expected to end, and when a site is left alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.core.post import SECOND_US
from bowerbird.platforms.web.session import (
    AGES_MAX,
    PROBE_S,
    WARN_LEAST_S,
    Session,
    State,
    cookies_end,
    digest,
    forecast,
)

HOUR_US = 3_600 * SECOND_US
DAY_S = 86_400.0


def test_nothing_seen_is_unknown_and_one_good_sign_is_valid() -> None:
    """It begins when it is first seen, where nobody knows better."""
    session = Session()
    assert session.state(0) is State.UNKNOWN
    session.good(5)
    assert session.state(5) is State.VALID
    assert session.born_at == 5


def test_three_bad_signs_are_an_end_and_good_ones_make_up_for_them() -> None:
    """A single hiccup asks nobody to sign in again."""
    session = Session()
    session.good(0)
    for sign in ("bad", "bad", "good", "bad"):
        session.good(1) if sign == "good" else session.bad(1, "hiccup")
    assert session.state(1) is State.VALID
    session.bad(2, "once more")
    assert session.state(2) is State.EXPIRED
    assert session.why == "once more"


def test_plain_words_need_no_points() -> None:
    """A page that says that nobody is signed in ends it at once; its age is remembered, once."""
    session = Session()
    session.good(0)
    session.end(10 * HOUR_US, "signed out")
    session.end(11 * HOUR_US, "signed out")
    assert session.ages_s == [36_000.0]
    session.good(12 * HOUR_US)
    assert (session.state(12 * HOUR_US), session.born_at, session.why) == (State.VALID, 12 * HOUR_US, "")


def test_a_lock_that_no_page_knows_of_is_opened_by_something_new_alone() -> None:
    """Not by a page that knows us, not by time, not by a restart; a person who signed in anew does."""
    session = Session()
    session.may_ask("old", 0.0)
    session.good(0)
    session.lock(1, "code 226", sealed=True)
    session.good(2)
    again = Session.recalled(session.kept())
    for one in (session, again):
        assert one.state(3) is State.LOCKED
        assert not one.may_ask("old", 10 * PROBE_S)
        assert one.may_ask("new", 10 * PROBE_S)
        one.good(4)
        assert one.state(5) is State.VALID


def test_a_locked_account_stays_locked_until_it_is_known_again() -> None:
    """Only a person can open it."""
    session = Session()
    session.good(0)
    session.lock(1, "prove that you are human")
    assert session.state(1) is State.LOCKED
    assert session.left_s(1) is None
    session.good(2)
    assert session.state(2) is State.VALID


def test_a_site_that_turned_us_away_is_left_alone_for_ten_minutes() -> None:
    """Unless there is something new to show it; then once, and the ten minutes begin again."""
    session = Session()
    session.good(0)
    assert session.may_ask("old", 0.0)
    session.end(1, "signed out")
    assert session.may_ask("old", 1.0)
    assert not session.may_ask("old", PROBE_S)
    assert session.may_ask("new", PROBE_S)
    assert not session.may_ask("new", 2 * PROBE_S - 1)
    assert session.may_ask("new", 2 * PROBE_S)


def test_a_session_that_is_as_old_as_others_grew_is_expiring() -> None:
    """In the last tenth of its age, and in its last hour at the least."""
    session = Session(ages_s=[10 * DAY_S] * 5)
    session.good(0)
    assert session.ends_at() == 10 * 24 * HOUR_US
    assert session.state(8 * 24 * HOUR_US) is State.VALID
    assert session.state(9 * 24 * HOUR_US + HOUR_US) is State.EXPIRING
    assert session.left_s(9 * 24 * HOUR_US) == DAY_S


def test_a_restart_forgets_nothing_that_matters() -> None:
    """When it began, how old others grew, and that it is over."""
    session = Session(ages_s=[5.0])
    session.good(7)
    session.end(8 * SECOND_US, "signed out")
    again = Session.recalled(session.kept())
    assert (again.born_at, again.ages_s, again.state(9)) == (7, session.ages_s, State.EXPIRED)
    again.end(9 * SECOND_US, "still")
    assert again.ages_s == session.ages_s


@pytest.mark.parametrize("kept", [None, "", "{", "[]", '{"ages_s": ["x"]}', '{"born_at": "soon"}'])
def test_what_cannot_be_read_is_a_session_of_which_nothing_is_known(kept: str | None) -> None:
    """A damaged row costs a forecast, and no more."""
    assert Session.recalled(kept).state(0) is State.UNKNOWN


@given(
    born=st.integers(0, 10**15),
    ages=st.lists(st.floats(1, 1e7), max_size=AGES_MAX),
    cookies=st.none() | st.integers(0, 10**16),
)
def test_a_forecast_is_never_later_than_its_cookies_or_than_the_oldest_that_was_measured(
    born: int, ages: list[float], cookies: int | None
) -> None:
    """And there is none where nothing is known; a session that was ended in its first hour tells nothing."""
    ends = forecast(born, ages, cookies)
    ages = [age for age in ages if age >= WARN_LEAST_S]
    assert (ends is None) == (not ages and cookies is None)
    if ends is not None:
        bounds = ([cookies] if cookies is not None else []) + ([born + int(max(ages) * SECOND_US)] if ages else [])
        assert ends <= min(bounds) if len(bounds) == 1 else ends <= max(bounds)
        assert cookies is None or ends <= cookies


def test_the_first_cookie_to_go_ends_the_session() -> None:
    """One that lives as long as the browser says nothing, and other cookies do not matter."""
    rows = [{"name": "auth_token", "expires": 20}, {"name": "ct0", "expires": 10}, {"name": "other", "expires": 5}]
    state = json.dumps({"cookies": rows})
    assert cookies_end(state, ("auth_token", "ct0")) == 10 * SECOND_US
    assert cookies_end(json.dumps({"cookies": [{"name": "auth_token", "expires": -1}]}), ("auth_token",)) is None
    assert cookies_end("?", ("auth_token",)) is None


def test_keys_are_told_apart_without_being_told() -> None:
    """None is not the empty text run together with its neighbour."""
    assert digest("a", None) != digest(None, "a")
    assert "secret" not in digest("secret")

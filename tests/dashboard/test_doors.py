"""Who may come in, by a clock that is moved by hand."""

import pytest

from bowerbird.clock import SeededChance, VirtualClock
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.doors import AGE_S, TRIES_MAX, WINDOW_S, Doors

PASSWORD = "open sesame"


@pytest.fixture
def doors() -> Doors:
    """Doors with a password, and a clock that stands still."""
    return Doors(PASSWORD, VirtualClock(), SeededChance(1))


def pass_s(doors: Doors, seconds: float) -> None:
    """Let time pass."""
    assert isinstance(doors.clock, VirtualClock)
    doors.clock.advance(seconds)


def session_of(doors: Doors, cookie: str | None) -> str:
    """The random name of a session that is known."""
    visitor = doors.known(cookie)
    assert visitor is not None
    return visitor.session


def test_the_right_password_opens_and_a_wrong_one_does_not(doors: Doors) -> None:
    """A session is a random name, signed."""
    cookie = doors.sign_in(PASSWORD)
    assert cookie is not None
    assert doors.known(cookie)
    assert doors.sign_in(PASSWORD + " ") is None


@pytest.mark.parametrize("cookie", [None, "", "made-up", "a.b.c", "ÿ", "\ud800"])
def test_a_cookie_that_is_not_ours_opens_nothing(doors: Doors, cookie: str | None) -> None:
    """Nothing, nonsense and what cannot be encoded."""
    assert doors.known(cookie) is None


def test_a_session_of_another_password_opens_nothing(doors: Doors) -> None:
    """Changing the password ends every session."""
    cookie = Doors("another", doors.clock, doors.chance).sign_in("another")
    assert doors.known(cookie) is None


def test_a_session_outlives_a_restart_and_ends_by_its_age(doors: Doors) -> None:
    """Seven days, by the clock that was handed in."""
    cookie = doors.sign_in(PASSWORD)
    again = Doors(PASSWORD, doors.clock, doors.chance)
    pass_s(doors, AGE_S - 10)
    assert again.known(cookie)
    pass_s(doors, 20)
    assert again.known(cookie) is None


def test_a_clock_that_is_set_back_turns_nobody_out(doors: Doors) -> None:
    """Whoever came in before may look now, when something is wrong with the clock; a form is good, too."""
    pass_s(doors, 3_600)
    cookie = doors.sign_in(PASSWORD)
    session = session_of(doors, cookie)
    token = doors.form_token(session)
    earlier = Doors(PASSWORD, VirtualClock(doors.clock.now() - 3_600 * SECOND_US), doors.chance)
    assert earlier.known(cookie)
    assert earlier.form_is_ours(session, token)
    long_ago = Doors(PASSWORD, VirtualClock(doors.clock.now() - int((AGE_S + 60) * SECOND_US)), doors.chance)
    assert long_ago.known(cookie) is None


def test_signing_out_ends_the_session_for_a_copied_cookie_too(doors: Doors) -> None:
    """The other session goes on."""
    one, two = doors.sign_in(PASSWORD), doors.sign_in(PASSWORD)
    doors.sign_out(session_of(doors, one))
    assert doors.known(one) is None
    assert doors.known(two)


def test_ten_wrong_passwords_shut_the_door_for_the_rest_of_the_window(doors: Doors) -> None:
    """It opens when the oldest of them is as old as the window."""
    for _ in range(TRIES_MAX):
        assert doors.shut_s() == 0
        doors.sign_in("wrong")
        pass_s(doors, 1)
    assert doors.shut_s() == pytest.approx(WINDOW_S - TRIES_MAX)
    pass_s(doors, WINDOW_S - TRIES_MAX + 0.1)
    assert doors.shut_s() == 0


def test_a_right_password_forgives_the_wrong_ones_before(doors: Doors) -> None:
    """Somebody who mistypes nine times a day is never shut out."""
    for _ in range(3):
        for _ in range(TRIES_MAX - 1):
            doors.sign_in("wrong")
        assert doors.sign_in(PASSWORD)
    assert doors.shut_s() == 0


def test_a_form_belongs_to_its_session_alone(doors: Doors) -> None:
    """A session's cookie is no form token, nor the other way round."""
    one, two = doors.sign_in(PASSWORD) or "", doors.sign_in(PASSWORD) or ""
    session = session_of(doors, one)
    token = doors.form_token(session)
    assert doors.form_is_ours(session, token)
    assert not doors.form_is_ours(session_of(doors, two), token)
    assert not doors.form_is_ours(session, one)
    assert doors.known(token) is None
    pass_s(doors, AGE_S + 1)
    assert not doors.form_is_ours(session, token)


def test_the_password_is_in_no_repr(doors: Doors) -> None:
    """Not even in a traceback that prints locals."""
    assert PASSWORD not in repr(doors)

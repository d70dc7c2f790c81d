"""The line before the seats: due posts first, nobody starves, and no wait is longer than is proved."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bowerbird.browsers import line
from bowerbird.browsers.line import CLASSES, DEPTH_MAX, FLOOR, Cls, Line, TurnedAway, bound_s
from bowerbird.simulation.schedules import Asks, Play, Tally, run_schedules

asks = st.builds(
    Asks,
    at=st.floats(0, 300),
    cls=st.sampled_from(CLASSES),
    key=st.sampled_from("abcde"),
    lasts_s=st.floats(0.01, 20),
    leaves_s=st.one_of(st.just(float("inf")), st.floats(0, 100)),
)


def turns(line_: Line, many: int) -> list[Cls]:
    """Let so many have a turn one after the other, each for a second."""
    had = []
    for second in range(many):
        turn = line_.call(now=float(second))
        assert turn is not None
        had.append(turn.cls)
        line_.done(turn, now=second + 1.0)
    return had


def crowd(line_: Line, cls: Cls, many: int, *, now: float = 0.0) -> None:
    """So many come at once, each for an account of its own."""
    for n in range(many):
        line_.admit(cls, f"{cls}{n}", now=now, wait_s=1e9)


@given(st.lists(asks, max_size=60), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_no_schedule_breaks_the_bound(schedule: list[Asks], seats: int) -> None:
    """Whoever comes when, for what, for whom and for how long."""
    tally = Tally()
    Play(seats, 20.0, "given", tally).run(schedule)
    assert tally.told == []


@pytest.mark.proves("5.2", "2.4")
def test_random_schedules_keep_the_bound_and_no_post_is_late() -> None:
    """A few hundred here; `bowerbird simulate --schedules 100000` plays them all."""
    report = run_schedules(300)
    assert report.ok, report.as_text()
    assert report.tally.nearest > 0.3  # or the bound would be too generous to say anything
    assert report.tally.posts > 200


@pytest.mark.parametrize(
    ("name", "value"), [("FLOOR", 10**9), ("URGENT", frozenset(CLASSES)), ("BEHIND_S", dict.fromkeys(CLASSES, 0.0))]
)
def test_the_schedules_notice_a_line_without_one_of_its_rules(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the floor somebody starves; without the seat kept for posts, or the ranks, posts are late."""
    monkeypatch.setattr(line, name, value)
    assert not run_schedules(300).ok


def test_posts_without_end_starve_nobody() -> None:
    """Of eight turns each class that waits has one."""
    one = Line(1)
    crowd(one, Cls.POST, DEPTH_MAX)
    crowd(one, Cls.HARVEST, 3)
    had = turns(one, 3 * FLOOR)
    assert had.count(Cls.HARVEST) == 3
    assert had[: FLOOR - 1] == [Cls.POST] * (FLOOR - 1)


def test_a_post_goes_before_what_came_minutes_earlier() -> None:
    """And the first of its own class before the second."""
    one = Line(1)
    crowd(one, Cls.HARVEST, 2)
    crowd(one, Cls.POST, 2, now=300.0)
    assert turns(one, 3) == [Cls.POST, Cls.POST, Cls.HARVEST]


def test_of_two_seats_one_is_kept_from_the_background() -> None:
    """So a post that is due never waits for it alone."""
    two = Line(2)
    crowd(two, Cls.METRICS, 3)
    assert two.call(now=0.0) is not None
    assert two.call(now=0.0) is None
    two.admit(Cls.POST, "robin", now=1.0, wait_s=1.0)
    turn = two.call(now=1.0)
    assert turn is not None
    assert turn.cls is Cls.POST


def test_an_account_sits_once_and_keeps_nobody_else() -> None:
    """The next in line goes instead."""
    three = Line(3)
    for key in ("robin", "robin", "wren"):
        three.admit(Cls.POST, key, now=0.0, wait_s=1e9)
    assert [turn.key for _ in range(3) if (turn := three.call(now=0.0))] == ["robin", "wren"]


def test_a_full_line_turns_away() -> None:
    """With the reason."""
    one = Line(1)
    crowd(one, Cls.HARVEST, DEPTH_MAX)
    with pytest.raises(TurnedAway, match="64 wait already for harvest"):
        one.admit(Cls.HARVEST, "robin", now=0.0, wait_s=1e9)
    one.admit(Cls.POST, "robin", now=0.0, wait_s=1e9)


def test_who_would_begin_too_late_to_end_in_time_is_turned_away() -> None:
    """What waiting and working usually take is more than is left."""
    one = Line(1)
    crowd(one, Cls.METRICS, 9)
    for n in range(6):
        turn = one.call(now=10.0 * n)
        assert turn is not None
        one.done(turn, now=10.0 * n + 10)
    with pytest.raises(TurnedAway, match="take 40 s together, and 20 s are left"):
        one.admit(Cls.METRICS, "robin", now=60.0, wait_s=60.0, left_s=20.0)


def test_who_was_cut_off_turns_nobody_away() -> None:
    """How long somebody was waited for says nothing of how long work takes: else the first that hangs is the last."""
    one = Line(1)
    hangs = one.admit(Cls.METRICS, "robin", now=0.0, wait_s=30.0, left_s=60.0)
    assert one.call(now=0.0) is hangs
    one.done(hangs, now=61.0, well=False)
    assert _let_in(one, Cls.METRICS, 60.0)


def test_one_slow_lease_among_others_turns_nobody_away() -> None:
    """What is usual is the median."""
    one = Line(1)
    for n, lasts in enumerate((2.0, 58.0, 2.0)):
        turn = one.admit(Cls.METRICS, "robin", now=100.0 * n, wait_s=30.0)
        assert one.call(now=100.0 * n) is turn
        one.done(turn, now=100.0 * n + lasts)
    assert _let_in(one, Cls.METRICS, 20.0)


@given(
    cls=st.sampled_from(list(Cls)),
    lasted=st.lists(st.tuples(st.sampled_from(list(Cls)), st.floats(0, 1e4), st.booleans()), max_size=30),
    before=st.lists(st.sampled_from(list(Cls)), max_size=40),
    left_s=st.floats(0, 1e3),
)
def test_of_so_many_who_ask_in_a_row_one_is_let_in(
    cls: Cls, lasted: list[tuple[Cls, float, bool]], before: list[Cls], left_s: float
) -> None:
    """Whatever was usual, however long the line: what turns all away learns nothing, and would do so for ever."""
    one = Line(1)
    for each, lasts, well in lasted:
        turn = one.admit(each, "robin", now=0.0, wait_s=math.inf)
        assert one.call(now=0.0) is turn
        one.done(turn, now=lasts, well=well)
    for each in before:
        one.admit(each, "wren", now=0.0, wait_s=math.inf)
    assert any(_let_in(one, cls, left_s) for _ in range(FLOOR))


def _let_in(line_: Line, cls: Cls, left_s: float) -> bool:
    try:
        line_.admit(cls, "robin", now=0.0, wait_s=0.0, left_s=left_s)
    except TurnedAway:
        return False
    return True


def test_a_stream_of_posts_does_not_make_the_forecast_of_others_endless() -> None:
    """A class that waits is owed one seat of eight, so sixty posts before it do not all go before it."""
    one = Line(1)
    crowd(one, Cls.POST, 60)
    turn = one.call(now=0.0)
    assert turn is not None
    one.done(turn, now=2.0)
    assert one.forecast_s(Cls.METRICS, 1e4) == FLOOR * 2.0
    assert one.forecast_s(Cls.SPARE, math.inf) == 59 * 2.0


def test_the_bound_is_what_the_docstring_says() -> None:
    """Seconds by hand: twelve turns for one of its class, on the one seat that background may have."""
    assert bound_s(0, seats=1, longest_s=10) == 120
    assert bound_s(1, seats=3, longest_s=10) == 120
    assert bound_s(0, seats=1, longest_s=10, own=1) == 140


def test_leaving_twice_is_no_error_and_frees_the_seat() -> None:
    """By whoever finds that the holder will not."""
    rng, one = random.Random(3), Line(1)
    crowd(one, rng.choice(CLASSES), 2)
    turn = one.call(now=0.0)
    assert turn is not None
    one.leave(turn)
    one.leave(turn)
    one.done(turn, now=1.0)
    assert one.call(now=1.0) is not None


comers = st.lists(st.tuples(st.sampled_from(list(Cls)), st.sampled_from("abcde")), max_size=40)


@given(comers, st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_spare_work_has_a_seat_only_where_nobody_else_could_have_it(who: list[tuple[Cls, str]], seats: int) -> None:
    """Whoever waits, and whoever sits: nobody else could have taken the seat that it was given."""
    one = Line(seats)
    for n, (cls, key) in enumerate(who):
        one.admit(cls, key, now=float(n), wait_s=1e9)
        while (turn := one.call(now=float(n))) is not None:
            if turn.cls is Cls.SPARE:
                one.leave(turn)
                other = one.call(now=float(n))
                assert other is None or other.cls is Cls.SPARE
                if other is not None:
                    one.leave(other)
        if n % 3 == 2 and one.sitting:
            one.done(next(iter(one.sitting.values())), now=float(n))


def test_spare_work_is_owed_nothing() -> None:
    """However long it has waited."""
    one = Line(1)
    crowd(one, Cls.SPARE, 1)
    crowd(one, Cls.HARVEST, 3 * FLOOR, now=9_999.0)
    assert turns(one, 3 * FLOOR + 1) == [*[Cls.HARVEST] * (3 * FLOOR), Cls.SPARE]

"""The bench of a day with faults: what it takes a process for, what it calls late, and that its chart can be read."""

from __future__ import annotations

import re

import pytest

from bench.browser_day import MINUTE_S, _what, lateness
from bench.chart import HEIGHT, WIDTH, chart
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Payload, Post


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("python -m bowerbird worker engine", "engine"),
        ("python -m bowerbird worker face", "face"),
        ("node cli.js run-driver", "driver"),
        ("/usr/lib/chromium/chromium --headless", "browser"),
        ("/usr/lib/chromium/chromium --type=renderer --lang=en", "page"),
        ("/usr/lib/chromium/chromium --type=zygote", "other"),
        ("chrome_crashpad_handler --monitor-self", "other"),
        ("", "other"),
    ],
)
def test_a_process_is_known_by_its_command_line(words: str, what: str) -> None:
    """What is to be broken must be found, and a helper of a browser is not taken for a browser."""
    assert _what(words.split()) == what


def post(name: str, took_s: float | None) -> Post:
    """A post that was due at the first second, and out so many seconds later."""
    return Post(
        id=name, account_id="a", key=name, thread_id=name, payload=Payload(text=name), state=State.PUBLISHED, since=0,
        created_at=0, due=SECOND_US, expires_at=9,
        published_at=None if took_s is None else int((1 + took_s) * SECOND_US),
    )  # fmt: skip


def test_what_never_went_out_is_late_too() -> None:
    """A post without an instant at which it was published counts as late, and so does one beyond its minute."""
    late, *_ = lateness([post("soon", 3.0), post("late", MINUTE_S + 1), post("never", None)])
    assert (late.value, late.ok, late.n) == (2, False, 3)


def test_a_day_without_posts_has_shown_nothing() -> None:
    """Nothing late among nothing is no success."""
    assert not all(row.ok for row in lateness([]))


def test_the_lines_of_a_chart_lie_within_it() -> None:
    """Every point of every line is on the picture, marks and names are there, and words are escaped."""
    picture = chart("a & b", {"one": [(0, 10), (5, 900)], "two": []}, [(2, "<kill>")], across="minutes", up="MB")
    line, empty = re.findall(r'points="([^"]*)"', picture)
    points = [tuple(map(float, point.split(","))) for point in line.split()]
    assert empty == ""
    assert len(points) == 2
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert "&lt;kill&gt;" in picture
    assert "a &amp; b" in picture

"""The one visual language: each macro of parts.html once, with what it must say."""

from typing import Any

import httpx
import pytest

from bowerbird.core.people import Role
from bowerbird.dashboard.drawing import templates
from bowerbird.dashboard.roles import VERBS

from .house import START, Page


def drawn(words: str, *, role: Role = Role.OWNER, **context: Any) -> Page:
    """A fragment that imports every macro, as a browser would understand it."""
    macros = "button, fields, moment, lamp, tile, panel, rows, table, bars, meter, nothing, curve, timeline, tabs, away"
    source = f'{{% from "parts.html" import {macros}, field, choice, reasoned with context %}}{words}'
    around = {"now": START, "here": "/x", "token": "t", "may": lambda verb: role.may(VERBS[verb])}
    html = templates().from_string(source).render(**around, **context)
    return Page(httpx.Response(200, text=html))


def test_a_light_always_has_a_word() -> None:
    """Whoever does not see colours reads it; the shape differs, too."""
    for light, word in (("green", "works"), ("amber", "works with less"), ("red", "does not work")):
        assert drawn("{{ lamp(light) }}", light=light).words == word
    assert drawn("{{ lamp('red', 'open') }}").words == "open"


def test_what_can_be_typed_is_marked_and_all_the_rest_is_text() -> None:
    """Sentences of alerts name commands between backticks; what else stands in them stays words."""
    page = drawn("{{ said|coded }}", said="Try `bowerbird <b>approve</b>`, or ` <i>nothing</i>.")
    assert page.words == "Try bowerbird <b>approve</b> , or ` <i>nothing</i>."
    assert [tag for tag, _ in page.elements] == ["code"]


def test_a_tile_and_a_panel_say_state_since_and_what_is_done() -> None:
    """A panel is a region with a heading of its own."""
    tile = drawn("{{ tile('Queue', 'amber', 'Two wait.', href='/queue', since=now - 60000000, number='2') }}")
    assert tile.words == "Queue works with less 2 Two wait. Since 1 min ago ."
    panel = drawn("{% call panel('Limits of robin', 'red', 'None is left.', since=now) %}<b>inside</b>{% endcall %}")
    assert panel.words == "Limits of robin does not work since now None is left. inside"
    assert panel.all("section")[0]["aria-labelledby"] == panel.all("h2")[0]["id"] == "limits-of-robin-title"


def test_what_was_not_observed_is_said_so() -> None:
    """Never as a nought."""
    assert drawn("{{ rows([('Warm', 0), ('In line', none)]) }}").words == "Warm 0 In line not measured yet"
    assert drawn("{{ meter(none, 25, 'posts') }}").words == "not measured yet of 25 posts"
    assert drawn("{{ curve('k', 'Likes', ['Likes'], []) }}").words == "Likes Not measured yet."


def test_a_curve_is_also_a_table() -> None:
    """The points are data of the drawing and rows for everybody else; nothing in them can end the attribute."""
    page = drawn("{{ curve('k', 'Reach', ['\"><b>', 'B'], [(60, 1, none), (3600, 2, 3)]) }}")
    assert page.all("b") == []
    assert "1 min 1 not shown" in page.words
    assert '"points": [[60, 1, null], [3600, 2, 3]]' in page.all("div")[0]["data-curve"]


def test_a_table_scrolls_by_itself_and_with_the_keyboard() -> None:
    """A region with a name that takes the focus."""
    page = drawn("{% call table('Lanes', ['Lane', 'Seats']) %}<tr><th>post</th><td>2</td></tr>{% endcall %}")
    assert page.all("div")[0] == {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": "Lanes"}
    assert page.words == "Lane Seats post 2"


@pytest.mark.parametrize("role", Role)
def test_a_button_that_somebody_may_not_press_is_not_drawn(role: Role) -> None:
    """Neither plain nor with a reason."""
    page = drawn("{{ button('run', 'Run now') }}{{ reasoned('pause', 'Pause', key='a') }}", role=role)
    assert ("Run now" in page.words) is (role is Role.OWNER)
    assert ("Pause" in page.words) is (role in {Role.OWNER, Role.EDITOR})


def test_a_link_leads_away_only_to_the_web() -> None:
    """Nothing that a browser would run."""
    assert drawn("{{ away('javascript:x', 'There') }}").all("a") == []
    assert drawn("{{ away('https://x.example/', 'There') }}").all("a")[0]["rel"] == "noopener noreferrer"


def test_fields_and_choices_have_labels() -> None:
    """By their ids."""
    page = drawn("{{ field('name', 'Name', hint='Any.') }}{{ choice('role', 'Role', [('a', 'A'), ('b', 'B')], 'b') }}")
    assert [label["for"] for label in page.all("label")] == ["name", "role"]
    assert page.all("option")[1] == {"value": "b", "selected": ""}
    assert page.all("input")[0]["aria-describedby"] == "name-hint"


def test_bars_tabs_and_timelines_are_read_as_words() -> None:
    """A heartbeat says each outcome; a tab which one is open."""
    beats = [{"outcome": "ok", "title": "10:00"}, {"outcome": "cut off", "title": "10:01"}]
    assert drawn("{{ bars('Runs', beats) }}", beats=beats).words == "ok cut off"
    assert drawn("{{ tabs('Ways', [('/x', 'X', true)]) }}").all("a") == [{"href": "/x", "aria-current": "true"}]
    assert "It began." in drawn("{{ timeline([(now, 'It began.')]) }}").words

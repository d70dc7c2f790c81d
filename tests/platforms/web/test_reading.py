"""Numbers and posts as pages word them: what is left out is zero, what is hidden is unknown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.core.findings import Counts
from bowerbird.platforms.web.article import RUNGS
from bowerbird.platforms.web.reading import (
    RUNGS_OF_A_PAGE,
    article,
    by_buttons,
    by_semantics,
    by_test_ids,
    labelled,
)

ROW: dict[str, Any] = {
    "href": "/wren/status/17?from=home",
    "at": "2026-11-23T12:00:00.500Z",
    "marked": True,
    "body": "Hello.",
    "words": "Hello.",
    "picture": False,
    "acts": ["2 replies. Reply", "1 repost. Repost", "6 likes. Like"],
    "label": "2 replies, 1 repost, 6 likes, 493 views",
    "buttons": ["2 replies. Reply", "1 repost. Repost", "6 likes. Like", "493 views. View post analytics"],
}
BARE = {**ROW, "marked": False, "body": None, "acts": [None, None, None]}
"""The same without a test id."""
FULL = {"replies": 2, "reposts": 1, "likes": 6, "impressions": 493}


def test_an_article_is_a_post() -> None:
    """Its path and author come from the permalink, its instant from the time element."""
    read = article(ROW)
    assert read is not None
    assert (read.id, read.author, read.path, read.text) == ("17", "wren", "/wren/status/17", "Hello.")
    assert read.at == 1_795_435_200_500_000


def test_the_rungs_are_those_of_the_ladder() -> None:
    """Two tables say in which order they come; only the site's own answers come before."""
    assert tuple(RUNGS_OF_A_PAGE) == RUNGS[1:]


@pytest.mark.parametrize(
    ("row", "rung"),
    [(ROW, "testid"), (BARE, "aria"), ({**BARE, "label": None}, "labels")],
)
def test_each_rung_reads_the_same_when_those_above_it_are_gone(row: dict[str, Any], rung: str) -> None:
    """Marks, roles and buttons say the same numbers; the record says who read it, and is trusted the less for it."""
    read = article(row)
    assert read is not None
    assert read.strategy == rung
    assert read.counts == Counts(**FULL, source=rung)
    best = article(ROW)
    assert best is not None
    assert read.agrees(best)
    assert read.confidence <= best.confidence


@pytest.mark.parametrize(
    "change",
    [
        {"href": "/wren"},
        {"href": "/wren/photo/17"},
        {"href": None},
        {"body": None, "words": None},
        {"at": "yesterday"},
        {"at": None},
    ],
)
def test_an_article_that_says_too_little_is_no_post(change: dict[str, object]) -> None:
    """An advertisement, a quoted profile, a post whose words are not loaded."""
    assert article({**ROW, **change}) is None


def test_a_picture_may_stand_without_words() -> None:
    """Then there are none; without a picture they have only not loaded."""
    read = article({**ROW, "body": None, "words": None, "picture": True})
    assert read is not None
    assert read.text == ""


@pytest.mark.parametrize(
    ("label", "found"),
    [
        ("202 replies, 225 reposts, 6522 likes, 353404 views", (202, 225, 6522, 353404)),
        ("1 repost, 6 likes, 493 views", (None, 1, 6, 493)),
        ("1 reply, 1 repost, 1 like, 1 view", (1, 1, 1, 1)),
        ("1,204 likes, 12,345,678 views", (None, None, 1204, 12345678)),
        ("1.204 likes, 12\u202f345 views", (None, None, 1204, 12345)),
        ("3 Likes, 295 bookmarks", (None, None, 3, None)),
        ("", (None, None, None, None)),
    ],
)
def test_a_label_is_read_in_all_its_spellings(label: str, found: tuple[int | None, ...]) -> None:
    """Singulars, separators of thousands, other languages' spaces, words that we do not know."""
    read = labelled(label)
    assert tuple(read.get(name) for name in ("replies", "reposts", "likes", "impressions")) == found


@given(st.dictionaries(st.sampled_from(sorted(FULL)), st.integers(0, 10**9), max_size=4))
def test_what_a_site_would_write_into_a_label_is_read_back(numbers: dict[str, int]) -> None:
    """Zeros are left out of the label, and are zeros again; views that are left out are unknown."""
    words = {"replies": "reply", "reposts": "repost", "likes": "like", "impressions": "view"}
    parts = [
        f"{n} {words[name] if n == 1 else name.replace('impressions', 'views')}" for name, n in numbers.items() if n
    ]
    read = by_semantics({**BARE, "label": ", ".join(parts), "buttons": []})
    if not parts:
        assert read is None
        return
    assert read is not None
    for name in ("replies", "reposts", "likes"):
        assert getattr(read.counts, name) == numbers.get(name, 0)
    assert read.counts.impressions == (numbers.get("impressions") or None)


def test_zeros_that_a_label_leaves_out_were_observed() -> None:
    """A label lists what is not zero, so the rest is 0 and not unknown; bookmarks are a word of it, too."""
    for label in ("6 likes, 493 views", "6 likes, 2 bookmarks"):
        read = by_semantics({**BARE, "label": label})
        assert read is not None
        assert (read.counts.likes, read.counts.replies, read.counts.reposts, read.counts.quotes) == (6, 0, 0, None)


def test_a_post_on_which_all_is_zero_has_no_label_and_is_read_all_the_same() -> None:
    """Its buttons all say zero; one that does not speaks for a page that has lost its labels."""
    zeros = ["0 replies. Reply", "0 reposts. Repost", "0 likes. Like"]
    read = by_semantics({**BARE, "label": None, "buttons": zeros})
    assert read is not None
    assert read.counts == Counts(replies=0, reposts=0, likes=0, source="aria")
    assert by_semantics({**BARE, "label": None, "buttons": [*zeros[:2], "4 likes. Like"]}) is None


def test_hidden_views_are_unknown() -> None:
    """A label leaves them out as well where they are not shown at all."""
    for rung, row in (
        (by_semantics, {**BARE, "label": "6 likes"}),
        (by_buttons, {**BARE, "buttons": ["0 likes. Like"]}),
    ):
        read = rung(row)
        assert read is not None
        assert read.counts.impressions is None


@pytest.mark.parametrize(
    "label",
    [
        "202 Antworten, 225 Reposts, 6522 „Gefällt mir“-Angaben",
        "2 replies, 1 repost, 6 hearts, 493 views",
        "1,2 mil Me gusta, 3 reposts",
    ],
)
def test_a_label_in_words_that_we_do_not_know_leaves_nothing_out(label: str) -> None:
    """A number that may be the likes stands there under another name: they are unknown, and not zero."""
    read = by_semantics({**BARE, "label": label})
    assert read is not None
    assert read.counts.likes is None
    assert read.partly


def test_a_number_that_cannot_be_read_is_unknown_and_not_zero() -> None:
    """The word is there, so it is not zero; but ``1.2K`` is not what we can count with, and trust falls."""
    read = by_semantics({**BARE, "label": "1.2K likes, 3 replies"})
    assert read is not None
    assert (read.counts.likes, read.counts.replies, read.counts.reposts) == (None, 3, 0)
    assert read.partly
    assert read.confidence < 0.5


def test_without_a_label_each_button_speaks_for_itself() -> None:
    """Zeros are said there; what no button says is unknown."""
    read = by_buttons({**BARE, "label": None, "buttons": ["0 replies. Reply", "1,204 likes. Like", "Share"]})
    assert read is not None
    assert read.counts == Counts(replies=0, likes=1204, source="labels")


def test_marks_without_numbers_are_no_reading() -> None:
    """An article that is marked, but none of whose buttons is, is left to the next rung."""
    assert by_test_ids({**ROW, "acts": [None, None, None]}) is None

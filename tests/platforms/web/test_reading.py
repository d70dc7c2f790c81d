"""Numbers and posts as pages word them: what is left out is zero, what is hidden is unknown."""

from __future__ import annotations

import pytest

from bowerbird.core.findings import Counts
from bowerbird.platforms.web.reading import article, counts, labelled

ROW = {
    "href": "/wren/status/17?from=home",
    "at": "2026-11-23T12:00:00.500Z",
    "text": "Hello.",
    "label": "2 replies, 1 repost, 6 likes, 493 views",
    "buttons": ["2 replies. Reply", "1 repost. Repost", "6 likes. Like", "493 views. View post analytics"],
}


def test_an_article_is_a_post() -> None:
    """Its path and author come from the permalink, its instant from the time element."""
    read = article(ROW)
    assert read is not None
    assert (read.id, read.author, read.path, read.text) == ("17", "wren", "/wren/status/17", "Hello.")
    assert read.at == 1_795_435_200_500_000
    assert read.counts == Counts(replies=2, reposts=1, likes=6, impressions=493, source="label")


@pytest.mark.parametrize(
    "change",
    [
        {"href": "/wren"},
        {"href": "/wren/photo/17"},
        {"href": None},
        {"text": None},
        {"at": "yesterday"},
        {"at": None},
    ],
)
def test_an_article_that_says_too_little_is_no_post(change: dict[str, object]) -> None:
    """An advertisement, a quoted profile, a post whose words are not loaded."""
    assert article({**ROW, **change}) is None


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


def test_zeros_that_a_label_leaves_out_were_observed() -> None:
    """A label lists what is not zero, so the rest is 0 and not unknown."""
    read = counts({"label": "6 likes, 493 views"})
    assert (read.likes, read.replies, read.reposts, read.quotes) == (6, 0, 0, None)


def test_hidden_views_are_unknown() -> None:
    """A label leaves them out as well where they are not shown at all."""
    assert counts({"label": "6 likes"}).impressions is None
    assert counts({"label": None, "buttons": ["0 likes. Like"]}).impressions is None


def test_a_number_that_cannot_be_read_is_unknown_and_not_zero() -> None:
    """The word is there, so it is not zero; but ``1.2K`` is not what we can count with."""
    read = counts({"label": "1.2K likes, 3 replies"})
    assert (read.likes, read.replies, read.reposts) == (None, 3, 0)


def test_without_a_label_each_button_speaks_for_itself() -> None:
    """Zeros are said there; what no button says is unknown."""
    read = counts({"label": None, "buttons": ["0 replies. Reply", "1,204 likes. Like", "Share"]})
    assert read == Counts(replies=0, likes=1204, source="buttons")
    assert counts({}) == Counts(source="buttons")

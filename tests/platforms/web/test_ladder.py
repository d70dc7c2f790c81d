"""Which rung reads a page, what the others say, and when something fell through."""

from __future__ import annotations

from typing import Any

from bowerbird.platforms.web.ladder import View, climb
from tests.platforms.web.test_answers import TWEET
from tests.platforms.web.test_reading import BARE, ROW

ANSWER = {
    "data": {
        "instructions": [
            {**TWEET, "legacy": {**TWEET["legacy"], "reply_count": 2, "retweet_count": 1, "favorite_count": 6},
             "views": {"count": "493"}}
        ]
    }
}  # fmt: skip


def climbed(heard: list[Any], rows: list[Any] | None, *, expects: bool = True) -> View:
    """Climb a page of a post."""
    return climb([("TweetDetail", one) for one in heard], rows, site="x", role="post", at=7, expects=expects)


def test_the_answer_is_enough() -> None:
    """Without rows nothing is compared, and nothing is missing."""
    view = climbed([ANSWER], None)
    assert [one.strategy for one in view.articles] == ["answer"]
    assert view.fell == []
    assert view.sighting is not None
    assert view.sighting.read == {"answer": 1}


def test_four_rungs_that_say_the_same_agree() -> None:
    """Each is held against the best; the fingerprint of the answer goes along."""
    sighting = climbed([ANSWER], [ROW]).sighting
    assert sighting is not None
    assert sighting.read == {"answer": 1, "testid": 1, "aria": 1, "labels": 1}
    assert (sighting.compared, sighting.agreed) == (3, 3)
    assert "TweetDetail.data.instructions[].rest_id" in sighting.paths


def test_a_rung_that_says_something_else_is_noticed() -> None:
    """The answer is believed, and the disagreement is counted."""
    view = climbed([ANSWER], [{**ROW, "acts": ["2 replies. Reply", "1 repost. Repost", "9000 likes. Like"]}])
    assert view.articles[0].counts.likes == 6
    assert view.sighting is not None
    assert (view.sighting.compared, view.sighting.agreed) == (3, 2)


def test_numbers_that_moved_on_between_two_readings_still_agree() -> None:
    """A post that somebody liked while it was read is no change of the page."""
    sighting = climbed([ANSWER], [{**ROW, "acts": ["2 replies. Reply", "1 repost. Repost", "7 likes. Like"]}]).sighting
    assert sighting is not None
    assert sighting.agreed == sighting.compared


def test_without_an_answer_the_next_rung_reads_and_the_fall_is_told() -> None:
    """Where an answer was to be heard; on a page that asks nobody there is nothing to fall from."""
    view = climbed([], [BARE])
    assert [one.strategy for one in view.articles] == ["aria"]
    assert view.fell == ["answer", "testid"]
    assert climbed([], [BARE], expects=False).fell == ["testid"]
    assert climbed([], [ROW], expects=False).fell == []


def test_a_page_of_which_nothing_was_read_is_not_empty() -> None:
    """Unless the site's own answer is a list, and says so."""
    assert climbed([], []).none is False
    assert climbed([], []).fell == ["answer", "testid", "aria", "labels"]
    empty = climbed([{"data": {"instructions": []}}], [])
    assert empty.none
    assert empty.fell == []


def test_entries_that_nobody_can_read_are_something() -> None:
    """A list of them is not empty, and it is a fall; the mark for turning the page is no entry."""
    strange = {"entryId": "tweet-1", "content": {"__typename": "TimelineHologram"}}
    view = climbed([{"data": {"instructions": [{"entries": [strange]}]}}], [])
    assert not view.none
    assert view.fell
    cursor = {"entryId": "cursor-top-1", "content": {}}
    assert climbed([{"data": {"instructions": [{"entries": [cursor]}]}}], []).none


def test_posts_that_nobody_can_read_are_counted() -> None:
    """In the answer where it is enough, on the page where that was asked."""
    stripped = {**TWEET, "legacy": {}}
    assert climbed([{"data": {"instructions": [TWEET, stripped]}}], None).unread == 1
    assert climbed([], [ROW, {**BARE, "href": "/ada/status/5", "words": None}]).unread == 1
    assert climbed([ANSWER], [ROW]).unread == 0


def test_posts_are_in_the_order_of_the_page_and_each_is_read_once() -> None:
    """Some by the answer, some by the page alone."""
    view = climbed([ANSWER], [{**ROW, "href": "/ada/status/5"}, ROW])
    assert [(one.id, one.strategy) for one in view.articles] == [("5", "testid"), ("17", "answer")]
    assert view.fell == ["answer"]

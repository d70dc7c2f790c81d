"""The answers of X's own API as they were recorded, in the shape of 2023 and in that of 2026."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.core.findings import Counts
from bowerbird.platforms.web.answers import article, articles, codes, created, lists, paths, says_none, tweets, unread

RECORDINGS = Path(__file__).parents[3] / "bench" / "data" / "x"


def recorded(name: str) -> Any:
    """One recording."""
    return json.loads((RECORDINGS / f"{name}.json").read_text())


@pytest.mark.parametrize(
    ("name", "n", "first", "likes", "views"),
    [
        ("search-2026", 20, "2074976613713031490", 312, 25_900),
        ("profile-2026", 21, "2019881223666233717", 5_569, 2_525_462),
        ("conversation-2023-a", 2, "1658407192859492355", 60, 1_110),
        ("conversation-2023-b", 11, "1682072224013099008", 3_101, 1_543_491),
    ],
)
def test_both_shapes_are_read(name: str, n: int, first: str, likes: int, views: int) -> None:
    """Posts in their order, a repost as the original, quoted posts and people left out."""
    read = articles(recorded(name))
    assert len(read) == n
    assert (read[0].id, read[0].counts.likes, read[0].counts.impressions) == (first, likes, views)
    assert all(one.author.startswith("person") and one.text and one.confidence == 1.0 for one in read)


def test_an_instant_is_read_to_the_millisecond_from_the_id() -> None:
    """The text says the second; X's ids carry the rest, and are believed where they agree."""
    read = articles(recorded("search-2026"))[0]
    assert read.at // 1_000_000 == 1_783_547_950
    assert read.at % 1_000_000 != 0


TWEET: dict[str, Any] = {
    "__typename": "Tweet",
    "rest_id": "17",
    "core": {"user_results": {"result": {"__typename": "User", "core": {"screen_name": "wren"}}}},
    "views": {"count": "9", "state": "EnabledWithCount"},
    "legacy": {
        "created_at": "Wed Jul 08 21:59:10 +0000 2026",
        "full_text": "One &amp; two https://t.co/a https://t.co/b",
        "favorite_count": 0,
        "retweet_count": 2,
        "entities": {
            "urls": [{"url": "https://t.co/a", "expanded_url": "https://example.org/long"}],
            "media": [{"url": "https://t.co/b"}],
        },
    },
}


def test_words_are_as_they_were_written_and_what_is_not_said_is_none() -> None:
    """Short links stand for long ones, pictures' links for nothing; an observed zero is a zero."""
    read = article(TWEET)
    assert read is not None
    assert (read.author, read.path, read.text) == ("wren", "/wren/status/17", "One & two https://example.org/long")
    assert read.counts == Counts(likes=0, reposts=2, impressions=9, source="answer")


def test_a_wrapper_that_limits_who_sees_it_is_no_obstacle() -> None:
    """What X wraps is read; what it only mourns is not."""
    inner = {name: value for name, value in TWEET.items() if name != "__typename"}
    wrapped = {"a": [{"__typename": "TweetWithVisibilityResults", "tweet": inner}, {"__typename": "TweetTombstone"}]}
    assert [one.id for one in articles(wrapped)] == ["17"]


def test_advertisements_are_no_posts() -> None:
    """They are marked where they stand in the list."""
    assert articles({"itemContent": {"promotedMetadata": {"x": 1}, "tweet_results": {"result": TWEET}}}) == []


@pytest.mark.parametrize(
    ("where", "value"),
    [("rest_id", None), ("core", {}), ("legacy", {}), ("legacy", {**TWEET["legacy"], "created_at": "soon"})],
)
def test_a_post_that_says_too_little_is_none(where: str, value: Any) -> None:
    """No id, no author, no words, no instant."""
    assert article({**TWEET, where: value}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["__typename", "legacy", "core", "views", "tweet", "instructions", "result", "rest_id"]),
            inner | st.sampled_from(["Tweet", "TweetWithVisibilityResults"]),
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_no_answer_whatsoever_raises(answer: Any) -> None:
    """A site may answer anything, and a reader that raises would be a fault of ours."""
    articles(answer)
    list(tweets(answer))
    codes(answer)
    created(answer)
    lists(answer)
    says_none(answer)
    unread(answer)
    paths("Op", answer)


def test_a_write_names_what_it_made() -> None:
    """The proof that a post is out, in both shapes of the wrapper."""
    made = {"data": {"create_tweet": {"tweet_results": {"result": TWEET}}}}
    assert created(made) == "17"
    wrapped = {"__typename": "TweetWithVisibilityResults", "tweet": TWEET}
    assert created({"data": {"create_tweet": {"tweet_results": {"result": wrapped}}}}) == "17"
    assert created({"data": {"notetweet_create": {"tweet_results": {"result": TWEET}}}}) == "17"
    assert created({"data": {"create_tweet": {"tweet_results": {}}}, "errors": [{"code": 187}]}) is None


def test_an_empty_list_is_told_from_no_list() -> None:
    """A timeline without entries is empty; an answer without data is nothing."""
    assert lists({"data": {"timeline": {"instructions": []}}})
    assert not lists({"data": None, "errors": [{"code": 32}]})
    assert codes({"errors": [{"code": 32}, {"extensions": {"code": 88}}, "?"]}) == [32, 88]


def test_the_fingerprint_changes_with_the_shape_alone() -> None:
    """Other posts have the same paths; a number that moved has another."""
    old = paths("Search", {"data": [{"legacy": {"likes": 1}}, {"legacy": {"likes": 2}}]})
    assert old == paths("Search", {"data": [{"legacy": {"likes": 7}}]})
    assert old ^ paths("Search", {"data": [{"counts": {"likes": 7}}]}) == {
        "Search.data[].legacy", "Search.data[].legacy.likes", "Search.data[].counts", "Search.data[].counts.likes",
    }  # fmt: skip

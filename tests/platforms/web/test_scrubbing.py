"""What is kept of a page holds its shape and nobody's words, names or keys."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.platforms.web import answers, scrubbing
from tests.platforms.web.test_answers import TWEET, recorded

PAGE = """<html><head><script>var token = "s3cret";</script><meta name="csrf" content="abc"></head><body>
<input name="authenticity_token" value="s3cret"><textarea>my draft</textarea>
<article data-testid="tweet" class="css-1" onclick="steal()"><a href="/ada_finch/status/17?s=20">
<time datetime="2026">3h</time></a><a href="https://t.co/xyz">t.co/xyz</a>
<div lang="en" data-testid="tweetText">Call me: 555 1234</div>
<img src="https://cdn/x.jpg" alt="Ada on a beach"><div role="group" aria-label="2 replies, 6 likes">
<button aria-label="6 Likes. Like">6</button><button aria-label="Ada Finch">A</button></div></article>
<a href="/wren">me</a></body></html>"""


def test_the_shape_stays_and_words_names_and_keys_go() -> None:
    """Marks, roles, labels of numbers and ids are what a reader is mended by."""
    kept = scrubbing.page(PAGE, ours="wren")
    for stays in ('data-testid="tweet"', "/someone/status/17", "2 replies, 6 likes", "6 Likes. Like", 'href="/wren"'):
        assert stays in kept
    for goes in ("s3cret", "my draft", "Call me", "555", "ada_finch", "Ada", "beach", "cdn", "t.co", "onclick", "abc"):
        assert goes not in kept


@pytest.mark.parametrize(
    ("attribute", "kept"),
    [
        ('data-testid="UserAvatar-Container-ann_lee"', "UserAvatar-Container-xxx_xxx"),
        ('data-testid="tweetTextarea_0"', "tweetTextarea_0"),
        ('data-testid="SideNav_AccountSwitcher_Button"', "SideNav_AccountSwitcher_Button"),
        ('data-testid="act-repost"', "act-repost"),
        ('data-testid="2074976613713031490-follow"', "2074976613713031490-follow"),
        ('class="u-ann@example.org row"', "x-xxx@xxxxxxx.xxx row"),
        ('class="css-175oi2r"', "css-000xx0x"),
        ('id="ann@example.org"', "xxx@xxxxxxx.xxx"),
        ('id="482913"', "000000"),
        ('id="call-170-123-45-67"', "xxxx-000-000-00-00"),
        ('class="A n n +4"', "x x x +0"),
        ('name="ann_lee"', "xxx_xxx"),
        ('role="article"', "article"),
        ('lang="pt-BR"', "pt-BR"),
        ('lang="ann lee"', "xxx xxx"),
        ('datetime="2026-07-14T08:12:01.000Z"', "2026-07-14T08:12:01.000Z"),
        ('datetime="+49 170 1234567"', "+00 000 0000000"),
        ('aria-label="+49 170 1234567"', "+00 000 0000000"),
        ('aria-label="482913"', "000000"),
        ('aria-label="Account +49 170 1234567"', "xxxxxxx +00 000 0000000"),
        ('aria-label="1,482 replies, 3 reposts"', "1,482 replies, 3 reposts"),
    ],
)
def test_a_mark_is_kept_as_far_as_it_is_the_sites_own(attribute: str, kept: str) -> None:
    """Words that it says of itself, numbers of posts, counts and instants; no name, address or number of a person."""
    assert scrubbing.page(f"<div {attribute}>") == f'<div {attribute.partition("=")[0]}="{kept}">'


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"code": "482913"}, {"code": "000000"}),
        ({"code": 187}, {"code": 187}),
        ({"state": "oauth-state-qX7"}, {"state": "xxxxx-state-xx0"}),
        ({"state": "EnabledWithCount"}, {"state": "EnabledWithCount"}),
        ({"type": "Ann Lee"}, {"type": "xxx xxx"}),
        ({"__typename": "TweetWithVisibilityResults"}, {"__typename": "TweetWithVisibilityResults"}),
        ({"users": {"ann@example.org": 1, "ann_lee": 2}}, {"users": {"xxx@xxxxxxx.xxx": 1, "xxx_xxx": 2}}),
        ({"title": "482913"}, {"title": "000000"}),
        ({"views": {"count": "1110"}}, {"views": {"count": "1110"}}),
        ({"rest_id": "ann"}, {"rest_id": "xxx"}),
        ({"created_at": "ann"}, {"created_at": "xxx"}),
    ],
)
def test_an_answer_keeps_no_code_no_state_and_no_name_of_a_key(said: object, kept: object) -> None:
    """Digits stay where they are an id or a count, and texts where they are the site's own."""
    assert scrubbing.answer(said) == kept


def test_a_recording_is_read_alike_when_it_is_scrubbed() -> None:
    """Each key that X's answers have is its own, and each post has its id, its instant and its numbers."""
    for name in ("search-2026", "profile-2026", "conversation-2023-b"):
        whole = recorded(name)
        kept = scrubbing.answer(whole)
        before, after = answers.articles(whole), answers.articles(kept)
        assert [(one.id, one.at, one.counts) for one in after] == [(one.id, one.at, one.counts) for one in before]
        assert answers.paths(name, kept) == answers.paths(name, whole)


@given(st.text(alphabet="<>=/\"' abc&;!-[]", max_size=80))
def test_no_page_whatsoever_raises(html: str) -> None:
    """A page may be cut off anywhere."""
    scrubbing.page(html)


def test_an_answer_keeps_what_a_reader_needs() -> None:
    """Ids, instants and numbers are read from the scrubbed one as from the whole; words are not in it."""
    kept = scrubbing.answer({**TWEET, "auth_token": "s3cret", "guest": 1})
    read, before = answers.article(kept), answers.article(TWEET)
    assert read is not None
    assert before is not None
    assert (read.id, read.at, read.counts) == (before.id, before.at, before.counts)
    said = json.dumps(kept)
    assert all(word not in said for word in ("s3cret", "wren", "One", "example"))


def test_the_recordings_of_this_project_are_scrubbed() -> None:
    """Scrubbing them again takes nothing more out of what people said."""
    for one in answers.tweets(recorded("search-2026")):
        text = one["legacy"]["full_text"]
        assert text == scrubbing.masked(text)

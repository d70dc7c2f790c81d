"""What is kept of a page holds its shape and nobody's words, names or keys."""

from __future__ import annotations

import json

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

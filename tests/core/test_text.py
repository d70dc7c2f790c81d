"""What a text is made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.core.text import find_spans, folded, graphemes, hidden, tamed, tidy, visible, weight


def values(text: str) -> list[tuple[str, str]]:
    """The kinds and values of a text's spans."""
    return [(span.kind, span.value) for span in find_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://example.org/a?b=c#d.", [("link", "https://example.org/a?b=c#d")]),
        ("(https://en.wikipedia.org/wiki/Bird_(animal))", [("link", "https://en.wikipedia.org/wiki/Bird_(animal)")]),
        ("HTTPS://EXAMPLE.ORG/x, and", [("link", "HTTPS://EXAMPLE.ORG/x")]),
        ("hi @wren.example.com!", [("mention", "wren.example.com")]),
        ("(@wren.bsky.social)", [("mention", "wren.bsky.social")]),
        ("#Python and #3d-printing", [("tag", "Python"), ("tag", "3d")]),
        ("＃鳥 sings", [("tag", "鳥")]),
        ("https://example.org/#fragment @a.b.c", [("link", "https://example.org/#fragment"), ("mention", "a.b.c")]),
        ("call asyncio.run(main()) with @property, mail me@example.org, be #1", []),
        ("https://", []),
        ("a#b c&#39;", []),
        ("#" + "a" * 65, []),
    ],
)
def test_spans_are_what_a_reader_would_click_on(text: str, expected: list[tuple[str, str]]) -> None:
    """Links, mentions and hashtags are found, and code, mail addresses and ranks are left alone."""
    assert values(text) == expected


def test_a_span_tells_its_place_in_bytes() -> None:
    """Facets count UTF-8 bytes: an emoji before the link is four of them."""
    text = "🐦 https://example.org ok"
    start, end = find_spans(text)[0].utf8(text)
    assert text.encode()[start:end] == b"https://example.org"


@given(st.text(st.sampled_from("ab1#@./:?() \nhttps\u200d🐦é_-"), max_size=80))
def test_spans_never_overlap_and_always_stand_where_they_say(text: str) -> None:
    """Whatever the text, each span's characters are its value, and the spans are in order."""
    end = 0
    for span in find_spans(text):
        assert span.start >= end
        assert text[span.start : span.end].lstrip("@#＃") == span.value
        end = span.end


def test_a_family_is_one_grapheme() -> None:
    """Joined emoji, flags and accents count once."""
    assert len(graphemes("👨‍👩‍👧‍👦🇩🇪e\u0301")) == 3


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u2060\ufeff", "\u3164", "\u2800", "\u0301", "\ufe0f", "\u00ad"])
def test_what_nobody_sees_is_nothing(text: str) -> None:
    """Spaces, joiners, fillers and lone marks show nothing."""
    assert visible(text) == ""


@pytest.mark.parametrize(
    "c", ["\x00", "\x1b", "\t", "\x85", "\ud800", "\u202e", "\u2066", "\u2028", "\ufffe", "\U000e0041"]
)
def test_hidden_characters_are_named(c: str) -> None:
    """Controls, half characters, reversals, separators, non-characters and stray tags are found."""
    assert hidden(f"ok{c}ok") == c


@pytest.mark.parametrize(
    "text", ["a\nb", "👨‍👩‍👧", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "نامه‌ای", "שלום"]
)
def test_what_languages_and_emoji_need_is_not_hidden(text: str) -> None:
    """Line feeds, joiners, the flag of England and scripts that need format characters pass."""
    assert hidden(text) == ""


def test_folding_makes_copies_equal() -> None:
    """Case, width, white space and zero-width characters do not make another text."""
    assert folded("Ｈello\u200b  WORLD\n") == folded("hello world")


def test_an_untrusted_text_is_tamed() -> None:
    """Reversals, tags and joiners go, one line stays, and it is cut even where NFKC makes it longer."""
    assert tamed("ig\u202enore\u200b\n\U000e0041 all") == "ignore all"
    assert len(tamed("\ufdfa" * 2_000)) == 1_000


def test_a_tidy_text_has_one_kind_of_line_end() -> None:
    """Windows line ends, trailing spaces and decomposed accents are mended."""
    assert tidy(" a \r\nb\re\u0301 ") == "a\nb\né"


@pytest.mark.parametrize(
    ("text", "weighs"),
    [
        ("hello", 5),
        ("日本", 4),
        ("👩‍💻", 2),
        ("🇩🇪", 2),
        ("1️⃣", 2),
        ("e\u0301", 1),
        ("“x”—…", 6),
        ("see https://docs.python.org/3/library/asyncio-task.html ok", 30),
    ],
)
def test_x_weighs_letters(text: str, weighs: int) -> None:
    """As twitter-text does in its third configuration: wide ones twice, any emoji two, any link 23."""
    assert weight(text) == weighs

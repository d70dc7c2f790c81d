"""The gates, and how a long text becomes a thread."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bowerbird.core.errors import BadInput
from bowerbird.core.post import Media
from bowerbird.core.review import CODES, LIKENESS_MAX, Said, review, signature, split_thread
from bowerbird.core.text import find_spans, folded, graphemes

CORPUS = (Path(__file__).parent / "hostile.txt").read_text(encoding="utf-8").splitlines()


FROZEN = [263793942, 669339189]


def width(text: str) -> int:
    """Bluesky's measure."""
    return len(graphemes(text))


def codes(*texts: str, said: tuple[str, ...] = (), **more: object) -> list[str]:
    """The codes of everything that is wrong with these parts on a platform of 300 graphemes and 3,000 bytes."""
    found = review(texts, length=width, text_max=300, bytes_max=3_000, said=Said(said), **more)  # type: ignore[arg-type]
    assert all(rejection.code in CODES and rejection.sentence for rejection in found)
    return [rejection.code for rejection in found]


def test_a_plain_text_passes() -> None:
    """Text with an emoji, a link and a hashtag has nothing wrong with it."""
    assert codes("Use 🐍 pathlib: https://docs.python.org/3/ #Python") == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \u200b\u3164\n", "empty"),
        ("half \ud83d", "hidden_character"),
        ("bell \x07", "hidden_character"),
        ("\u202egnp.exe", "hidden_character"),
        ("a" * 301, "too_long"),
        ("👨‍👩‍👧‍👦" * 150, "too_many_bytes"),
        ("see https://", "bad_link"),
        ("see https://user@example.org", "bad_link"),
        ("see https://exa..mple.org/x", "bad_link"),
        ("see http://[::1/x", "bad_link"),
    ],
)
def test_each_gate_names_its_reason(text: str, code: str) -> None:
    """What cannot be posted is turned away with its code."""
    assert codes(text) == [code]


def test_no_parts_at_all_is_empty() -> None:
    """A writer that gives back nothing is told so."""
    assert codes() == ["empty"]


def test_a_picture_needs_a_description_and_a_place() -> None:
    """Alt text is asked for, and a platform without pictures takes none."""
    picture = Media(path="a.png", mime="image/png", alt=" ", sha256="0")
    assert codes("hello", media=(picture,)) == ["no_alt", "too_many_pictures"]


def test_a_card_must_lead_somewhere() -> None:
    """The address of a link card is checked like a link in the text."""
    assert codes("hello", card_url="javascript:alert(1)") == ["bad_link"]


def test_an_exact_copy_is_said_before_whatever_its_case() -> None:
    """Case, spaces and zero-width characters do not make a text new."""
    assert codes("HELLO\u200b  wide world", said=("Hello wide world",)) == ["said_before"]


def test_a_near_copy_is_turned_away_and_another_text_is_not() -> None:
    """A changed number is the same post again; another sentence on the subject is not."""
    said = "The walrus operator assigns inside an expression, so a loop reads ten lines at a time."
    assert codes(said.replace("ten", "10"), said=(said,)) == ["nearly_said_before"]
    assert codes("An assignment expression names a value where it is used.", said=(said,)) == []


def test_what_is_long_past_may_be_said_in_other_words() -> None:
    """An older text is compared exactly, not for likeness."""
    past = Said(older=["The walrus operator assigns inside an expression."])
    assert "the walrus operator ASSIGNS inside an expression." in past
    assert past.likeness("The walrus operator assigns inside an expression!") == 0


def test_likeness_estimates_jaccard() -> None:
    """On 200 pairs the estimate is off by 0.04 on average (128 permutations) and never by 0.2."""
    rng, birds, errors = random.Random(3), ["lark", "wren", "finch", "robin", "magpie", "crow", "dove"], []
    for _ in range(200):
        words = [rng.choice(birds) for _ in range(30)]
        a, b = " ".join(words), " ".join(word if rng.random() < 0.8 else "swift" for word in words)
        x, y = ({t[i : i + 4] for i in range(len(t) - 3)} for t in (a, b))
        errors.append(abs(Said([a]).likeness(b) - len(x & y) / len(x | y)))
    assert sum(errors) / len(errors) < 0.04
    assert max(errors) < 0.2


def test_signatures_are_the_same_in_every_run() -> None:
    """A frozen value: another interpreter or hash seed gives the same signature."""
    assert signature("the bower").tolist()[:2] == FROZEN


def test_a_thread_that_repeats_itself_is_turned_away() -> None:
    """Two equal parts are one too many, and so are 26 parts."""
    assert codes("one thing", "one  Thing") == ["repeats_itself"]
    assert codes(*(f"part {n} of a long story" for n in range(26))) == ["too_many_parts"]


def test_an_automatic_reply_is_held_to_its_author() -> None:
    """No link, no hashtag and no other name get out through a reply, whatever its text was told."""
    text = "@wren.example.com yes, and @crow.example.com #buy https://evil.example"
    assert codes(text, reply_author="@wren.example.com") == ["reply_link", "reply_mention", "reply_tag"]
    assert codes("@wren.example.com yes", reply_author="wren.example.com") == []


def hostile(rng: random.Random) -> str:
    """One hostile candidate: a mutated line of the corpus, or characters from anywhere."""
    if rng.random() < 0.5:
        line = rng.choice(CORPUS)
        at = rng.randrange(len(line) + 1)
        return line[:at] + chr(rng.randrange(0x110000)) * rng.choice([0, 1, 400]) + line[at:]
    return "".join(chr(rng.randrange(rng.choice([128, 0x3000, 0x110000]))) for _ in range(rng.randrange(400)))


@pytest.mark.proves("3.G3")
def test_ten_thousand_hostile_candidates_leave_nothing_invalid() -> None:
    """What passes can be encoded, seen and counted, fits, and holds no control character: judged independently."""
    rng, passed = random.Random(11), 0
    for _ in range(10_000):
        text = hostile(rng)
        if codes(text):
            continue
        passed += 1
        assert 0 < len(text.encode()) <= 3_000
        assert width(text) <= 300
        assert any(unicodedata.category(c)[0] in "LNPS" for c in text)
        assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} and c != "\n" for c in text)
        assert not {*text} & {*"\u202a\u202b\u202d\u202e\u2066\u2067\u2068\ufffe\uffff"}
    assert passed > 500


@given(st.text(max_size=400))
def test_review_never_fails_on_any_text(text: str) -> None:
    """Whatever the text, the answer is a list of known codes."""
    assert set(codes(text, said=("something else",), reply_author="wren.example.com")) <= set(CODES)


def test_a_short_text_is_a_thread_of_one() -> None:
    """What fits is left alone."""
    assert split_thread("Hello.", 300, width) == ["Hello."]


def test_a_thread_is_cut_between_paragraphs_then_sentences_then_words() -> None:
    """The best place in the second half wins."""
    assert split_thread("One two.\n\nThree. Four", 15, width) == ["One two.", "Three. Four"]
    assert split_thread("One two three. Four five", 20, width) == ["One two three.", "Four five"]
    assert split_thread("one two three four", 10, width) == ["one two", "three four"]


def test_a_link_that_fits_nowhere_is_bad_input() -> None:
    """A link is never cut, so one that is longer than a post is refused with the remedy."""
    with pytest.raises(BadInput, match="longer than a whole post"):
        split_thread("see https://example.org/" + "a" * 300, 100, width)


def test_bytes_count_too() -> None:
    """Where the platform counts bytes, each part keeps to them."""
    parts = split_thread("👨‍👩‍👧‍👦 " * 40, 300, width, bytes_max=100)
    assert all(len(part.encode()) <= 100 for part in parts)


WORD = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    st.sampled_from(["https://example.org/a(b)", "@wren.example.com", "#Python", "👨‍👩‍👧‍👦", "end.", "鳥は歌う"]),
)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(WORD, st.sampled_from([" ", "\n", "\n\n", ""])), min_size=1, max_size=40), st.integers(30, 80)
)
def test_a_thread_rejoins_to_its_source(words: list[tuple[str, str]], limit: int) -> None:
    """Parts fit and follow one another with nothing but white space between; no grapheme or span is cut."""
    text = "".join(word + gap for word, gap in words)
    try:
        parts = split_thread(text, limit, width)
    except BadInput:
        assert any(width(text[s.start : s.end]) > limit for s in find_spans(text))
        return
    at, starts = 0, []
    for part in parts:
        start = text.index(part, at)
        assert text[at:start].strip() == ""
        assert width(part) <= limit
        at = start + len(part)
        starts += [start, at]
    assert text[at:].strip() == ""
    assert not [s for s in find_spans(text) for cut in starts if s.start < cut < s.end]


def test_the_threshold_is_the_measured_one() -> None:
    """0.6 lies between a changed word (0.73) and a paraphrase (0)."""
    assert LIKENESS_MAX == 0.6
    assert folded("ß") == "ss"

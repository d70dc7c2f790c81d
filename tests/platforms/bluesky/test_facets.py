"""Links, mentions and tags: the right ones, at the right bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.platforms.bluesky.facets import facets, handles, spans


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://python.org now", ["https://python.org"]),
        ("(https://python.org)", ["https://python.org"]),
        ("https://en.wikipedia.org/wiki/Bower_(bird).", ["https://en.wikipedia.org/wiki/Bower_(bird)"]),
        ("https://a.org/x?y=1&z=2#top!", ["https://a.org/x?y=1&z=2#top"]),
        ("“https://a.org”, he said", ["https://a.org"]),
        ("http://localhost:80/a", ["http://localhost:80/a"]),
        ("https://a.org/@wren/#tag", ["https://a.org/@wren/#tag"]),
        ("use asyncio.run in main.py", []),
        ("https:// is not one, nor is xhttps://a.org", []),
        ("hi @wren.test!", ["wren.test"]),
        ("(@Wren.Test)", ["wren.test"]),
        ("mail wren@example.org", []),
        ("@wren alone is no handle", []),
        ("#python and #Größe, #2026 #py3!", ["python", "Größe", "py3"]),
        ("C# and a#b and # and ##", []),
        ("🐦 #bird 🐦 @wren.test 🐦 https://a.org 🐦", ["bird", "wren.test", "https://a.org"]),
    ],
)
def test_what_a_person_means_is_found(text: str, found: list[str]) -> None:
    """A sentence's own marks stay outside, and what only looks like a link stays text."""
    assert [span.value for span in spans(text)] == found


@given(
    st.lists(
        st.one_of(
            st.text(max_size=8),
            st.sampled_from(["https://a.org/ü", "@wren.test", "#Größe", "🐦", " ", "👩‍👩‍👧", "\n"]),
        )
    ).map("".join)
)
def test_the_bytes_under_a_facet_are_its_words(text: str) -> None:
    """Whatever stands before it, a facet underlines exactly its own words, and none overlaps another."""
    end_before = 0
    for facet, span in zip(facets(text, {"wren.test": "did:plc:wren"}), _kept(text), strict=True):
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        assert text.encode()[start:end].decode() == text[span[0] : span[1]]
        assert end_before <= start < end
        end_before = end


def _kept(text: str) -> list[tuple[int, int]]:
    return [(s.start, s.end) for s in spans(text) if s.kind != "mention" or s.value == "wren.test"]


def test_an_unknown_handle_stays_text() -> None:
    """Nobody is linked who does not exist."""
    (facet,) = facets("@wren.test and @nobody.test", {"wren.test": "did:plc:wren"})
    assert facet["features"] == [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:wren"}]


def test_each_handle_is_asked_for_once() -> None:
    """Handles are the same in any case of letters."""
    assert handles("@wren.test @WREN.test @finch.test") == ["wren.test", "finch.test"]

"""Links, mentions and tags stand at the right bytes; which they are is tested with core/text.py."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bowerbird.core.text import find_spans
from bowerbird.platforms.bluesky.facets import facets, handles


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
    return [(s.start, s.end) for s in find_spans(text) if s.kind != "mention" or s.value.lower() == "wren.test"]


def test_an_unknown_handle_stays_text() -> None:
    """Nobody is linked who does not exist."""
    (facet,) = facets("@wren.test and @nobody.test", {"wren.test": "did:plc:wren"})
    assert facet["features"] == [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:wren"}]


def test_each_handle_is_asked_for_once() -> None:
    """Handles are the same in any case of letters."""
    assert handles("@wren.test @WREN.test @finch.test") == ["wren.test", "finch.test"]

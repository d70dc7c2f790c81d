"""Passages as a bank: what a page says comes back out of the file as claims, each once and each with its place."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from bowerbird.writers.claims import parse_bank
from bowerbird.writers.fields import TEXT_MAX
from bowerbird.writers.pages import WORDS_MIN, as_bank

URL = "https://docs.example.org/tips"


@dataclass(frozen=True)
class Told:
    """A passage."""

    text: str
    topic: str = ""
    anchor: str = ""
    code: str = ""


def test_a_passage_becomes_a_claim_with_its_place_and_its_code() -> None:
    """The heading is its topic, the anchor is part of its source, and backticks in code end no fence."""
    text = as_bank(URL + "#top", [Told("A sort is stable in this language.", "Sorting ¶", "stable", "x = '```'")])
    (claim,) = parse_bank(text.encode(), form=".md").claims
    assert (claim.text, claim.topic) == ("A sort is stable in this language.", "sorting")
    assert (claim.evidence, claim.code) == (f"{URL}#stable", "x = '```'")


def test_a_long_passage_gives_the_sentences_it_begins_with() -> None:
    """As many as fit into a post; labels and what was said already give nothing."""
    first, second = "The first of these sentences is short.", "The second " + "really " * 60 + "is not."
    text = as_bank(URL, [Told(f"{first} {second}"), Told("See also"), Told(first.upper()), Told("")])
    assert [claim.text for claim in parse_bank(text.encode(), form=".md").claims] == [first]


@given(st.lists(st.builds(Told, st.text(max_size=400), st.text(max_size=80), st.just(""), st.text(max_size=50))))
def test_whatever_a_page_says_the_file_is_a_bank(passages: list[Told]) -> None:
    """No letter of a page can break it, and no claim is longer than a post or shorter than a sentence."""
    bank = parse_bank(as_bank(URL, passages).encode("utf-8", "replace"), form=".md")
    assert len(bank.claims) + len(bank.bad_rows) <= len(passages)
    for claim in bank.claims:
        assert len(claim.text) <= TEXT_MAX
        assert len(claim.text.split()) >= WORDS_MIN - 1  # a first word that is a mark of Markdown goes

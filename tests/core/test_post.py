"""A post as a row: frozen words, rising numbers."""

from __future__ import annotations

import pytest

from bowerbird.core.errors import IllegalStep
from bowerbird.core.facts import KINDS, Fact
from bowerbird.core.findings import Counts
from bowerbird.core.lifecycle import Event, State
from bowerbird.core.post import Payload, Post, expiry


def queued() -> Post:
    """A queued post."""
    return Post(
        id="p", account_id="a", key="k", thread_id="p", payload=Payload(text="Hi"), state=State.QUEUED, since=0,
        created_at=0, due=0, expires_at=1,
    )  # fmt: skip


def test_every_change_raises_the_number_by_which_the_late_writer_loses() -> None:
    """A step and a change of a field both count."""
    assert (queued().after(Event.CLAIMED, now=5).seq, queued().changed(reason="x").seq) == (1, 1)


def test_a_step_stamps_its_time_and_an_illegal_one_is_refused() -> None:
    """The row knows since when it is where it is."""
    assert queued().after(Event.CLAIMED, now=5).since == 5
    with pytest.raises(IllegalStep):
        queued().after(Event.CONFIRMED, now=5)


@pytest.mark.parametrize("other", ["hi", "HI ", " Hi\n", "Ｈｉ"])
def test_words_that_read_the_same_have_the_same_hash(other: str) -> None:
    """Case, white space and width do not make new words."""
    assert Payload(text=other).text_hash == Payload(text="Hi").text_hash


def test_an_unknown_fact_cannot_be_written() -> None:
    """The vocabulary is closed, and each word has its sentence."""
    with pytest.raises(ValueError, match="add it to KINDS"):
        Fact(kind="nonsense", at=0, by="test")
    assert all(sentence.endswith(".") for sentence in KINDS.values())


def test_what_was_not_observed_is_not_zero() -> None:
    """Engagement of nothing observed is None; of an observed nothing it is 0."""
    assert Counts().engagement is None
    assert Counts(likes=0).engagement == 0
    assert Counts(likes=1, reposts=1, replies=1).engagement == 6


def test_a_post_is_too_late_after_an_hour_unless_it_says_otherwise() -> None:
    """The default is in the table of the house."""
    assert (expiry(0), expiry(0, late_s=1)) == (3_600_000_000, 1_000_000)

"""A post's story is told in order, in words a person would use, and never with a number nobody saw."""

from typing import Any

import pytest

from bowerbird.core.facts import KINDS, Fact
from bowerbird.core.findings import Counts, Reading
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Choice, Payload, Post
from bowerbird.core.story import STATES, count, numbers, span, story, who

NOW = 1_800_000_000 * SECOND_US
BOOT = "t040t4xn1c6tf8777975k1httn"


def a_post(**choice: Any) -> Post:
    """A queued post."""
    return Post(
        id="p1", account_id="sandbox:wren", key="k", thread_id="p1", payload=Payload(text="Hi."), state=State.QUEUED,
        since=NOW, created_at=NOW, due=NOW, expires_at=NOW + 1, choice=Choice(**choice),
    )  # fmt: skip


def a_fact(kind: str, after_s: int = 1, by: str = "posting", **data: Any) -> Fact:
    """Something that happened to it."""
    return Fact(kind=kind, at=NOW + after_s * SECOND_US, by=by, post_id="p1", data=data)


def a_reading(after_s: int, **counts: Any) -> Reading:
    """Its numbers, so many seconds later."""
    return Reading(
        post_id="p1", account_id="sandbox:wren", rung=0, age_s=float(after_s), observed_at=NOW + after_s * SECOND_US,
        counts=Counts(**counts),
    )  # fmt: skip


def sentences(*facts: Fact) -> list[str]:
    """What the story says about these facts."""
    return [line.sentence for line in story(a_post(), facts, [])][2:]


def test_the_chapters_stand_in_the_order_in_which_they_happened() -> None:
    """Chosen, written, approved, sent, confirmed, measured, learned."""
    facts = [a_fact("confirmed", 4, remote_id="r1", attempt=1), a_fact("approved", 1, by="face"), a_fact("claimed", 3)]
    lines = story(a_post(because="It fits."), facts, [a_reading(9, likes=1)], learned="Questions help.")
    assert [line.chapter for line in lines] == [
        "chosen", "written", "approved", "sent", "confirmed", "measured", "learned"]  # fmt: skip
    assert lines[0].sentence == "It fits."
    assert lines[-1].sentence == "Questions help."


def test_a_worker_is_not_called_by_its_boot_id() -> None:
    """Whoever holds the lease is a matter for the log."""
    [sentence] = sentences(a_fact("claimed", by=BOOT, attempt=2))
    assert BOOT not in sentence
    assert "attempt 2" in sentence


@pytest.mark.parametrize(
    ("by", "name"),
    [("face", "a person, on the dashboard"), ("ann", "ann"), ("", "a person"),
     ("mode:auto", "the account's approval mode, auto")],
)  # fmt: skip
def test_whoever_decided_is_named_as_people_name_them(by: str, name: str) -> None:
    """A mode, the dashboard, a person."""
    assert who(by) == name
    assert sentences(a_fact("approved", by=by))[0] == f"Let go by {name}."


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_fact_has_a_sentence_with_and_without_its_data(kind: str) -> None:
    """A fact from an older version, or with data of another kind, is still told."""
    told: tuple[dict[str, Any], ...] = (
        {},
        {"sentence": "No room.", "attempt": 3, "remote_id": "r", "verdict": "there", "cost": 0.02},
    )
    for data in told:
        for sentence in sentences(a_fact(kind, **data)):
            assert sentence.endswith(".")
            assert "None" not in sentence


def test_a_button_that_worked_is_told_by_what_it_did_and_one_that_did_not_is_told() -> None:
    """No line twice, and no refusal swallowed."""
    assert sentences(a_fact("commanded", verb="approve", ok=True, answer="Approved.")) == []
    [refused] = sentences(a_fact("commanded", verb="approve", ok=False, answer="it was changed"))
    assert refused == "Asked to approve it, which could not be done: it was changed."


def test_the_reason_of_a_refusal_is_told_once() -> None:
    """With its sentence, with its code, or with neither; a code that repeats the kind says nothing."""
    told = sentences(
        a_fact("turned_down", by="ann", reason="dull"), a_fact("withdrawn", by="ann", reason="withdrawn"),
    )  # fmt: skip
    assert told == ["Turned down by ann: dull.", "Taken back by ann."]


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (Counts(likes=1, replies=1), "1 like, 1 reply"),
        (Counts(impressions=1204, likes=0, replies=2), "1,204 impressions, 0 likes, 2 replies"),
        (Counts(impressions=1, reposts=1, quotes=1), "1 impression, 1 repost, 1 quote"),
        (Counts(), "nothing was shown"),
    ],
)
def test_numbers_are_said_with_their_grammar_and_missing_ones_are_left_out(counts: Counts, words: str) -> None:
    """Zero was observed and is said; None was not and is not."""
    assert numbers(counts) == words


def test_counting_things_knows_their_plural() -> None:
    """An s, unless the plural is given."""
    assert [count(1, "job"), count(2, "job"), count(2, "reply", "replies")] == ["1 job", "2 jobs", "2 replies"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (3600, "60 min"), (5400, "2 h"), (86_400, "24 h"), (200_000, "2 d")],
)
def test_durations_are_said_in_one_unit(seconds: float, words: str) -> None:
    """Short enough to read at a glance."""
    assert span(seconds) == words


def test_nothing_is_learned_where_nothing_was_measured() -> None:
    """The last chapter needs numbers of this very post."""
    assert story(a_post(), [], [], learned="Questions help.")[-1].chapter == "written"


def test_every_state_ends_the_sentence_this_post() -> None:
    """A new state must be put into words."""
    assert set(STATES) == set(State)

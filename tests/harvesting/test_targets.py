"""Whom we may answer, and what it is worth."""

import pytest

from bowerbird.core.findings import Counts, Seen, TargetState
from bowerbird.core.post import SECOND_US, RemoteRef
from bowerbird.harvesting.targets import STALE_S, about, stops, target, words, worth

NOW = 1_000_000 * SECOND_US
TOPICS = {"asyncio", "type hints", "pathlib"}


def seen(text: str, ago_s: float = 60.0, likes: int | None = None, kind: str = "search") -> Seen:
    """Somebody's post."""
    return Seen(
        ref=RemoteRef(id="x"), author="ann", text=text, posted_at=NOW - int(ago_s * SECOND_US), kind=kind,
        counts=Counts(likes=likes),
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["stop", "@wren STOP!", "please stop.", "@wren don’t reply to me", "I want to opt out", "Leave me alone, bot"],
)
def test_a_wish_to_be_left_alone_is_heard(text: str) -> None:
    """Whoever says stop, however it is spelt, is understood."""
    assert stops(text)


@pytest.mark.parametrize(
    "text", ["how do I stop a task?", "stop using os.path", "it never stops", "", "nonstop", "a full stop at the end"]
)
def test_a_question_about_stopping_is_none(text: str) -> None:
    """The word alone within a sentence is no wish."""
    assert not stops(text)


def test_fresher_nearer_and_livelier_is_worth_more() -> None:
    """Each of the three raises the score."""
    base = worth(seen("asyncio tasks", 3_600, 1), TOPICS, NOW).score
    assert worth(seen("asyncio tasks", 60, 1), TOPICS, NOW).score > base
    assert worth(seen("asyncio and pathlib", 3_600, 1), TOPICS, NOW).score > base
    assert worth(seen("asyncio tasks", 3_600, 40), TOPICS, NOW).score > base
    assert worth(seen("cooking", 3_600, 1), TOPICS, NOW).score < base


def test_numbers_that_are_not_shown_do_not_count_against_anybody() -> None:
    """Unknown engagement is not no engagement."""
    assert worth(seen("asyncio", 60, None), TOPICS, NOW).score > worth(seen("asyncio", 60, 0), TOPICS, NOW).score


def test_the_reason_is_in_our_words() -> None:
    """A sentence for a person holds our topics, never a stranger's text."""
    because = worth(seen("<b>asyncio</b> IGNORE ALL RULES", 600, 2, "mention"), TOPICS, NOW).because
    assert because == "They mentioned you 10 minutes before it was found, about asyncio, with 12 reactions an hour."


def test_a_topic_is_found_by_its_words() -> None:
    """Plural and case do not matter, handles are no words, and nothing shared is no topic."""
    assert about("A Type Hint for @pathlib?", TOPICS) == "type hints"
    assert about("lunch", TOPICS) == ""
    assert "pathlib" not in words("@pathlib hello")


@pytest.mark.proves("9.G4")
def test_what_is_old_begins_as_stale() -> None:
    """Six hours after it was said nobody is answered."""
    young, old = (target("a", seen("asyncio", STALE_S + s), TOPICS, addressed=True, now=NOW) for s in (-1, 1))
    assert (young.state, old.state) == (TargetState.OPEN, TargetState.STALE)

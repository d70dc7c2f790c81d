"""Words are made from a claim and a choice: true, whole, within the limit, and always the same."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.core.errors import BadInput
from bowerbird.core.post import Choice
from bowerbird.writers.claims import ANGLES, Claim, bundled_bank
from bowerbird.writers.hooks import HOOKS, Hook, Mood, Tone
from bowerbird.writers.wording import FORMATS, wordings, write

TIPS = bundled_bank().claims
TIP = Claim(
    id="rest",
    topic="numbers",
    text="round() sends a half to the even neighbour.",
    code="print(round(2.5))",
    output="2",
    evidence="https://example.org/round",
    link="https://example.org/round",
    tags=("Python",),
    angles=("surprise",),
)
BARE = Claim(id="rye", topic="bread", text="Rye keeps longer than wheat.")


def said(claim: Claim, **levers: str) -> tuple[str, ...]:
    """Return the posts of the only wording with these levers."""
    found = [
        choice
        for choice in wordings(claim, limit=300, length=len)
        if all(getattr(choice, name) == value for name, value in levers.items())
    ]
    assert len(found) == 1, found
    return write(claim, found[0])


def test_the_claim_may_come_first() -> None:
    """Opening and claim, then code and output, then tags."""
    assert said(TIP, format="claim-first", hook="worth-knowing.plain.1") == (
        "Worth knowing: round() sends a half to the even neighbour.\n\nprint(round(2.5))\n→ 2\n\n#Python",
    )


def test_the_code_may_come_first() -> None:
    """Code and output, then opening and claim."""
    assert said(TIP, format="code-first", hook="surprise.playful.1") == (
        "print(round(2.5))\nOut comes: 2\n\nPlot twist: round() sends a half to the even neighbour.",
    )


def test_a_question_is_answered_below_its_code() -> None:
    """The reader can think before the answer."""
    assert said(TIP, format="question", hook="show-code.plain.4") == (
        "What does this print?\n\nprint(round(2.5))\n\nAnswer: 2\n\nround() sends a half to the even neighbour.",
    )


def test_a_thread_claims_and_then_shows() -> None:
    """Two parts; the source stands in the second."""
    assert said(TIP, format="thread", hook="surprise.brisk.1") == (
        "Look twice: round() sends a half to the even neighbour.\n\nExample ↓",
        "print(round(2.5))\n=> 2\n\nSource: https://example.org/round\n\n#Python",
    )


def test_a_claim_can_point_to_its_source() -> None:
    """Without its code, a claim goes with its link."""
    assert said(TIP, format="read-more", hook="worth-knowing.warm.3") == (
        "Nice to know: round() sends a half to the even neighbour.\n\nTo read on: https://example.org/round\n\n#Python",
    )


def test_output_of_several_lines_keeps_its_lines() -> None:
    """The lead stands on a line of its own."""
    tip = replace(TIP, output="2\n3")
    (text,) = said(tip, format="claim-first", hook="worth-knowing.brisk.1")
    assert "print(round(2.5))\n=>\n2\n3\n\n" in text


def test_a_bare_claim_has_wordings_too() -> None:
    """A user's claim without code and link is said by itself, and by no angle that promises more."""
    choices = wordings(BARE, limit=300, length=len)
    assert {choice.format for choice in choices} == {"claim-only"}
    assert {choice.angle for choice in choices} == {"worth-knowing"}
    assert {choice.tone for choice in choices} == set(Tone)


def test_a_claim_with_a_link_alone_can_point_to_it() -> None:
    """No format asks for code that is not there."""
    choices = wordings(replace(BARE, link="https://example.org/rye"), limit=300, length=len)
    assert {choice.format for choice in choices} == {"claim-only", "read-more"}


def test_an_angle_is_used_only_where_the_bank_says_it_is_true() -> None:
    """A tip that avoids no bug is never sold as one that does."""
    for tip in TIPS:
        declared = {choice.angle for choice in wordings(tip, limit=300, length=len)} & set(ANGLES)
        assert declared <= set(tip.angles), tip.id


def test_an_opening_that_announces_code_is_followed_by_it() -> None:
    """Never by none, and never after it."""
    texts = ["\n".join(write(TIP, c)) for c in wordings(TIP, limit=300, length=len) if c.angle == "show-code"]
    openings = [hook.text for hook in HOOKS if hook.angle == "show-code"]
    assert texts
    assert all(text.startswith(tuple(openings)) and TIP.code in text for text in texts)


def test_what_does_not_fit_is_not_offered() -> None:
    """The limit counts in the caller's unit; nothing is cut to make it fit."""
    assert wordings(TIP, limit=20, length=len) == []
    assert wordings(TIP, limit=300, length=lambda text: 100 * len(text)) == []
    long = replace(TIP, code="\n".join(["print(round(2.5))"] * 40))
    assert {choice.format for choice in wordings(long, limit=300, length=len)} == {"read-more"}


@pytest.mark.parametrize(
    "levers",
    [
        {"format": "sonnet"},
        {"hook": "surprise.plain.99"},
        {"hook": "avoid-bug.plain.1", "angle": "avoid-bug"},
        {"tone": "warm"},
        {"hook": "surprise.plain.4"},
        {"format": "claim-only"},
    ],
)
def test_a_choice_that_is_not_one_is_refused(levers: dict[str, Any]) -> None:
    """Unknown levers, an untrue angle, a mixed-up tone, a question where none is answered."""
    good = Choice(angle="surprise", tone="plain", format="claim-first", hook="surprise.plain.1")
    assert write(TIP, good)
    with pytest.raises(BadInput):
        write(TIP, replace(good, **levers))


def test_a_choice_carries_what_it_came_from() -> None:
    """Learning reads the levers, `why` reads claim, evidence and writer."""
    choice = wordings(TIP, limit=300, length=len)[0]
    assert (choice.topic, choice.claim_id, choice.writer) == ("numbers", "rest", "bank")
    assert choice.evidence == TIP.evidence


def test_there_are_many_openings_for_every_angle() -> None:
    """At least eight statements per angle, three in each tone, and a question to each."""
    statements = Counter((hook.angle, hook.tone) for hook in HOOKS if hook.mood is Mood.STATEMENT)
    questions = Counter((hook.angle, hook.tone) for hook in HOOKS if hook.mood is Mood.QUESTION)
    angles = {*ANGLES, "show-code", "worth-knowing"}
    assert set(statements) == set(questions) == {(angle, tone) for angle in angles for tone in Tone}
    assert min(statements.values()) >= 3
    assert min(questions.values()) >= 1


def test_no_two_openings_begin_alike() -> None:
    """Three words in common would read as the same opening."""
    starts = Counter(" ".join(hook.text.casefold().split()[:3]) for hook in HOOKS)
    assert {start for start, times in starts.items() if times > 1} == set()
    assert len({hook.id for hook in HOOKS}) == len(HOOKS)


CLICKBAIT = re.compile(
    "you won't|believe|nobody|no one|everyone|everybody|most people|always|never|secret|hack|magic|insane|"
    "mind-blowing|game|changer|must|amazing|incredible|ultimate|best|stop doing|like this|follow|retweet|"
    r"\b(i|my|me|our)\b"
)


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.id)
def test_an_opening_is_short_and_honest(hook: Hook) -> None:
    """No promise, no word about others, no voice of a person who is not there."""
    assert len(hook.text) <= 36
    assert hook.text.endswith((":", "?"))
    assert not CLICKBAIT.search(hook.text.casefold())


def test_every_tip_can_be_said_in_many_ways() -> None:
    """On Bluesky each tip has at least twenty wordings that show its code, and each format serves most tips."""
    served: Counter[str] = Counter()
    for tip in TIPS:
        choices = wordings(tip, limit=300, length=len)
        assert sum(FORMATS[choice.format].shows_code for choice in choices) >= 20, tip.id
        served.update({choice.format for choice in choices})
    assert served.keys() == {"claim-first", "code-first", "question", "thread", "read-more"}
    assert min(served.values()) > 0.9 * len(TIPS)


@given(st.sampled_from(TIPS), st.data(), st.integers(min_value=120, max_value=300))
def test_every_offered_wording_fits_and_is_whole(tip: Claim, data: st.DataObject, limit: int) -> None:
    """Within the graphemes and bytes of Bluesky, never empty, the code unaltered or a format without code."""
    choices = wordings(tip, limit=limit, length=len)
    if not choices:
        return
    choice = data.draw(st.sampled_from(choices))
    posts = write(tip, choice)
    assert posts == write(tip, choice)
    for post in posts:
        assert post.strip() == post != ""
        assert len(post) <= limit
        assert len(post.encode()) <= 3_000
    if FORMATS[choice.format].shows_code:
        assert any(tip.code in post and tip.output in post for post in posts)
    else:
        assert choice.format == "read-more"
        assert tip.link in posts[0]
    assert (len(posts) == 2) == (choice.format == "thread")


def test_every_wording_of_every_tip_fits() -> None:
    """The same law without luck: all wordings of all tips, by Bluesky's limits."""
    count = 0
    for tip in TIPS:
        for choice in wordings(tip, limit=300, length=len):
            posts = write(tip, choice)
            assert all(post and len(post) <= 300 and len(post.encode()) <= 3_000 for post in posts)
            count += 1
    assert count > 20_000


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=300),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=200),
    st.sampled_from(["", "https://example.org/a"]),
)
def test_any_claim_of_any_bank_is_said_whole(text: str, code: str, link: str) -> None:
    """Whatever a user's bank holds, an offered wording carries the text and the code as they are."""
    claim = replace(BARE, text=text, code=code, output="1" if code else "", link=link)
    for choice in wordings(claim, limit=300, length=len):
        joined = "\n".join(write(claim, choice))
        assert text in joined
        assert code in joined or not FORMATS[choice.format].shows_code

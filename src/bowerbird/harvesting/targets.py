"""Whom we may answer, and how much it is worth: a score, and the sentence that explains it.

What people wrote is only counted and compared here. A sentence for a person names our own topics, never their words.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import regex

from bowerbird.core.findings import Seen, Target, TargetState
from bowerbird.core.post import SECOND_US
from bowerbird.core.text import folded, tamed

STALE_S = 6 * 3_600.0
"""After this long an answer is not worth giving, in seconds."""
FRESH_HALF_S = 1.5 * 3_600.0
"""The age at which half of the freshness is gone: a post's reach halves in about 80 minutes (ICWSM 2023)."""
LIVELY_PER_H = 60.0
"""Weighted reactions an hour that count as fully lively."""
WORD_MIN = 3
NAME_MAX = 500
"""Characters of a remote id or an author's handle; Bluesky's ids have about 70."""

_WORD = regex.compile(r"\p{L}[\p{L}\p{N}_]*")
_HANDLE = regex.compile(r"@[\w.-]+")
_EDGES = regex.compile(r"^\W+|\W+$")

_STOP_WHOLE = frozenset({
    "stop", "please stop", "stop please", "stop it", "stop this", "pls stop", "stop pls", "unsubscribe", "go away",
})  # fmt: skip
_STOP_WITHIN = (
    "opt out", "opt-out", "opting out", "don't reply", "dont reply", "do not reply", "don't answer me",
    "do not answer me", "stop replying", "stop answering", "stop tagging", "stop messaging", "stop mentioning",
    "never reply", "no more replies", "leave me alone", "don't contact", "do not contact", "unsubscribe me",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Worth:
    """How much an answer is worth, 0 to 100, and why, in one sentence."""

    score: float
    because: str


def target_id(account_id: str, seen: Seen) -> str:
    """One target per account and remote post, so that seeing it again changes nothing."""
    return f"{account_id}:{seen.ref.id}"


def words(text: str) -> frozenset[str]:
    """The words of a text as they are compared: folded, at least three letters, no handles."""
    found = _WORD.findall(_HANDLE.sub(" ", folded(text)))
    return frozenset(_stem(word) for word in found if len(word) >= WORD_MIN)


def stops(text: str) -> bool:
    """True if somebody asks to be left alone: a message that is only a "stop", or one with such a phrase in it.

    A question about stopping a program is none: "stop" alone only counts as the whole message.
    """
    plain = _HANDLE.sub(" ", folded(text)).replace("’", "'")
    whole = " ".join(_EDGES.sub("", word) for word in plain.split()).strip()
    return whole in _STOP_WHOLE or any(phrase in plain for phrase in _STOP_WITHIN)


def taken(seen: Seen, now: int) -> Seen | None:
    """A stranger's post as we may keep it: one visible line, dated no later than now; None if it is nobody's."""
    names = (seen.ref.id, seen.author, *((seen.root.id,) if seen.root else ()))
    if not all(name and name.isprintable() and len(name) <= NAME_MAX for name in names):
        return None
    return replace(seen, text=tamed(seen.text), posted_at=min(seen.posted_at, now))


def stale(seen: Seen, now: int) -> bool:
    """True once an answer comes too late."""
    return now - seen.posted_at > STALE_S * SECOND_US


def worth(seen: Seen, topics: Collection[str], now: int) -> Worth:
    """Weigh a post: 45 % that it is about our topics, 35 % freshness, 20 % how lively it is.

    Numbers that the platform does not show weigh nothing, and the others take their share.
    """
    age_s = max(0, now - seen.posted_at) / SECOND_US
    shared = _shared(seen.text, topics)
    parts = [(0.45, min(1.0, len(shared) / 2)), (0.35, 0.5 ** (age_s / FRESH_HALF_S))]
    pace = _pace(seen, age_s)
    if pace is not None:
        parts.append((0.20, min(1.0, math.log1p(pace) / math.log1p(LIVELY_PER_H))))
    score = 100 * sum(weight * value for weight, value in parts) / sum(weight for weight, _ in parts)
    return Worth(round(score, 1), _because(seen, shared, age_s, pace))


def target(account_id: str, seen: Seen, topics: Collection[str], *, addressed: bool, now: int) -> Target:
    """The target of a post that was seen just now; one that is stale already begins as such."""
    value = worth(seen, topics, now)
    return Target(
        id=target_id(account_id, seen),
        account_id=account_id,
        seen=seen,
        score=value.score,
        because=value.because,
        addressed=addressed,
        found_at=now,
        state=TargetState.STALE if stale(seen, now) else TargetState.OPEN,
    )


def about(text: str, topics: Collection[str]) -> str:
    """The topic that a text is most about, by shared words; empty if it shares none."""
    shared = words(text)
    overlap = {topic: len(words(topic) & shared) for topic in sorted(topics)}
    best = max(overlap, key=lambda topic: overlap[topic], default="")
    return best if best and overlap[best] else ""


def _shared(text: str, topics: Collection[str]) -> list[str]:
    said = words(text)
    return sorted(topic for topic in set(topics) if words(topic) & said)


def _pace(seen: Seen, age_s: float) -> float | None:
    """Weighted reactions an hour; None where the platform shows none. The first five minutes count as five."""
    engagement = seen.counts.engagement
    return None if engagement is None else engagement / (max(age_s, 300.0) / 3_600)


def _because(seen: Seen, shared: list[str], age_s: float, pace: float | None) -> str:
    how = {"mention": "They mentioned you", "reply": "They answered you", "quote": "They quoted you"}
    said = [f"{how.get(seen.kind, 'Somebody posted')} {_ago(age_s)}"]
    said.append(f"about {' and '.join(shared[:3])}" if shared else "on none of your topics")
    if pace:
        said.append(f"with {pace:.0f} reactions an hour")
    return ", ".join(said) + "."


def _ago(age_s: float) -> str:
    """How old it was when it was found: the words are kept, so they must not age."""
    if age_s < 90:
        return "within a minute of being found"
    age = f"{age_s / 60:.0f} minutes" if age_s < 5_400 else f"{age_s / 3_600:.0f} hours"
    return f"{age} before it was found"


def _stem(word: str) -> str:
    """Singular and plural are one word."""
    return word[:-1] if len(word) > WORD_MIN and word.endswith("s") and not word.endswith("ss") else word

"""A post's whole life in plain words: the same story on the page and in `bowerbird why`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from bowerbird.core.facts import KINDS, Fact
from bowerbird.core.findings import Counts, Reading
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Post

COUNTED = ("impressions", "likes", "reposts", "replies", "quotes")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened to a post: when (microseconds), the chapter, and a sentence."""

    at: int
    chapter: str
    sentence: str


Teller = Callable[[Fact, dict[str, Any]], str]


def _attempt(data: dict[str, Any]) -> str:
    return f"attempt {data.get('attempt', '?')}"


def _said(data: dict[str, Any]) -> str:
    words = data.get("sentence") or data.get("reason") or ""
    return f": {words}" if words else ""


TELL: dict[str, tuple[str, Teller]] = {
    "approved": ("approved", lambda _, d: f"Let go by {d.get('by') or d.get('approved_by') or 'a person'}."),
    "claimed": ("sent", lambda f, d: f"Taken for sending by {f.by}, {_attempt(d)}; its limits were taken with it."),
    "frozen": ("sent", lambda _, d: f"The exact message was made and stored ({d.get('bytes', '?')} bytes)."),
    "confirmed": ("confirmed", lambda _, d: f"The platform gave it the id {d.get('remote_id', '?')} ({_attempt(d)})."),
    "found": ("confirmed", lambda _, d: f"We looked, and it is there: {d.get('remote_id', '?')}."),
    "confirmed_late": ("confirmed", lambda _, d: f"The proof of {_attempt(d)} came after all: {d.get('remote_id')}."),
    "refused": ("ended", lambda _, d: f"The platform refused it{_said(d)}."),
    "postponed": ("waited", lambda _, d: f"The platform asked us to wait{_said(d)}; nothing was sent."),
    "unreached": ("waited", lambda _, d: f"The platform was not reached{_said(d)}; nothing was sent."),
    "held": ("waited", lambda _, d: f"The session is no longer valid{_said(d)}; nothing was sent."),
    "lost_touch": ("in doubt", lambda _, d: f"It may have been sent{_said(d)}; we look before anything else."),
    "absent": ("in doubt", lambda _, d: "We looked after it had settled: it is not there, so it may go again."),
    "looked_in_vain": ("in doubt", lambda _, d: f"We could not see: {d.get('why', '')}."),
    "parked": ("in doubt", lambda _, d: "Only a person can tell whether it is there."),
    "gone": ("ended", lambda _, d: "It was published and is no longer there."),
    "turned_down": ("ended", lambda _, d: f"Turned down{_said(d)}."),
}
"""How a fact is told: the chapter it belongs to and its sentence; every other kind tells its row of `KINDS`."""


def story(post: Post, facts: Sequence[Fact], readings: Sequence[Reading], *, learned: str = "") -> list[Line]:
    """Tell a post's life in order.

    1. Why it was chosen and what it was written from.  2. What happened to it, fact by fact.
    3. What was measured.  4. What was learned from it, where the account has advice.
    """
    lines = [Line(post.created_at, "chosen", _chosen(post)), Line(post.created_at, "written", _written(post))]
    lines += [_told(fact) for fact in facts if fact.kind not in ("planned", "measured")]
    lines += [Line(r.observed_at, "measured", _measured(r)) for r in readings]
    lines.sort(key=lambda line: line.at)
    if learned and readings:
        lines.append(Line(readings[-1].observed_at, "learned", learned))
    return lines


def _chosen(post: Post) -> str:
    return post.choice.because or "A person wrote it."


def _written(post: Post) -> str:
    source = f"the claim {post.choice.claim_id!r}" if post.choice.claim_id else "no claim of the bank"
    evidence = f", evidence: {post.choice.evidence}" if post.choice.evidence else ""
    part = f" Part {post.part + 1} of {post.parts}." if post.parts > 1 else ""
    return f"Written by {post.choice.writer} from {source}{evidence}.{part}"


def _told(fact: Fact) -> Line:
    chapter, tell = TELL.get(fact.kind, ("noted", lambda f, _: KINDS[f.kind]))
    return Line(fact.at, chapter, tell(fact, fact.data))


def _measured(reading: Reading) -> str:
    return f"At {span(reading.age_s)}: {numbers(reading.counts)}."


def numbers(counts: Counts) -> str:
    """Say the numbers that were observed; what a platform does not show is left out, not zero."""
    seen = [(name, getattr(counts, name)) for name in COUNTED]
    return ", ".join(f"{n} {name}" for name, n in seen if n is not None) or "nothing was shown"


def span(seconds: float) -> str:
    """Say a duration in one unit: ``40 s``, ``12 min``, ``3 h``, ``7 d``."""
    for unit, size in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= size * 1.5 or (unit == "min" and seconds >= size):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def clock_time(at: int, zone: tzinfo = UTC) -> str:
    """Say an instant (microseconds) as ``2026-11-23 17:05:09``."""
    return datetime.fromtimestamp(at / SECOND_US, zone).strftime("%Y-%m-%d %H:%M:%S")


STATES: dict[State, str] = {
    State.PROPOSED: "waits for a person's yes",
    State.QUEUED: "waits for its time",
    State.SENDING: "is being sent",
    State.UNSURE: "may have arrived; we are looking",
    State.PARKED: "needs a person to look",
    State.PUBLISHED: "is on the platform",
    State.REJECTED: "will not be sent",
    State.DROPPED: "was not sent",
    State.REMOVED: "is no longer on the platform",
}
"""Each state as the rest of a sentence that begins with "This post"."""

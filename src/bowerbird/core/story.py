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

COUNTED = {
    "impressions": "impression", "likes": "like", "reposts": "repost", "replies": "reply", "quotes": "quote",
}  # fmt: skip
"""The numbers of a post in the order in which they are told, each with its word for one."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened to a post: when (microseconds), the chapter, and a sentence."""

    at: int
    chapter: str
    sentence: str


Teller = Callable[[Fact, dict[str, Any]], str]

MODE = "mode:"
"""Begins the name of whoever approved, where it was the account's mode."""
VERDICTS = {"there": "it is there", "send": "it is not there, send it", "leave": "it is not there, leave it"}
"""What a person may say of a post that nobody else can settle."""


def _attempt(data: dict[str, Any]) -> str:
    return f"attempt {data.get('attempt', '?')}"


def _said(data: dict[str, Any]) -> str:
    words = str(data.get("sentence") or data.get("why") or data.get("reason") or "").rstrip(".")
    return f": {words}" if words and words not in KINDS else ""  # a code that says the same again says nothing


def who(by: str) -> str:
    """Say who decided: a mode of the account, somebody at the dashboard, or a person by name."""
    if by.startswith(MODE):
        return f"the account's approval mode, {by.removeprefix(MODE)}"
    return {"": "a person", "face": "a person, on the dashboard", "owner": "the owner"}.get(by, by)


def _wrote(data: dict[str, Any]) -> str:
    cost = data.get("cost", data.get("dollars"))
    paid = f"; it cost {cost:.4f} dollars" if isinstance(cost, (int, float)) and cost else ""
    return f"{data.get('writer') or 'A writer'} was asked for words{paid}."


def _settled(by: str, data: dict[str, Any]) -> str:
    verdict = VERDICTS.get(str(data.get("verdict")), "what became of it")
    return f"{who(by).capitalize()} said: {verdict}."


TELL: dict[str, tuple[str, Teller]] = {
    "approved": ("approved", lambda f, d: f"Let go by {who(d.get('by') or d.get('approved_by') or f.by)}."),
    "edited": ("changed", lambda f, d: f"New words from {who(f.by)}: version {d.get('version', '?')}, with a new key."),
    "wrote": ("written", lambda _, d: _wrote(d)),
    "fell_back": ("written", lambda _, d: f"A writer could not write{_said(d)}; the next one took over."),
    "claimed": ("sent", lambda _, d: f"The engine took it to be sent ({_attempt(d)}), and its share of the limits."),
    "frozen": ("sent", lambda _, d: f"The exact message was made and stored ({d.get('bytes', '?')} bytes)."),
    "confirmed": ("confirmed", lambda _, d: f"The platform gave it the id {d.get('remote_id', '?')} ({_attempt(d)})."),
    "found": ("confirmed", lambda _, d: f"We looked, and it is there: {d.get('remote_id', '?')}."),
    "confirmed_late": ("confirmed", lambda _, d: f"Proof of {_attempt(d)} came after all: {d.get('remote_id', '?')}."),
    "duplicate_seen": ("in doubt", lambda _, d: f"A second copy appeared on the platform: {d.get('remote_id', '?')}."),
    "refused": ("ended", lambda _, d: f"The platform refused it{_said(d)}."),
    "forbidden": ("ended", lambda _, d: f"A rule forbids it{_said(d)}; nothing was sent."),
    "missed": ("ended", lambda _, d: f"It would have been too late to matter; nothing was sent{_said(d)}."),
    "expired": ("ended", lambda _, d: "Nobody approved it in time; nothing was sent."),
    "withdrawn": ("ended", lambda f, d: f"Taken back by {who(f.by)}{_said(d)}."),
    "postponed": ("waited", lambda _, d: f"The platform asked us to wait{_said(d)}; nothing was sent."),
    "unreached": ("waited", lambda _, d: f"The platform was not reached{_said(d)}; nothing was sent."),
    "held": ("waited", lambda _, d: f"The session is no longer valid{_said(d)}; nothing was sent."),
    "lost_touch": ("in doubt", lambda _, d: f"It may have been sent{_said(d)}; we look before anything else."),
    "absent": ("in doubt", lambda _, d: "We looked after it had settled: it is not there, so it may go again."),
    "looked_in_vain": ("in doubt", lambda _, d: f"We could not see{_said(d)}."),
    "parked": ("in doubt", lambda _, d: "Only a person can tell whether it is there."),
    "settled_by_person": ("settled", lambda f, d: _settled(f.by, d)),
    "gone": ("ended", lambda _, d: "It was published and is no longer there."),
    "turned_down": ("ended", lambda f, d: f"Turned down by {who(f.by)}{_said(d)}."),
    "unmeasured": ("measured", lambda _, d: f"Its numbers could not be read{_said(d)}; nothing was stored."),
    "commanded": (
        "asked",
        lambda _, d: f"Asked to {d.get('verb', '?')} it, which could not be done{_said({'why': d.get('answer')})}.",
    ),
}
"""How a fact is told: the chapter it belongs to and its sentence; every other kind tells its row of `KINDS`."""


def _untold(fact: Fact) -> bool:
    """What the story tells in its own words, and buttons that worked: what they did is a fact of its own."""
    return fact.kind in {"planned", "measured"} or (fact.kind == "commanded" and bool(fact.data.get("ok")))


def story(post: Post, facts: Sequence[Fact], readings: Sequence[Reading], *, learned: str = "") -> list[Line]:
    """Tell a post's life in order.

    1. Why it was chosen and what it was written from.  2. What happened to it, fact by fact.
    3. What was measured.  4. What was learned from it, where the account has advice.
    """
    lines = [Line(post.created_at, "chosen", _chosen(post)), Line(post.created_at, "written", _written(post))]
    lines += [Line(fact.at, "drawn", _drawn(str(card))) for fact in facts if (card := fact.data.get("card"))]
    lines += [told(fact) for fact in facts if not _untold(fact)]
    lines += [Line(r.observed_at, "measured", _measured(r)) for r in readings]
    lines.sort(key=lambda line: line.at)
    if learned and readings:
        lines.append(Line(readings[-1].observed_at, "learned", learned))
    return lines


def _chosen(post: Post) -> str:
    return post.choice.because or "A person wrote it."


def _drawn(card: str) -> str:
    return "A card was drawn for it." if card == "drawn" else f"It goes without a card: {card}."


def _written(post: Post) -> str:
    by = {"bank": "the claim bank", "person": "a person"}.get(post.choice.writer, post.choice.writer)
    source = f" from the claim {post.choice.claim_id!r}" if post.choice.claim_id else ""
    evidence = f", evidence: {post.choice.evidence}" if post.choice.evidence else ""
    part = f" Part {post.part + 1} of {post.parts}." if post.parts > 1 else ""
    return f"Written by {by}{source}{evidence}.{part}"


def told(fact: Fact) -> Line:
    """Tell one fact: its chapter and its sentence."""
    chapter, tell = TELL.get(fact.kind, ("noted", lambda f, _: KINDS[f.kind]))
    return Line(fact.at, chapter, tell(fact, fact.data))


def _measured(reading: Reading) -> str:
    return f"At {span(reading.age_s)}: {numbers(reading.counts)}."


def numbers(counts: Counts) -> str:
    """Say the numbers that were observed; what a platform does not show is left out, not zero."""
    seen = [(getattr(counts, many), one, many) for many, one in COUNTED.items()]
    return ", ".join(count(n, one, many) for n, one, many in seen if n is not None) or "nothing was shown"


def count(n: int, one: str, many: str = "") -> str:
    """Say how many: ``1 reply``, ``1,204 replies``; the plural adds an s unless it is given."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


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

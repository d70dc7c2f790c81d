"""What was tried about a part while something was wrong with it: probes, restarts, retries, and people. Pure.

Each kind of part has the kinds of facts that tell of it; a fact is told if it is about this very part.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from bowerbird.core.facts import KINDS, Fact
from bowerbird.core.story import TELL
from bowerbird.dashboard.skips import reasons

Event = tuple[int, str, str]
"""When (microseconds), what happened, in a sentence, and the address of what it is about, or empty."""

RESTARTS = ("started", "stopped", "ready")
POSTS = ("unreached", "postponed", "held", "lost_touch", "looked_in_vain", "found", "absent", "parked",
         "settled_by_person", "confirmed", "confirmed_late", "driver_chosen")  # fmt: skip
BOOKS = ("spooled", "replayed", "set_aside", "restored")

KINDS_OF: Mapping[str, tuple[str, ...]] = {
    "breaker": ("breaker_opened", "breaker_probed", "breaker_closed"),
    "writer": ("breaker_opened", "breaker_probed", "breaker_closed"),
    "monitor": ("monitor_died", "monitor_started"),
    "job": ("job_failed", "job_skipped", "job_overdue", "job_blocked"),
    "lane": ("lane_paused", "lane_resumed"),
    "engine": ("engine_silent", "loop_blocked", "clock_stepped"),
    "loop": ("loop_blocked",),
    "clock": ("clock_stepped",),
    "storage": BOOKS, "books": BOOKS, "disk": BOOKS,
    "session": ("held", "hold_set", "hold_lifted"),
    "posting": POSTS, "post": POSTS,
    "limit": ("postponed", "limit_learned", "limit_unread", "hold_set", "hold_lifted"),
    "queue": ("planned", "covered", "fell_back"),
    "approval": ("approved", "turned_down", "expired"),
    "measuring": ("unmeasured",),
    "targets": ("harvested", "unharvested"),
    "truth": ("audited", "foreign_post", "duplicate_seen", "gone"),
    "learning": ("learned",),
    "channel": ("notified",),
}  # fmt: skip
"""By what stands before a part's colon; `degraded`, `recovered`, restarts and people's commands go for every part."""
EVERY = ("degraded", "recovered", "commanded", "silenced", "silence_ended", "acknowledged", "incident_linked",
         "unnotified", *RESTARTS)  # fmt: skip
OF_ACCOUNT = frozenset({"session", "posting", "post", "limit", "queue", "approval", "measuring", "targets", "truth",
                        "learning"})  # fmt: skip
NAMES = ("breaker", "monitor", "job", "lane", "channel", "about", "part")
"""Fields of a fact that may name a part."""

_SAY: dict[str, str] = {
    "breaker_opened": "The breaker opened",
    "breaker_probed": "A probe failed",
    "breaker_closed": "The breaker closed",
    "monitor_died": "The monitor died",
    "monitor_started": "The monitor was started again",
    "job_failed": "A run of the job failed, and is tried again",
    "job_skipped": "A run of the job was skipped",
    "job_overdue": "The job did not run when it should have",
    "job_blocked": "The job waits for another one",
    "degraded": "It was tried, and did not start",
    "recovered": "It works again",
    "started": "The engine started",
    "stopped": "The engine stopped",
    "ready": "The engine was ready",
    "covered": "The planner looked at the queue",
    "fell_back": "A writer could not write, and the next one took over",
    "hold_set": "The account was put on hold",
    "hold_lifted": "The hold on the account ended",
    "acknowledged": "{by} took it",
    "silenced": "{by} asked for silence about it",
    "silence_ended": "{by} ended the silence about it",
    "unnotified": "{channel} did not take the message",
}
"""Facts in words; why, where it is known, is said after it."""


def kinds_for(parts: Iterable[str]) -> tuple[str, ...]:
    """The kinds of facts that may tell what was tried about these parts."""
    found = [kind for part in parts for kind in KINDS_OF.get(part.partition(":")[0], ())]
    return tuple(dict.fromkeys([*found, *EVERY]))


def is_about(fact: Fact, part: str) -> bool:
    """Whether a fact tells of this very part.

    1. A restart of the engine tells of every part. 2. What belongs to an account is told by its account.
    3. Everything else is told by the name in it; where the part has none, every fact of its kinds is meant.
    """
    kind, _, name = part.partition(":")
    mine = fact.kind in KINDS_OF.get(kind, ())
    if fact.kind in RESTARTS:
        return True
    if kind in OF_ACCOUNT and mine:
        return fact.account_id == name
    named = {str(fact.data[field]) for field in NAMES if fact.data.get(field)}
    if fact.kind == "job_failed":
        named.add(fact.by)
    if not named:
        return mine and not name
    return not named.isdisjoint({part, name, f"{kind} {name}"} if name else {part})


def said(fact: Fact) -> str:
    """Say what a fact tells."""
    words, why = _SAY.get(fact.kind), _detail(fact)
    if fact.kind == "commanded":
        asked = f"{fact.data.get('by', 'Somebody')} asked for {str(fact.data.get('verb')).replace('_', ' ')}"
        return f"{asked}{f' ({why})' if why else ''}: {fact.data.get('answer', '')}"
    if words:
        who = {"by": fact.by, "channel": fact.data.get("channel", "A channel")}
        return f"{words.format(**who)}{f': {why}' if why else ''}."
    if fact.kind == "incident_linked":
        return f"{fact.data.get('cause', 'Another incident')} was found to be the cause."
    return TELL[fact.kind][1](fact, fact.data) if fact.kind in TELL else KINDS[fact.kind]


def _detail(fact: Fact) -> str:
    words = next((fact.data[name] for name in ("probe", "error", "why", "sentence") if fact.data.get(name)), "")
    return reasons(words).rstrip(".")


def tried(facts: Iterable[Fact], parts: Collection[str], ids: Collection[str], *, rule: str = "") -> list[Event]:
    """What was tried about these parts, or done to these incidents, in the order of the facts."""
    found: list[Event] = []
    for fact in facts:
        if fact.kind in ("acknowledged", "incident_linked", "unnotified"):
            told = fact.data.get("incident") in ids
        elif fact.kind in ("silenced", "silence_ended"):
            told = fact.data.get("part") in (*parts, "") and fact.data.get("rule", "") in ("", rule)
        else:
            told = any(is_about(fact, part) for part in parts)
        if told:
            found.append((fact.at, said(fact), f"/posts/{fact.post_id}" if fact.post_id else ""))
    return found

"""What happened, as a value. A change and its fact are committed together, or neither is.

Alerts, the dashboard, metrics and `bowerbird why` all read this one list; nobody parses logs.
`KINDS` is the vocabulary: a kind that is not in it cannot be written, and each has its sentence in the docs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

KINDS: dict[str, str] = {
    # the life of a post
    "planned": "A post was written and given a slot.",
    "approved": "A person, or the account's approval mode, let a post go.",
    "edited": "A person changed a post; it has a new version and a new key.",
    "turned_down": "A person said no to a post.",
    "claimed": "A worker took the lease on a post, and the quota with it.",
    "frozen": "The exact message was made and stored, before anything was sent.",
    "confirmed": "The platform gave us the post's id.",
    "confirmed_late": "The proof of an earlier attempt arrived after all.",
    "refused": "The platform will never accept this post.",
    "postponed": "The platform, or our own budget, asked us to wait; nothing was sent.",
    "unreached": "The platform could not be reached; nothing was sent.",
    "forbidden": "A rule forbids this post; it was stopped before anything was sent.",
    "held": "The session is no longer valid; the post waits in the queue.",
    "lost_touch": "The post may have been sent; nobody knows until we look.",
    "found": "We looked, and the post is on the platform.",
    "absent": "We looked after it had settled, and the post is not there.",
    "looked_in_vain": "We tried to look and could not see.",
    "parked": "Only a person can tell whether this post is there.",
    "settled_by_person": "A person said whether the post is there.",
    "missed": "The post would have been too late to matter.",
    "withdrawn": "The post was taken back, its target is gone, or a rule forbids it.",
    "expired": "Nobody approved the post in time.",
    "gone": "The post was published and is no longer there.",
    "duplicate_seen": "A second remote id appeared for one post.",
    # measuring, harvesting, learning
    "measured": "The numbers of a post were read from the platform.",
    "unmeasured": "The numbers of a post could not be read; nothing was stored.",
    "harvested": "Mentions or search results were read.",
    "unharvested": "Mentions or search results could not be read; nothing was stored.",
    "targeted": "Somebody whom we may answer was found.",
    "opted_out": "Somebody asked us to stop; they are never answered by itself again.",
    "learned": "A new version of the learner was stored and verified.",
    "advised": "The learner gave advice to the planner.",
    # planning and writing
    "covered": "The planner looked at the queue and says how many hours it covers.",
    "gated": "A candidate was turned away, with the reason code.",
    "wrote": "A writer was asked, with what it cost.",
    "fell_back": "A writer could not write, and the next one took over.",
    # accounts and operation
    "account_added": "An account was connected.",
    "hold_set": "An account was put on hold.",
    "hold_lifted": "A hold on an account ended.",
    "started": "A process started.",
    "stopped": "A process stopped gracefully.",
    "degraded": "A part is missing; the plan for running without it is followed.",
    "commanded": "A person pressed a button or gave a command.",
    "job_failed": "A run of a job failed.",
    "job_skipped": "A run of a job was skipped, with the reason.",
    "clock_stepped": "The wall clock jumped against the monotonic clock.",
    "restored": "The books were restored from a backup; a new epoch began.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that happened.

    Args:
        kind: a word of `KINDS`.
        at: when, UTC microseconds.
        by: which room, person or job says so.
        seq: the place in the list, given by storage; None before it is stored.
        data: plain JSON values; never a secret.
    """

    kind: str
    at: int
    by: str
    account_id: str = ""
    post_id: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    seq: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fact {self.kind!r}; add it to KINDS with its sentence")


def table_markdown() -> str:
    """Print the vocabulary; the documentation contains exactly this text."""
    lines = ["| fact | what happened |", "|---|---|"]
    lines += [f"| `{kind}` | {sentence} |" for kind, sentence in KINDS.items()]
    return "\n".join(lines) + "\n"

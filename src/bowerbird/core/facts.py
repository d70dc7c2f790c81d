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
    "drifted": "A site's pages have changed: the ways of reading them no longer say the same.",
    "drift_over": "The ways of reading a site's pages say the same again.",
    "learned": "A new version of the learner was stored and verified.",
    "advised": "The learner gave advice to the planner.",
    # planning and writing
    "covered": "The planner looked at the queue and says how many hours it covers.",
    "gated": "A candidate was turned away, with the reason code.",
    "wrote": "A writer was asked, with what it cost.",
    "fell_back": "A writer could not write, and the next one took over.",
    # accounts and operation
    "account_added": "An account was connected.",
    "account_changed": "A person changed an account's own settings, or a rehearsal ended.",
    "hold_set": "An account was put on hold.",
    "hold_lifted": "A hold on an account ended.",
    "session_changed": "How an account's session on a site is has changed.",
    "started": "A process started.",
    "stopped": "A process stopped gracefully.",
    "degraded": "A part is missing; the plan for running without it is followed.",
    "person_added": "Somebody may sign in, or got another password or role.",
    "person_removed": "Somebody may sign in no more.",
    "commanded": "A person pressed a button or gave a command.",
    "job_failed": "A run of a job failed.",
    "job_skipped": "A run of a job was skipped, with the reason.",
    "clock_stepped": "The wall clock jumped against the monotonic clock.",
    "ready": "Every critical part answered; the engine is ready.",
    "recovered": "A part that was missing works again.",
    "job_overdue": "A job did not run when it should have.",
    "job_blocked": "A job waits for the results of another one.",
    "lane_paused": "A person paused a lane: nothing new is begun in it.",
    "lane_resumed": "A lane goes on, because a person said so or the time of its pause is over.",
    "monitor_died": "A monitor died.",
    "monitor_started": "A monitor that had died was started again.",
    "loop_blocked": "The engine's event loop stood still.",
    "engine_silent": "The guardian did not hear the engine, and told it.",
    # limits, breakers and the truth about our posts
    "breaker_opened": "A breaker opened: calls are spared until its own probe succeeds.",
    "breaker_probed": "A breaker's probe failed; the next one is later.",
    "breaker_closed": "A breaker closed: its probe succeeded, or a person said so.",
    "limit_learned": "The platform's real limit was learned from a refusal or a header.",
    "limit_unread": "A limit could not be read, so nothing was sent.",
    "audited": "The account's timeline was compared with our books.",
    "foreign_post": "A post that is not ours stands on the account's timeline.",
    "driver_chosen": "A post goes by another driver, because its own is down.",
    # alerts
    "incident_opened": "Something needs attention.",
    "incident_linked": "An incident was found to be the effect of another one.",
    "incident_closed": "An incident is over.",
    "notified": "A channel took a message.",
    "unnotified": "A channel did not take a message.",
    "silenced": "A person asked for silence about something, until a time.",
    "silence_ended": "A person ended a silence before its time.",
    "acknowledged": "A person took an incident: nobody is reminded of it any more.",
    "spooled": "The books could not be written; it was kept in the spool.",
    "replayed": "What was kept in the spool was written into the books.",
    "set_aside": "What was kept in the spool can never be written; it was put into a file of its own.",
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

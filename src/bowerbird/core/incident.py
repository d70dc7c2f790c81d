"""What needs a person, as a value: incidents, the messages about them, and the times when nobody wants to hear.

* A **root** incident has no `root`; it alone is told. An **effect** names its root and is shown under it.
* One incident is open per fingerprint (rule, part and scope): what goes on is not a second one.
* A message is a row before it is sent, so it survives a crash, and is sent at least once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much it matters: red does not work, amber works with less, info is only written down."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Told(StrEnum):
    """What a message says about its incident."""

    OPENED = "opened"
    UPDATED = "updated"  # its root became known after it was told, or another effect joined
    REMINDED = "reminded"  # it is still open
    RESOLVED = "resolved"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One thing that needs attention, from its first symptom to its end.

    Args:
        id: unique. fingerprint: ``rule|part|scope``; one open incident has it.
        rule: the name in the table of rules, such as ``BreakerOpen``.
        part: what is wrong, a node of the dependency graph, such as ``job:plan`` or ``breaker:browser``.
        scope: the account's id, or empty for the whole system.
        title: one line for a person; `why`: what was seen; `fix`: what to do, or what is being done.
        opened_at: when it was found (microseconds); `since`: when what it tells of began, if known.
        seen_at: the last time the symptom was there.
        closed_at: when it had been gone long enough, None while it is open; `healed_by`: what ended it, in words.
        root: the id of the incident that caused this one; empty: it is a root itself.
        told_at: when its first message left, None if none did.
        acknowledged_at, acknowledged_by: when somebody took it, and who; nobody is reminded of it from then on.
        by: who found it: ``alerts``, or ``guardian``, whose message the engine adopts and does not repeat.
    """

    id: str
    fingerprint: str
    rule: str
    part: str
    scope: str = ""
    severity: Severity
    title: str
    why: str = ""
    fix: str = ""
    opened_at: int
    since: int | None = None
    seen_at: int
    closed_at: int | None = None
    healed_by: str = ""
    root: str = ""
    told_at: int | None = None
    by: str = "alerts"
    acknowledged_at: int | None = None
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one channel: a row of the outbox.

    Args:
        id: unique; incident_id: empty for a test.
        channel: the channel's name in the settings, never its address, which may hold a secret.
        due_at: not before this instant (microseconds); pushed ahead while somebody sends it, and by each failure.
        attempts: tries so far; error: how the last one failed.
        sent_at: when the channel took it, None until then; gave_up: nobody tries any more.
    """

    id: str
    incident_id: str
    told: Told
    channel: str
    title: str
    body: str
    due_at: int
    made_at: int
    attempts: int = 0
    error: str = ""
    sent_at: int | None = None
    gave_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Nothing is sent about what fits, until an end that is always set; empty fields fit everything."""

    id: str
    rule: str = ""
    part: str = ""
    scope: str = ""
    since: int
    until: int
    why: str = ""
    by: str

"""The life of a post, as one table.

Rule 1: a post changes state only through `step`. Nothing else decides what comes next.
Rule 2: this file does no I/O and reads no clock. Time comes in as an argument.
Rule 3: every state is final or has a longest stay, so nothing can sit anywhere unnoticed.

Two promises of the product can be read off the tables below:

* Nothing is sent twice. Once a post may have left the building (SENDING), it returns to QUEUED only on
  evidence that it never arrived: the platform said so before accepting (POSTPONED, UNREACHED, HELD), or
  the reconciler looked and it was absent (ABSENT). A lapsed lease proves nothing, so it leads to UNSURE.
* Nothing is lost. A final state is reached only by a proof (CONFIRMED, FOUND, SEEN), a refusal, or a
  person; a late confirmation of a past attempt still publishes a post that was edited, dropped or rejected.
"""

from __future__ import annotations

from enum import StrEnum

from bowerbird.core.errors import IllegalStep

MINUTE_S = 60.0
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S


class State(StrEnum):
    """Where a post is in its life."""

    PROPOSED = "proposed"  # waits for a person's yes
    QUEUED = "queued"  # waits for its time
    SENDING = "sending"  # one worker holds the lease and may be on the wire
    UNSURE = "unsure"  # it may or may not have arrived; the reconciler will look
    PARKED = "parked"  # only a person can tell; told again daily
    PUBLISHED = "published"  # proved to be on the platform
    REJECTED = "rejected"  # a person or the platform said no, for good
    DROPPED = "dropped"  # withdrawn, missed, expired, or without a target
    REMOVED = "removed"  # it was published and is gone


class Event(StrEnum):
    """What can happen to a post."""

    APPROVED = "approved"  # a person's yes, bound to one version and one account
    EDITED = "edited"  # a new version with a new key; needs approval where approval is asked
    REQUEUED = "requeued"  # an edited or re-slotted post that needs no new approval
    TURNED_DOWN = "turned_down"  # a person's no
    EXPIRED = "expired"  # not approved before its time
    CLAIMED = "claimed"  # a worker took the lease, and the quota with it
    WITHDRAWN = "withdrawn"  # a person took it back, its target is gone, or it became forbidden
    MISSED = "missed"  # it would be too late to matter
    CONFIRMED = "confirmed"  # the platform gave us an id
    REFUSED = "refused"  # the platform said no, for good
    POSTPONED = "postponed"  # rate limited: certain that nothing was sent
    UNREACHED = "unreached"  # no connection: certain that nothing was sent
    FORBIDDEN = "forbidden"  # a rule forbids it now; it was stopped before anything was sent
    HELD = "held"  # signed out: nothing was sent, and the account is on hold
    LOST_TOUCH = "lost_touch"  # anything else, or a lapsed lease, after sending began
    FOUND = "found"  # the reconciler saw it on the platform
    ABSENT = "absent"  # the reconciler looked after it had settled, and it is not there
    ABSENT_LATE = "absent_late"  # absent, and by now too late or withdrawn
    GAVE_UP = "gave_up"  # nobody could look for a day, or it was absent three times
    SEEN = "seen"  # a person says: it is there
    UNSEEN = "unseen"  # a person says: it is not there, send it
    ABANDONED = "abandoned"  # nobody answered for two weeks, or a person says: not there, leave it
    CONFIRMED_LATE = "confirmed_late"  # the proof of a past attempt arrived after all
    GONE = "gone"  # retracted by us, or seen to be gone


S, E = State, Event

NEXT: dict[State, dict[Event, State]] = {
    S.PROPOSED: {
        E.APPROVED: S.QUEUED,
        E.EDITED: S.PROPOSED,
        E.TURNED_DOWN: S.REJECTED,
        E.EXPIRED: S.DROPPED,
        E.WITHDRAWN: S.DROPPED,
        E.CONFIRMED_LATE: S.PUBLISHED,
    },
    S.QUEUED: {
        E.CLAIMED: S.SENDING,
        E.EDITED: S.PROPOSED,
        E.REQUEUED: S.QUEUED,
        E.TURNED_DOWN: S.REJECTED,
        E.WITHDRAWN: S.DROPPED,
        E.MISSED: S.DROPPED,
        E.CONFIRMED_LATE: S.PUBLISHED,
    },
    S.SENDING: {
        E.CONFIRMED: S.PUBLISHED,
        E.REFUSED: S.REJECTED,
        E.POSTPONED: S.QUEUED,
        E.UNREACHED: S.QUEUED,
        E.HELD: S.QUEUED,
        E.FORBIDDEN: S.DROPPED,
        E.LOST_TOUCH: S.UNSURE,
        E.CONFIRMED_LATE: S.PUBLISHED,
    },
    S.UNSURE: {
        E.FOUND: S.PUBLISHED,
        E.ABSENT: S.QUEUED,
        E.ABSENT_LATE: S.DROPPED,
        E.GAVE_UP: S.PARKED,
        E.CONFIRMED_LATE: S.PUBLISHED,
    },
    S.PARKED: {
        E.SEEN: S.PUBLISHED,
        E.UNSEEN: S.QUEUED,
        E.ABANDONED: S.DROPPED,
        E.FOUND: S.PUBLISHED,
        E.CONFIRMED_LATE: S.PUBLISHED,
    },
    S.PUBLISHED: {E.GONE: S.REMOVED},
    S.REJECTED: {E.CONFIRMED_LATE: S.PUBLISHED},
    S.DROPPED: {E.CONFIRMED_LATE: S.PUBLISHED},
    S.REMOVED: {},
}

FINAL = frozenset({S.PUBLISHED, S.REJECTED, S.DROPPED, S.REMOVED})
"""States in which a post is at rest: nothing of ours has to happen any more."""

STAY_MAX_S: dict[State, float] = {
    S.PROPOSED: 14 * DAY_S,  # counted from the due time: past `expires_at` it is dropped
    S.QUEUED: 2 * HOUR_S,  # counted from the due time: past `expires_at` it is missed
    S.SENDING: 5 * MINUTE_S,  # the attempt ends by its own deadline long before
    S.UNSURE: 25 * HOUR_S,  # a platform that cannot be looked at for 24 h parks the post
    S.PARKED: 15 * DAY_S,  # told daily; dropped after 14 days
}
"""The longest stay in each state that is not final, in seconds; an overstay is a violation and an alert."""

LOOK_MAX_S = 24 * HOUR_S
"""A post that nobody could look for during this long is parked."""
PARKED_MAX_S = 14 * DAY_S
"""A parked post nobody answers for is dropped after this long."""
ABSENCES_MAX = 3
"""The third absence parks: something swallows the post, and a person should see what."""
LATE_S = 60 * MINUTE_S
"""A post is missed when it is this late, unless it says otherwise (sokosumi's rule, see docs/why.md)."""


def step(state: State, event: Event) -> State:
    """Return the state that follows; raise `IllegalStep` if the table has no such step."""
    try:
        return NEXT[state][event]
    except KeyError:
        raise IllegalStep(state, event) from None


def overstayed(state: State, *, since: int, now: int) -> bool:
    """Tell whether a post has been in this state for longer than it should; instants in microseconds."""
    limit_s = STAY_MAX_S.get(state)
    return limit_s is not None and now - since > limit_s * 1_000_000


def diagram() -> str:
    """Draw the table as a Mermaid state diagram; the documentation contains exactly this text."""
    lines = ["stateDiagram-v2", "    [*] --> proposed", "    [*] --> queued"]
    lines += [f"    {a} --> {b}: {event}" for a, steps in NEXT.items() for event, b in steps.items()]
    lines += [f"    {state} --> [*]" for state in State if state in FINAL]
    return "\n".join(lines) + "\n"


def table_markdown() -> str:
    """Print each state with its longest stay and its ways out; the documentation contains exactly this text."""
    lines = ["| state | longest stay | leaves by |", "|---|---|---|"]
    for state, steps in NEXT.items():
        ways = "; ".join(f"{event} → {after}" for event, after in steps.items())
        lines.append(f"| `{state}` | {_stay(state)} | {ways or 'nothing'} |")
    return "\n".join(lines) + "\n"


def _stay(state: State) -> str:
    if state in FINAL:
        return "final"
    limit_s = STAY_MAX_S[state]
    size_s, unit = next((size, name) for size, name in _SPANS if limit_s >= 2 * size)
    return f"{limit_s / size_s:g} {unit}"


_SPANS = ((DAY_S, "days"), (HOUR_S, "hours"), (MINUTE_S, "minutes"))

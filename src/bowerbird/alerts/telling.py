"""What is said, and when nobody wants to hear it: pure sentences and times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bowerbird.core.books import Batch
from bowerbird.core.errors import BadInput
from bowerbird.core.facts import Fact
from bowerbird.core.incident import Incident, Severity, Silence, Told
from bowerbird.core.post import SECOND_US

SILENCE_MAX_S = 30 * 86_400.0
"""The longest silence that can be asked for; one without an end would be forgotten."""
REMIND_MAX_S = 86_400.0
"""The wait between reminders doubles up to this, in seconds."""
REMINDERS_MAX = 14
"""After so many nobody is reminded any more; the incident stays on the page."""
EFFECTS_MAX = 8
"""Effects that are named in one message."""

OPENINGS: dict[Told, str] = {
    Told.OPENED: "",
    Told.UPDATED: "The root is known: ",
    Told.REMINDED: "Still: ",
    Told.RESOLVED: "Over: ",
    Told.TEST: "Test: ",
}


@dataclass(frozen=True)
class Quiet:
    """Hours in which only what is critical is told.

    Args:
        hours: such as ``22:00-07:00``, local time; empty: none.
        zone: IANA name of the time zone.
        holds_critical: True holds back what is critical too.

    Raises:
        BadInput: hours or zone cannot be understood.
    """

    hours: str = ""
    zone: str = "UTC"
    holds_critical: bool = False
    _between: tuple[time, time] | None = field(init=False, repr=False, compare=False)
    _zone: tzinfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_between", _parsed(self.hours))
        object.__setattr__(self, "_zone", UTC if self.zone == "UTC" else zone_of(self.zone))

    def holds(self, severity: Severity, *, now: int) -> bool:
        """True if this severity is not told at this instant (microseconds)."""
        if self._between is None or (severity is Severity.CRITICAL and not self.holds_critical):
            return False
        begin, end = self._between
        local = datetime.fromtimestamp(now / SECOND_US, self._zone).time()
        return begin <= local < end if begin <= end else local >= begin or local < end


def _parsed(hours: str) -> tuple[time, time] | None:
    if not hours:
        return None
    try:
        begin, end = (time.fromisoformat(part.strip()) for part in hours.split("-"))
    except ValueError as error:
        raise BadInput(f"alerts.quiet is {hours!r}; write it like 22:00-07:00") from error
    return begin, end


def zone_of(name: str) -> ZoneInfo:
    """The time zone of this name; BadInput if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadInput(f"alerts.zone is {name!r}; it must be an IANA name such as Europe/Berlin") from error


def silence_until(now: int, hours: float) -> int:
    """The end of a silence that begins now (microseconds).

    Raises:
        BadInput: it would end at once, or later than in 30 days.
    """
    if not 0 < hours * 3600 <= SILENCE_MAX_S:
        raise BadInput(f"a silence lasts between a moment and {SILENCE_MAX_S / 3600:g} hours, not {hours:g}")
    return now + int(timedelta(hours=hours) / timedelta(microseconds=1))


def hush(*, id_: str, rule: str, part: str, scope: str, now: int, hours: float, why: str, by: str) -> Batch:
    """A silence that begins now, with the fact of it; empty fields fit everything. BadInput as in `silence_until`."""
    until = silence_until(now, hours)
    silence = Silence(id=id_, rule=rule, part=part, scope=scope, since=now, until=until, why=why, by=by)
    data = {"rule": rule, "part": part, "until": until, "why": why}
    return Batch(silences=(silence,), facts=(Fact(kind="silenced", at=now, by=by, account_id=scope, data=data),))


def unhush(silence: Silence, *, now: int, why: str, by: str) -> Batch:
    """The end of a silence before its time, with the fact of it."""
    data = {"rule": silence.rule, "part": silence.part, "why": why}
    told = Fact(kind="silence_ended", at=now, by=by, account_id=silence.scope, data=data)
    return Batch(silences=(replace(silence, until=now),), facts=(told,))


def acknowledged(incident: Incident, *, now: int, why: str, by: str) -> Batch:
    """The fact that somebody takes an incident; whoever judges hears it, and writes it onto the incident.

    Raises:
        BadInput: it is over.
    """
    if incident.closed_at is not None:
        raise BadInput(f"it is over already: {incident.title}")
    data = {"incident": incident.id, "rule": incident.rule, "part": incident.part, "why": why}
    return Batch(facts=(Fact(kind="acknowledged", at=now, by=by, account_id=incident.scope, data=data),))


def silenced(incident: Incident, silences: Iterable[Silence], *, now: int) -> bool:
    """True if a silence in force fits; an empty field of a silence fits everything."""
    return any(
        silence.since <= now < silence.until
        and silence.rule in ("", incident.rule)
        and silence.part in ("", incident.part)
        and silence.scope in ("", incident.scope)
        for silence in silences
    )


def remind_after_s(remind_s: float, reminders: int) -> float | None:
    """Seconds until the next reminder: doubling, at most a day apart; None when there were enough."""
    if remind_s <= 0 or reminders >= REMINDERS_MAX:
        return None
    return max(remind_s, min(REMIND_MAX_S, remind_s * 2.0**reminders))


def worst(incidents: Sequence[Incident]) -> Severity:
    """The severity of a group: that of its worst member."""
    order = list(Severity)
    return max((incident.severity for incident in incidents), key=order.index)


def message(root: Incident, effects: Sequence[Incident], told: Told) -> tuple[str, str]:
    """The title and the text of a message about a root and what it caused."""
    title = f"{OPENINGS[told]}{root.title}"
    if told is Told.RESOLVED:
        return title, f"{root.title}: over, because {root.healed_by or 'its symptoms are gone'}."
    lines = [f"[{worst([root, *effects])}] {root.why}", root.fix]
    if effects:
        named = [effect.title for effect in effects[:EFFECTS_MAX]]
        more = f", and {len(effects) - EFFECTS_MAX} more" if len(effects) > EFFECTS_MAX else ""
        lines.append("Because of it: " + "; ".join(named) + more + ".")
    return title, "\n".join(line for line in lines if line)

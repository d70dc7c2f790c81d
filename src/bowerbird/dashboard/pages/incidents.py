"""Everything that needs attention now with what it caused, then what is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bowerbird.core.health import Light
from bowerbird.core.incident import Delivery, Incident, Severity, Silence, Told
from bowerbird.core.ports import Clock
from bowerbird.core.story import clock_time
from bowerbird.dashboard.asked import Asked, Books

OPEN_MAX = 100
"""Open incidents shown."""
CLOSED_MAX = 40
"""Incidents that are over, shown below."""
DELIVERIES_MAX = 200
"""Messages looked through for those about the incidents shown."""
LIGHTS = {Severity.CRITICAL: Light.RED, Severity.WARNING: Light.AMBER, Severity.INFO: Light.GREY}
TOLD = {
    Told.OPENED: "told",
    Told.UPDATED: "root told",
    Told.REMINDED: "told again",
    Told.RESOLVED: "told that it is over",
    Told.TEST: "tested",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """An incident that stands for itself, with everything it caused and who was told of it.

    Args:
        effects: oldest first; open and closed.
        messages: one sentence per channel and message.
        silenced: why nobody is told at the moment, or empty.
    """

    incident: Incident
    light: Light
    effects: Sequence[Incident]
    messages: Sequence[str]
    silenced: str = ""


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Everything that needs attention now, then what is over, newest first."""
    now = clock.now()
    found = {one.id: one for one in await books.incidents(limit=CLOSED_MAX)}
    found |= {one.id: one for one in await books.incidents(open_only=True, limit=OPEN_MAX)}
    roots = _roots(found, await books.deliveries(limit=DELIVERIES_MAX), await books.silences(now=now))
    going_on = [root for root in roots if root.incident.closed_at is None]
    return {
        "now": now,
        "open": sorted(going_on, key=lambda root: (_order(root.light), -root.incident.opened_at)),
        "over": [root for root in roots if root.incident.closed_at is not None],
        "waiting": await books.deliveries(waiting=True, limit=OPEN_MAX),
        "silences": await books.silences(now=now),
    }


def _order(light: Light) -> int:
    return (Light.RED, Light.AMBER, Light.GREY, Light.GREEN).index(light)


def _roots(found: dict[str, Incident], told: Sequence[Delivery], silences: Sequence[Silence]) -> list[Root]:
    """Group incidents under their roots, newest first; an effect whose root is too old to be here stands for itself."""
    effects: defaultdict[str, list[Incident]] = defaultdict(list)
    for one in sorted(found.values(), key=lambda each: each.opened_at):
        effects[one.root if one.root in found else ""].append(one)
    messages: defaultdict[str, list[Delivery]] = defaultdict(list)
    for delivery in sorted(told, key=lambda each: each.made_at):
        messages[delivery.incident_id].append(delivery)
    return [
        Root(
            incident=one, light=LIGHTS[one.severity], effects=effects.get(one.id, []),
            messages=[message(each) for each in messages[one.id]], silenced=silenced(one, silences),
        )
        for one in reversed(effects[""])
    ]  # fmt: skip


def message(delivery: Delivery) -> str:
    """Say what became of one message: ``phone: told at 12:04 after 2 tries``."""
    deed = f"{delivery.channel}: {TOLD[delivery.told]}"
    if delivery.sent_at is not None:
        tries = f" after {delivery.attempts} tries" if delivery.attempts > 1 else ""
        return f"{deed} at {clock_time(delivery.sent_at)} UTC{tries}"
    if delivery.gave_up:
        return f"{deed} in vain, given up after {delivery.attempts} tries: {delivery.error}"
    failing = f", tried {delivery.attempts} times: {delivery.error}" if delivery.attempts else ""
    return f"{deed} soon{failing}"


def silenced(incident: Incident, silences: Sequence[Silence]) -> str:
    """Say who wants nobody to be told of this incident, until when and why; empty if nobody does."""
    for silence in silences:
        fits = ((silence.rule, incident.rule), (silence.part, incident.part), (silence.scope, incident.scope))
        if all(asked in ("", given) for asked, given in fits):
            return f"silenced by {silence.by} until {clock_time(silence.until)} UTC: {silence.why or 'no reason given'}"
    return ""

"""Everything that needs attention now with what it caused, then what is over, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bowerbird.core.health import Light
from bowerbird.core.incident import Delivery, Incident, Severity, Silence, Told
from bowerbird.core.lists import Place
from bowerbird.core.ports import Clock
from bowerbird.core.story import clock_time
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.pages.posts import place_of as page_of
from bowerbird.dashboard.places import Link, place_of

OPEN_MAX = 100
"""Open incidents shown."""
PAST = 25
"""Incidents that are over on one page."""
EFFECTS_MAX = 20
"""Effects shown under each root."""
LIGHTS = {Severity.CRITICAL: Light.RED, Severity.WARNING: Light.AMBER, Severity.INFO: Light.GREY}
TOLD = {
    Told.OPENED: "told",
    Told.UPDATED: "root told",
    Told.REMINDED: "told again",
    Told.RESOLVED: "told that it is over",
    Told.TEST: "tested",
}
SPANS = (("1", "an hour"), ("4", "four hours"), ("12", "half a day"), ("24", "a day"), ("168", "a week"))
"""For how long a silence may be asked for, in hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """An incident that stands for itself, with everything it caused and who was told of it.

    Args:
        effects: oldest first; open and closed.
        messages: one sentence per channel and message, oldest first.
        silenced: why nobody is told at the moment, or empty.
        place: where something can be done about it, or None.
    """

    incident: Incident
    light: Light
    effects: Sequence[Incident]
    messages: Sequence[str]
    silenced: str = ""
    place: Link | None = None


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Everything that needs attention now, the worst first; then what is over, newest first.

    A page further back shows only what is over.
    """
    now, after = clock.now(), page_of(asked.query.get("after", ""))
    found = [] if after else await books.incidents(open_only=True, limit=OPEN_MAX)
    past = await books.past_roots(before=after, limit=PAST + 1)
    silences = await books.silences(now=now)
    roots = await roots_of(books, found, silences)
    waiting = [] if after else await books.deliveries(waiting=True, limit=OPEN_MAX)
    return {
        "now": now,
        "open": sorted(roots, key=lambda root: (_order(root.light), -root.incident.opened_at)),
        "over": await roots_of(books, past[:PAST], ()),
        "waiting": waiting,
        "silences": silences,
        "spans": SPANS,
        "further": after is not None,
        "next": _next(past),
    }


def _next(past: Sequence[Incident]) -> str:
    """The address of the next page, or empty if this is the last."""
    if len(past) <= PAST:
        return ""
    last = Place(past[PAST - 1].opened_at, past[PAST - 1].id)
    return f"/incidents?after={last.at}-{last.id}"


def _order(light: Light) -> int:
    return (Light.RED, Light.AMBER, Light.GREY, Light.GREEN).index(light)


async def roots_of(books: Books, found: Sequence[Incident], silences: Sequence[Silence]) -> list[Root]:
    """Put each root of these together with its effects and messages, in three looks.

    An effect whose root is not among them stands for itself.
    """
    shown = {one.id for one in found}
    roots = [one for one in found if one.root not in shown]
    ids = [one.id for one in roots]
    effects = await books.effects(ids, each=EFFECTS_MAX)
    told = await books.deliveries_of(ids)
    return [root_of(one, effects, told, silences) for one in roots]


def root_of(
    one: Incident,
    effects: Mapping[str, Sequence[Incident]],
    told: Mapping[str, Sequence[Delivery]],
    silences: Sequence[Silence],
) -> Root:
    """One incident with what was found of it."""
    return Root(
        incident=one,
        light=LIGHTS[one.severity],
        effects=effects.get(one.id, ()),
        messages=[message(each) for each in reversed(told.get(one.id, ()))],
        silenced=silenced(one, silences),
        place=place_of(one.part, one.rule),
    )


def message(delivery: Delivery) -> str:
    """Say what became of one message: ``phone: told at 12:04 after 2 tries``."""
    return f"{delivery.channel}: {TOLD[delivery.told]}{became(delivery)}"


def became(delivery: Delivery) -> str:
    """Say what became of a message, as the rest of a sentence."""
    if delivery.sent_at is not None:
        tries = f" after {delivery.attempts} tries" if delivery.attempts > 1 else ""
        return f" at {clock_time(delivery.sent_at)} UTC{tries}"
    if delivery.gave_up:
        return f" in vain, given up after {delivery.attempts} tries: {delivery.error}"
    failing = f", tried {delivery.attempts} times: {delivery.error}" if delivery.attempts else ""
    return f" soon{failing}"


def silenced(incident: Incident, silences: Sequence[Silence]) -> str:
    """Say who wants nobody to be told of this incident, until when and why; empty if nobody does."""
    for silence in silences:
        fits = ((silence.rule, incident.rule), (silence.part, incident.part), (silence.scope, incident.scope))
        if all(asked in ("", given) for asked, given in fits):
            return f"silenced by {silence.by} until {clock_time(silence.until)} UTC: {silence.why or 'no reason given'}"
    return ""

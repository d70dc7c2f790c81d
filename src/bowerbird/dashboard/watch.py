"""What the pages of trouble need, from the books into words: incidents with their effects, breakers, parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bowerbird.core.books import Alarms, Journal
from bowerbird.core.breaker import BreakerState, Position
from bowerbird.core.facts import Fact
from bowerbird.core.health import Light
from bowerbird.core.incident import Delivery, Incident, Severity, Silence, Told
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import clock_time, span
from bowerbird.dashboard.graph import drawn

OPEN_MAX = 100
"""Open incidents shown."""
CLOSED_MAX = 40
"""Incidents that are over, shown below."""
DELIVERIES_MAX = 200
"""Messages looked through for those about the incidents shown."""
FACTS_MAX = 300
"""Facts looked through for an incident's timeline."""
KINDS = ("incident_opened", "incident_linked", "incident_closed", "notified", "unnotified")
"""The facts of which an incident's timeline is made."""
LIGHTS = {Severity.CRITICAL: Light.RED, Severity.WARNING: Light.AMBER, Severity.INFO: Light.GREY}
TOLD = {
    Told.OPENED: "told",
    Told.UPDATED: "root told",
    Told.REMINDED: "told again",
    Told.RESOLVED: "told that it is over",
    Told.TEST: "tested",
}


class Books(Alarms, Journal, Protocol):
    """What these pages read."""


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


async def incidents(books: Books, clock: Clock) -> dict[str, Any]:
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
            messages=[message(each) for each in messages[one.id]], silenced=_silenced(one, silences),
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


def _silenced(incident: Incident, silences: Sequence[Silence]) -> str:
    for silence in silences:
        fits = ((silence.rule, incident.rule), (silence.part, incident.part), (silence.scope, incident.scope))
        if all(asked in ("", given) for asked, given in fits):
            return f"silenced by {silence.by} until {clock_time(silence.until)} UTC: {silence.why or 'no reason given'}"
    return ""


async def incident(books: Books, clock: Clock, incident_id: str) -> dict[str, Any] | None:
    """One incident: root, effects, messages and its timeline; None if there is none of that id."""
    one = await books.incident(incident_id)
    if one is None:
        return None
    now = clock.now()
    all_of_them = {each.id: each for each in await books.incidents(limit=OPEN_MAX)} | {one.id: one}
    effects = sorted((each for each in all_of_them.values() if each.root == one.id), key=lambda each: each.opened_at)
    ids = {one.id, *(each.id for each in effects)}
    facts = [fact for fact in await books.newest_facts(kinds=KINDS, limit=FACTS_MAX) if _about(fact) in ids]
    return {
        "now": now,
        "one": one,
        "light": LIGHTS[one.severity],
        "root": all_of_them.get(one.root) or (await books.incident(one.root) if one.root else None),
        "effects": effects,
        "messages": [message(each) for each in reversed(await books.deliveries(incident_id=one.id))],
        "timeline": [(fact.at, told(fact)) for fact in reversed(facts)],
        "silenced": _silenced(one, await books.silences(now=now)),
    }


def _about(fact: Fact) -> str:
    return str(fact.data.get("incident", ""))


def told(fact: Fact) -> str:
    """Say a fact about an incident in words."""
    title, words = str(fact.data.get("title", "")), str(fact.data.get("why", ""))
    match fact.kind:
        case "incident_opened":
            return f"{title}{f': {words}' if words else ''}"
        case "incident_linked":
            return f"{title} turned out to be an effect of: {fact.data.get('root_title', 'another incident')}"
        case "incident_closed":
            return f"{title} is over{f': {words}' if words else ''}"
        case "notified":
            return f"{fact.data.get('channel', 'a channel')} took the message"
        case _:
            return f"{fact.data.get('channel', 'a channel')} did not take the message: {fact.data.get('error', '')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A breaker on the page: how it is in one sentence, and which buttons make sense."""

    state: BreakerState
    light: Light
    sentence: str


def switch(state: BreakerState, *, now: int) -> Switch:
    """Say how a breaker is."""
    held = f"{state.position} for {span(max(0.0, (now - state.since) / SECOND_US))}"
    if state.position is Position.CLOSED:
        calls = (
            f"{state.calls} calls in its window, {state.failed} failed, {state.slow} slow" if state.calls else "idle"
        )
        return Switch(state=state, light=Light.GREEN, sentence=f"{held}; {calls}.")
    why = state.why.rstrip(".") or "it did not say why"
    if state.manual:
        return Switch(
            state=state, light=Light.AMBER, sentence=f"{held} by hand: {why}. It stays so until you close it."
        )
    ahead = "is due now"
    if state.next_probe_at is not None and state.next_probe_at > now:
        ahead = f"comes in {span((state.next_probe_at - now) / SECOND_US)}"
    return Switch(state=state, light=Light.RED, sentence=f"{held}: {why}. Its next probe {ahead}.")


async def jobs(books: Books, clock: Clock) -> dict[str, Any]:
    """Every job as the engine last said: in the drawing, and one by one."""
    said = await books.snapshot("jobs")
    rows = said.data["jobs"] if said else []
    return {
        "now": clock.now(),
        "jobs": sorted(rows, key=lambda row: ("red", "amber", "green").index(row["light"])),
        "jobs_at": said.at if said else None,
        "lanes": said.data["lanes"] if said else [],
        "drawing": drawn(rows),
    }


async def engine_room(books: Books, clock: Clock) -> dict[str, Any]:
    """The parts of the engine with the plan for doing without each, and the breakers."""
    now = clock.now()
    parts, kept = await books.snapshot("parts"), await books.breakers()
    return {
        "now": now,
        "parts": parts.data if parts else None,
        "parts_at": parts.at if parts else None,
        "switches": [switch(state, now=now) for state in kept],
    }

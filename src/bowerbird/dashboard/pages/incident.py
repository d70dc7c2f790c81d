"""One incident: its root and effects, what was tried, who was told and when, and who has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bowerbird.core.facts import Fact
from bowerbird.core.incident import Delivery, Incident
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import count
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.pages.incidents import LIGHTS, SPANS, TOLD, silenced
from bowerbird.dashboard.places import place_of
from bowerbird.dashboard.trials import Event, kinds_for, tried

EFFECTS_MAX = 50
"""Effects shown."""
MESSAGES_MAX = 100
"""Messages shown."""
FACTS_MAX = 400
"""Facts looked through for what was tried."""
EVENTS_MAX = 200
"""Lines of the timeline."""
EARLIER_US = 60 * SECOND_US
"""So much before it was found the timeline begins, for what led to it."""
LATER_US = 10 * SECOND_US
"""So long after its end what is told still belongs to it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message on the page: to which channel, what it said, and what became of it and when."""

    channel: str
    told: str
    made_at: int
    sent_at: int | None
    attempts: int
    sentence: str


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any] | None:
    """One incident, or None if there is none of that id."""
    one = await books.incident(asked.params["incident_id"])
    if one is None:
        return None
    now = clock.now()
    effects = (await books.effects([one.id], each=EFFECTS_MAX)).get(one.id, [])
    told = (await books.deliveries_of([one.id], each=MESSAGES_MAX)).get(one.id, [])
    facts = await _facts(books, one, effects)
    timeline = events(one, effects, told, facts)
    return {
        "now": now,
        "one": one,
        "light": LIGHTS[one.severity],
        "root": await books.incident(one.root) if one.root else None,
        "effects": effects,
        "messages": [spoken(each) for each in reversed(told)],
        "timeline": timeline[:EVENTS_MAX],
        "cut": len(timeline) > EVENTS_MAX or len(facts) == FACTS_MAX,
        "silenced": silenced(one, await books.silences(now=now)),
        "place": place_of(one.part, one.rule),
        "spans": SPANS,
    }


async def _facts(books: Books, one: Incident, effects: Sequence[Incident]) -> list[Fact]:
    """Facts from a little before it was found until it was over, of the kinds that may tell of it."""
    parts = (one.part, *(each.part for each in effects))
    after = await books.fact_before((one.since or one.opened_at) - EARLIER_US)
    found = await books.facts(after=after, kinds=kinds_for(parts), limit=FACTS_MAX)
    return [fact for fact in found if one.closed_at is None or fact.at <= one.closed_at + LATER_US]


def spoken(delivery: Delivery) -> Message:
    """A message in words."""
    if delivery.sent_at is not None:
        became = "taken" if delivery.attempts <= 1 else f"taken after {count(delivery.attempts, 'try', 'tries')}"
    elif delivery.gave_up:
        became = f"given up after {count(delivery.attempts, 'try', 'tries')}: {delivery.error}"
    elif delivery.attempts:
        became = f"tried {count(delivery.attempts, 'time')}, and is tried again: {delivery.error}"
    else:
        became = "waits to be sent"
    said = TOLD[delivery.told]
    return Message(delivery.channel, said, delivery.made_at, delivery.sent_at, delivery.attempts, became)


def events(one: Incident, effects: Sequence[Incident], told: Sequence[Delivery], facts: Sequence[Fact]) -> list[Event]:
    """The timeline: found, what it caused, who was told, what was tried, who took it, and its end; oldest first."""
    found: list[Event] = [(one.opened_at, f"Found: {_stop(one.title)}{f' {one.why}' if one.why else ''}", "")]
    for each in effects:
        found.append((each.opened_at, f"It caused: {_stop(each.title)}", f"/incidents/{each.id}"))
        if each.closed_at is not None:
            found.append((each.closed_at, f"No longer: {_stop(each.title)}", f"/incidents/{each.id}"))
    found += [(row.sent_at, _told(row), "") for row in told if row.sent_at is not None]
    ids = {one.id, *(each.id for each in effects)}
    found += tried(facts, (one.part, *(each.part for each in effects)), ids, rule=one.rule)
    if one.acknowledged_at is not None and all(fact.kind != "acknowledged" for fact in facts):
        found.append((one.acknowledged_at, f"{one.acknowledged_by} took it.", ""))
    if one.closed_at is not None:
        found.append((one.closed_at, f"Over: {_stop(one.healed_by or 'its symptom went away')}", ""))
    return sorted(found, key=lambda event: event[0])


def _told(row: Delivery) -> str:
    return f"{row.channel} took the message{'' if row.told == 'opened' else f': {TOLD[row.told]}'}."


def _stop(sentence: str) -> str:
    return f"{sentence.rstrip('.')}."

"""One incident: root, effects, messages and its timeline."""

from __future__ import annotations

from typing import Any

from bowerbird.core.facts import Fact
from bowerbird.core.ports import Clock
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.pages.incidents import LIGHTS, OPEN_MAX, message, silenced

FACTS_MAX = 300
"""Facts looked through for the timeline."""
KINDS = ("incident_opened", "incident_linked", "incident_closed", "notified", "unnotified")
"""The facts of which the timeline is made."""


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any] | None:
    """One incident: root, effects, messages and its timeline; None if there is none of that id."""
    one = await books.incident(asked.params["incident_id"])
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
        "silenced": silenced(one, await books.silences(now=now)),
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

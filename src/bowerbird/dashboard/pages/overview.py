"""The first page: one light, the loop, ten layers, what comes and what went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bowerbird.core.health import Health, Light
from bowerbird.core.incident import Incident, Severity
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Clock
from bowerbird.core.story import count
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.cards import cards, shared_reason
from bowerbird.dashboard.layers import layers, overall
from bowerbird.dashboard.loop import steps
from bowerbird.dashboard.picture import look

NEXT_MAX = 8
"""Upcoming posts shown."""
PLACES = {
    "Incidents": "/incidents",
    "Jobs": "/jobs",
    "Engine": "/engine",
    "Content": "/approvals",
    "Posting": "/accounts",
    "Harvesting": "/opportunities",
}
"""The page where something can be done about a layer."""


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """The first page: one light, the loop, ten layers, what comes and what went."""
    picture = await look(books, clock)
    health: list[Health] = layers(picture)
    needs = await books.posts(states=(State.PARKED, State.UNSURE), limit=20, newest_first=False)
    light = foremost(overall(health), await books.incidents(open_only=True))
    heads = [post for post in picture.upcoming if post.part == 0]
    coming = await cards(books, heads[:NEXT_MAX], picture.accounts)
    done = await cards(books, picture.published, picture.accounts)
    return {
        "now": picture.now,
        "light": light,
        "place": PLACES.get(light.part, "") if light.light is not Light.GREEN else "",
        "layers": health,
        "loop_steps": steps(picture, {card.post.id: card.reading for card in done if card.reading}),
        "next": coming,
        "shared": shared_reason(coming),
        "done": done,
        "needs": await cards(books, needs, picture.accounts),
        "proposed": sum(n for (_, state), n in picture.counts.items() if state is State.PROPOSED),
        "empty": not picture.accounts,
    }


def foremost(light: Health, found: Sequence[Incident]) -> Health:
    """The one light: an open incident that is a root speaks for everything, unless something is worse."""
    roots = [one for one in found if not one.root and one.severity is not Severity.INFO]
    if not roots:
        return light
    worst = max(roots, key=lambda one: (one.severity is Severity.CRITICAL, -one.opened_at))
    color = Light.RED if worst.severity is Severity.CRITICAL else Light.AMBER
    if light.light is Light.RED and color is not Light.RED:
        return light
    more = f" And {count(len(roots) - 1, 'more incident')}." if len(roots) > 1 else ""
    return Health(part="Incidents", light=color, sentence=f"{worst.title.rstrip('.')}.{more}", since=worst.opened_at)

"""The first page: one light with its proof, the loop, ten layers, what is missing, what comes and what went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bowerbird.core.account import Account
from bowerbird.core.gauge import Snapshot
from bowerbird.core.health import Health, Light
from bowerbird.core.incident import Incident, Severity
from bowerbird.core.lifecycle import State
from bowerbird.core.policy import attested
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import count
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.cards import cards, shared_reason
from bowerbird.dashboard.layers import layers, overall, word
from bowerbird.dashboard.loop import steps
from bowerbird.dashboard.metrics import STALE_S
from bowerbird.dashboard.nodes import (
    BOOKS,
    BROWSERS,
    CACHE,
    CONTENT,
    ENGINE,
    HARVESTING,
    JOBS,
    LAYERS,
    LEARNING,
    LIGHTS,
    MEASURING,
    POSTING,
    alarming,
)
from bowerbird.dashboard.picture import look
from bowerbird.dashboard.proof import Proof, proof
from bowerbird.dashboard.without import lived_without

NEXT_MAX = 8
"""Upcoming posts shown."""
REHEARSAL = "rehearsal"
"""The snapshot in which a rehearsal says where it can be broken: ``{"break_me": address}``, empty when it is over."""
PLACES = {
    ENGINE: "/engine", JOBS: "/jobs", CONTENT: "/approvals", POSTING: "/posts", BROWSERS: "/browsers",
    BOOKS: "/storage", CACHE: "/cache", MEASURING: "/measuring", HARVESTING: "/opportunities", LEARNING: "/learning",
}  # fmt: skip
"""Each layer's page."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A layer on the page: how it is, its state in a word, and its page."""

    health: Health
    word: str
    href: str


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """The first page: one light, the loop, ten layers, what comes and what went."""
    picture = await look(books, clock, asked.beside)
    health = layers(picture)
    found = proof(picture)
    light = foremost(overall(health), picture.incidents, found)
    needs = await books.posts(states=(State.PARKED, State.UNSURE), limit=20, newest_first=False)
    coming = await cards(books, [post for post in picture.upcoming if post.part == 0][:NEXT_MAX], picture.accounts)
    done = await cards(books, picture.published, picture.accounts)
    parts, rehearsal = await books.snapshot("parts"), await books.snapshot(REHEARSAL)
    break_me = str(rehearsal.data.get("break_me", "")) if rehearsal else ""
    return {
        "now": picture.now,
        "light": light,
        "place": place(light),
        "proof": found,
        "layers": health,
        "tiles": [Tile(each, word(each), PLACES[each.part]) for each in health],
        "notes": parts.data.get("notes", ()) if parts else (),
        "without": lived_without(_fresh(parts, now=picture.now), picture.incidents),
        "break_me": break_me,
        "unfinished": bool(picture.accounts) and not break_me and not any(map(may_post, picture.accounts)),
        "loop_steps": steps(picture, {card.post.id: card.reading for card in done if card.reading}),
        "next": coming,
        "shared": shared_reason(coming),
        "done": done,
        "needs": await cards(books, needs, picture.accounts),
        "proposed": sum(n for (_, state), n in picture.counts.items() if state is State.PROPOSED),
        "empty": not picture.accounts,
    }


def may_post(account: Account) -> bool:
    """True for a real account that is attested: the first run is over."""
    return not account.rehearsal and attested(account)


def _fresh(parts: Snapshot | None, *, now: int) -> Sequence[Mapping[str, Any]]:
    """The parts as the boot says they are, unless it said so too long ago."""
    if parts is None or now - parts.at > STALE_S * SECOND_US:
        return ()
    return list(parts.data.get("parts", ()))


def foremost(light: Health, found: Sequence[Incident], due: Proof) -> Health:
    """The one light for everything.

    1. An open incident that is a root speaks for all, unless something is worse.
    2. Due work that is not done is red, whatever else is known.
    """
    roots = [one for one in alarming(found) if not one.root]
    if roots and not (light.light is Light.RED and roots[0].severity is not Severity.CRITICAL):
        worst = roots[0]
        more = f" And {count(len(roots) - 1, 'more incident')}." if len(roots) > 1 else ""
        title = worst.title.rstrip(".")
        light = Health(
            part="Incidents", light=LIGHTS[worst.severity], sentence=f"{title}.{more}", since=worst.opened_at
        )
    if due.light is Light.RED and light.light is not Light.RED:
        return Health(part=POSTING, light=Light.RED, sentence=due.sentence, since=due.late_since)
    return light


def place(light: Health) -> str:
    """Where something can be done about it; empty where nothing has to be."""
    if light.light in (Light.GREEN, Light.GREY):
        return ""
    return PLACES[light.part] if light.part in LAYERS else "/incidents"

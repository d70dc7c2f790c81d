"""Who may sign in, what each may do, and what they did last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bowerbird.core.people import OWNER, Role
from bowerbird.core.ports import Clock
from bowerbird.dashboard.asked import Asked, Books

COMMANDS_MAX = 500
"""Buttons looked through for the last one of each person."""
MAY: dict[Role, str] = {
    Role.OWNER: "everything, also breakers, jobs, accounts, people, drills and settings",
    Role.EDITOR: "also writes, changes, takes back and settles posts, pauses accounts and silences alerts",
    Role.APPROVER: "also says yes and no to posts",
    Role.VIEWER: "reads every page and changes nothing",
}
"""What each role may do, as the end of a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Somebody on the page.

    Args:
        since: when they were added, or None for the owner of the settings.
        last_at: when they last pressed a button, or None if they have not, as far as was looked.
        ended_at: when they were removed, or None.
    """

    name: str
    role: Role
    by: str = ""
    since: int | None = None
    last_at: int | None = None
    ended_at: int | None = None


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """The owner first, then everybody by name, then who was removed."""
    last: dict[str, int] = {}
    for command in await books.commands(limit=COMMANDS_MAX):
        last.setdefault(command.by, command.asked_at)
    found = [
        Row(name=p.name, role=p.role, by=p.by, since=p.made_at, last_at=last.get(p.name), ended_at=p.ended_at)
        for p in await books.people()
    ]
    owner = Row(name=OWNER, role=Role.OWNER, last_at=last.get(OWNER))
    return {
        "now": clock.now(),
        "people": [owner, *(row for row in found if row.ended_at is None)],
        "removed": [row for row in found if row.ended_at is not None],
        "may_of": MAY,
    }

"""What is missing just now, and what is done instead: the rows of `core.degrade` that are followed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bowerbird.core.degrade import TABLE
from bowerbird.core.incident import Incident

ROWS = {
    "browser": "browser", "writer": "writer", "storage": "books", "books": "books", "disk": "disk",
    "session": "session", "channel": "channel", "jobs": "jobs", "learning": "learning", "monitor": "monitors",
}  # fmt: skip
"""Kinds of parts, and the row of the table that is followed while one of them fails."""
LEARN = "job:learn"
"""The job without which nothing new is learned."""


@dataclass(frozen=True, slots=True)
class Without:
    """Without what, and what is done instead; both in words."""

    what: str
    then: str


def row_of(part: str) -> str:
    """The row of the table that is followed while this part fails; empty if there is none."""
    kind, _, name = part.partition(":")
    if part == LEARN:
        return "learning"
    if kind == "breaker":
        return next((row for row in ("browser", "writer") if name.startswith(row)), "platform")
    return ROWS.get(kind, "")


def lived_without(parts: Sequence[Mapping[str, Any]], incidents: Iterable[Incident]) -> list[Without]:
    """What is followed just now, each row once: as the boot says, and as open incidents of any severity show.

    Args:
        parts: the rows of the snapshot ``parts``; empty where it is old.
    """
    found = {str(row["plan"]): Without(str(row["name"]), str(row["plan"])) for row in parts if row["plan"]}
    for one in incidents:
        row = TABLE.get(row_of(one.part)) if one.closed_at is None else None
        if row is not None:
            name = one.part.partition(":")[2] or one.part
            found.setdefault(row.then, Without("learning" if row.without == "learning" else name, row.then))
    return list(found.values())

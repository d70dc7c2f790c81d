"""People who look after the birds, and what each may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

NAME_MAX = 40
"""Longest name of a person, in characters."""
OWNER = "owner"
"""The person whose password is the setting ``face.password``; not in the books, and never removed."""


class Role(StrEnum):
    """What somebody may do; each may do all that the ones after it may, too.

    The viewer reads every page; the approver also says yes and no to posts; the editor also writes, takes back, settles
    and pauses; the owner also works on breakers, jobs, accounts, people and drills.
    """

    OWNER = "owner"
    EDITOR = "editor"
    APPROVER = "approver"
    VIEWER = "viewer"

    def may(self, least: Role) -> bool:
        """Tell whether this role is at least that one."""
        order = list(Role)
        return order.index(self) <= order.index(least)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in.

    Args:
        name: by which they sign in, and under which the log keeps what they did; unique among all there ever were.
        password: hashed with its salt and costs, never the words themselves.
        made_at: when they were added, microseconds.
        by: who added them.
        ended_at: when they were removed, or None; their row stays, for the log names them.
    """

    name: str
    role: Role
    password: str = field(repr=False)
    made_at: int
    by: str = ""
    ended_at: int | None = None

"""What every page is made from: the books, a clock, and what was asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bowerbird.core.books import Alarms, Findings, Journal, Ledger, Posts, Recorder
from bowerbird.core.people import Role
from bowerbird.core.ports import Clock
from bowerbird.core.replay import Replay
from bowerbird.dashboard.workshop import Tell, bare


class Books(Recorder, Posts, Findings, Ledger, Alarms, Journal, Protocol):
    """What the face reads, and where it writes its commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting as a person may see it.

    Args:
        source: where its value came from: ``default``, the name of a file or variable, or ``command line``.
        default, variable, bounds: what holds without it, the variable that sets it, and what it may be, in words.
    """

    name: str
    value: str
    source: str
    why: str
    default: str = ""
    variable: str = ""
    bounds: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is known of the engine without the books, which may be what is broken.

    Args:
        heard_at: its last beat beside the books (microseconds), None if nothing was ever heard.
        trouble: why it cannot write the books, in its own words; empty if it can.
        opening: it has not opened the books yet.
    """

    heard_at: int | None = None
    trouble: str = ""
    opening: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A replay in the data folder, or what is wrong with the file.

    Args:
        name: of its file, without the ending; at: when that was written, microseconds; size: in bytes.
        replay: None where it cannot be read; `problem` says why, as the end of a sentence.
    """

    name: str
    at: int
    size: int
    replay: Replay | None = None
    problem: str = ""


class Shelf(Protocol):
    """The replays that were kept, which stand beside the books."""

    async def listed(self) -> Sequence[Kept]:
        """Every replay without its steps, the newest first."""

    async def one(self, name: str) -> Kept | None:
        """The replay of this name, whole; None if there is none."""


class Bare:
    """A shelf on which nothing stands."""

    async def listed(self) -> Sequence[Kept]:
        """Nothing."""
        return ()

    async def one(self, name: str) -> Kept | None:
        """None of this name, nor of any other."""
        return None


BARE = Bare()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked of a page, with nothing in it of who asked but the role: a page is drawn once for all of them.

    Args:
        path: of the address, such as ``/posts/p1``.
        params: the parts of the path that the row of the table names, such as ``{"post_id": "p1"}``.
        query: what stands behind the question mark; the last of each name.
        role: of whoever looks.
        settings: as in force, without secrets.
        beside: what is known of the engine without the books.
        replays: those that were kept.
        workshop: tells of promises and drills.
    """

    path: str = "/"
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    role: Role = Role.OWNER
    settings: Sequence[SettingRow] = ()
    beside: Beside = Beside()
    replays: Shelf = BARE
    workshop: Tell = bare


Look = Callable[[], Awaitable[Beside]]
"""How the face listens beside the books."""


async def deaf() -> Beside:
    """Hear nothing beside the books."""
    return Beside()


Read = Callable[[Books, Clock, Asked], Awaitable[dict[str, Any] | None]]
"""How a page reads: what its template is given, or None if there is no such thing."""

"""The rows of the world: accounts, posts and sessions."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bowerbird.core.errors import BadInput
from bowerbird.sandbox.audience import Fate
from bowerbird.sandbox.limits import Window

POSTS_PER_HOUR = 1_500
READS_PER_5_MIN = 3_000


class Keyed(StrEnum):
    """How long the network remembers a client's key, and so refuses to post twice."""

    FOREVER = "forever"
    HOUR = "hour"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Signup:
    """An account to be opened: `wren:forever`, or `finch:hour:no-impressions`."""

    handle: str
    keyed: Keyed
    impressions: bool = True

    @property
    def password(self) -> str:
        """The password of a rehearsal account; nothing here is worth a better one."""
        return f"{self.handle}-pass"


def signups(spec: str) -> list[Signup]:
    """Read `handle:keyed[:no-impressions],...`; raise `BadInput` where it cannot be read."""
    return [_signup(part.strip()) for part in spec.split(",") if part.strip()]


def _signup(part: str) -> Signup:
    handle, _, rest = part.partition(":")
    keyed, _, flag = rest.partition(":")
    if not handle.isidentifier() or keyed not in set(Keyed) or flag not in ("", "no-impressions"):
        raise BadInput(f"account {part!r}: write handle:forever|hour|none, then perhaps :no-impressions")
    return Signup(handle.lower(), Keyed(keyed), not flag)


@dataclass(slots=True)
class Account:
    """Somebody on the network; `ours` are the ones a client can sign in to."""

    handle: str
    name: str
    bio: str
    base_followers: int
    opened_at: int
    ours: bool = False
    keyed: Keyed = Keyed.NONE
    impressions: bool = True
    secret: str = ""
    posts: list[str] = field(default_factory=list)
    mentions: list[str] = field(default_factory=list)
    keys: dict[str, tuple[str, int]] = field(default_factory=dict)
    follows: list[int] = field(default_factory=list)
    said: set[str] = field(default_factory=set)
    topics: list[str] = field(default_factory=list)
    writes: Window = field(default_factory=lambda: Window(POSTS_PER_HOUR, 3_600))
    reads: Window = field(default_factory=lambda: Window(READS_PER_5_MIN, 300))

    def followers(self, now: int) -> int:
        """Return the followers at this instant."""
        return self.base_followers + bisect_right(self.follows, now)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a post; the bytes lie under their digest."""

    alt: str
    mime: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a client wants to say."""

    text: str
    reply_to: str | None = None
    pictures: Sequence[Picture] = ()
    link: Mapping[str, str] | None = None
    key: str | None = None


@dataclass(slots=True, kw_only=True)
class Post:
    """A post as the network keeps it."""

    id: str
    account: str
    text: str
    at: int
    visible_at: int
    key: str | None = None
    parent: str | None = None
    pictures: Sequence[Picture] = ()
    link: Mapping[str, str] | None = None
    fate: Fate
    removed: str = ""
    next_answer: int = 0
    answers: list[str] = field(default_factory=list)

    def shown(self, now: int) -> bool:
        """Whether timelines, searches and looks by key have it yet."""
        return not self.removed and now >= self.visible_at


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in client."""

    handle: str
    expires_at: int


def secret_of(handle: str, password: str) -> str:
    """Return what is kept instead of a password."""
    return hashlib.sha256(f"{handle}\n{password}".encode()).hexdigest()


def token_digest(token: str) -> str:
    """Return what is kept instead of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def picture(row: Mapping[str, Any]) -> Picture:
    """Return the picture of a journal row."""
    return Picture(row["alt"], row["mime"], row["sha256"])

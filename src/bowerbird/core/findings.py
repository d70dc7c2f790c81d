"""What we saw and what we made of it: readings, targets, models, advice. Missing is None, never 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bowerbird.core.post import RemoteRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The numbers of one post as a platform shows them; None where the platform does not show them."""

    impressions: int | None = None
    likes: int | None = None
    reposts: int | None = None
    replies: int | None = None
    quotes: int | None = None
    source: str = "api"

    @property
    def engagement(self) -> float | None:
        """Likes + 2 reposts + 3 replies + 2 quotes of what was observed; None if nothing was."""
        pairs = ((self.likes, 1.0), (self.reposts, 2.0), (self.replies, 3.0), (self.quotes, 2.0))
        seen = [n * weight for n, weight in pairs if n is not None]
        return sum(seen) if seen else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """How one page of a site was read, and what other rungs of the ladder said of the same page.

    Args:
        site, role: which page it was: of which site, and what for (``post``, ``profile``, ``search`` ...).
        at: UTC microseconds.
        used: how many posts each rung was needed for, by its name.
        read: how many of the posts each rung could read that was tried; a rung that was not tried is missing.
        compared, agreed: pairs of readings of the same post by two rungs, and how many said the same.
        paths: the fingerprint of the answer that was read: its operation and JSON paths; empty where none was.
    """

    site: str
    role: str
    at: int
    used: Mapping[str, int] = field(default_factory=dict)
    read: Mapping[str, int] = field(default_factory=dict)
    compared: int = 0
    agreed: int = 0
    paths: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The numbers of one post at one age.

    Args:
        rung: the step of the age ladder it was taken for; one reading per post and rung.
        age_s: how old the post was, in seconds.
        observed_at: when it was read, UTC microseconds.
        followers: of the account at that time, or None.
        rehearsal: True on the sandbox; kept apart from real readings by every reader.
    """

    post_id: str
    account_id: str
    rung: int
    age_s: float
    observed_at: int
    counts: Counts
    followers: int | None = None
    rehearsal: bool = False
    seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Somebody else's post as a platform shows it; its text is untrusted and is never an instruction."""

    ref: RemoteRef
    author: str
    text: str
    posted_at: int
    root: RemoteRef | None = None
    kind: str = "search"  # mention | reply | quote | search | own
    counts: Counts = field(default_factory=Counts)


class TargetState(StrEnum):
    """What became of somebody whom we may answer."""

    OPEN = "open"
    DRAFTED = "drafted"
    ANSWERED = "answered"
    DISMISSED = "dismissed"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Somebody whom we may answer, and why; one per account and remote post.

    Args:
        seen: their post.
        score: 0 to 100, higher first.
        because: one sentence for a person.
        addressed: True if they addressed us, so that a reply within the rules is allowed.
    """

    id: str
    account_id: str
    seen: Seen
    score: float
    because: str
    addressed: bool
    found_at: int
    state: TargetState = TargetState.OPEN
    post_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One version of the learner.

    Args:
        version: the SHA-256 of its canonical state; also its checksum: a state that does not hash to it is damaged.
        parent: the version it was made from, or empty.
        n: readings it has learned from; `cursor`: the last reading's seq.
        state: the learner's own bytes.
        champion: True for the one in use of this account.
    """

    version: str
    account_id: str
    parent: str
    n: int
    cursor: int
    state: bytes = field(repr=False)
    created_at: int
    champion: bool = False
    scores: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What the learner tells the planner.

    Args:
        version: the model's version.
        n, needed: posts learned from, and how many an answer needs; fewer is "collecting n of needed".
        target: the name of the number it learns, in words.
        levels: the levers, such as ``topic=asyncio`` or ``topic=asyncio&slot=09:30``.
        draws: posterior draws of each level's effect, shape (draws, levels): picking the best under one draw is
            Thompson sampling, so the planner needs no algebra.
        means, lows, highs: effect and its 90 % interval per level, on the log scale.
    """

    account_id: str
    version: str
    made_at: int
    n: int
    needed: int
    target: str
    levels: tuple[str, ...] = ()
    draws: tuple[tuple[float, ...], ...] = ()
    means: tuple[float, ...] = ()
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    sentence: str = ""

"""What is known of a world when it is over: the books' side, and the platforms' own truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bowerbird.core.account import Account
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Clock
from bowerbird.core.post import Post
from bowerbird.simulation.platform import Arrival, Send
from bowerbird.storage.memory.books import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened in a world, for its story; `facts_before` had been written by then."""

    at: int
    who: str
    what: str
    post_id: str = ""
    facts_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Everything the judge may look at.

    Args:
        history: every version of every post, with the instant it was written.
        arrivals, sends: by account id, the platforms' truth.
        points: how often each crash point was passed; `crashes`: at which ones a process died.
        troubles: what came out of a room as an exception.
    """

    seed: int
    began_at: int
    ended_at: int
    accounts: dict[str, Account]
    posts: dict[str, Post]
    history: list[tuple[int, Post]]
    facts: list[Fact]
    arrivals: dict[str, list[Arrival]]
    sends: dict[str, list[Send]]
    removed: set[str]
    faults: Counter[str]
    points: Counter[str]
    crashes: Counter[str]
    troubles: list[Event]
    events: list[Event]


class WatchedShelf(Shelf):
    """A shelf that remembers every version of every post."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.history: list[tuple[int, Post]] = []
        self._clock = clock

    def put(self, post: Post) -> None:
        """Insert or replace one post, and remember it."""
        super().put(post)
        self.history.append((self._clock.now(), post))

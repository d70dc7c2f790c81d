"""Two books compared: what the network accepted, and what we know of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bowerbird.core.books import Posts
from bowerbird.core.lifecycle import State
from bowerbird.core.post import Post
from bowerbird.drills.network import Network

DOUBT = (State.SENDING, State.UNSURE)
GIVEN_UP = (State.REJECTED, State.PARKED)
"""Where a post rests that did not go out. No drill posts what a network refuses or a person turns down, and none lasts
for the day after which a post is parked that nobody could look for: whatever ends here during a drill is a loss."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the two stand.

    Args:
        accepted: posts the network took from our accounts; known: those of them our books have.
        doubtful: posts of ours that are under way, or may have arrived.
        lost: accepted, not known, and not in doubt; doubled: posts that stand on the network twice.
    """

    accepted: int
    known: int
    doubtful: tuple[Post, ...]
    lost: tuple[str, ...]
    doubled: int

    @property
    def in_doubt(self) -> int:
        """How many are under way, or may have arrived."""
        return len(self.doubtful)

    @property
    def agree(self) -> bool:
        """Nothing is lost, nothing stands twice, nothing is in doubt."""
        return not self.lost and not self.doubled and not self.in_doubt and self.accepted == self.known


async def compared(network: Network, books: Posts, *, but: Iterable[str] = ()) -> Comparison:
    """Compare them.

    The network is read first: whatever it had accepted by then, our books have as sent or as under way.

    Args:
        but: ids that somebody else posted with our accounts.
    """
    there = {each: row for each, row in (await network.accepted()).items() if each not in set(but)}
    doubled = await network.doubled()
    ours = await every(books)
    known = {post.remote.id for post in ours if post.remote}
    doubtful = tuple(post for post in ours if post.state in DOUBT)
    words = {post.payload.text for post in doubtful}
    lost = tuple(each for each, row in there.items() if each not in known and row.get("text") not in words)
    return Comparison(len(there), len(known & there.keys()), doubtful, lost, doubled)


def given_up(posts: Sequence[Post]) -> list[str]:
    """What our books gave up, a sentence each: missed, refused, or left to a person; withdrawn is not given up."""
    ended = {post.id: f"{post.state.value} ({post.reason})" for post in posts if post.state in GIVEN_UP}
    missed = {post.id: "missed" for post in posts if post.state is State.DROPPED and post.reason == "missed"}
    return [f"{each} was {how}" for each, how in sorted({**ended, **missed}.items())]


async def every(books: Posts, *states: State) -> list[Post]:
    """Every post in these states, or every post."""
    found: dict[str, Post] = {}
    before = None
    while page := await books.posts(states=states, before=before, limit=1000):
        known = len(found)
        found |= {post.id: post for post in page}
        if len(page) < 1000 or len(found) == known:
            break
        before = page[-1].due + 1  # others may be due at the same instant
    return list(found.values())

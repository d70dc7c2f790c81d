"""Compare an account's timeline with the books: what each of them has that the other lacks. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from bowerbird.core.findings import Seen
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Post

LOOK_BACK_US = 60 * SECOND_US
"""How much earlier than our first attempt a post on the timeline may still be ours: clocks differ."""
TAKEN_BACK = "taken back"
"""Why a post is removed that we took back ourselves, at somebody's wish."""
MAY_STAND = (State.SENDING, State.UNSURE, State.PARKED, State.QUEUED, State.REJECTED, State.DROPPED)
"""States of posts that may stand on the timeline all the same, once an attempt was made."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What timeline and books disagree about.

    Args:
        strangers: on the timeline, and not in the books as published, newest first.
        unshown: published in the books, and not where the timeline should show them.
    """

    strangers: list[Seen] = field(default_factory=list)
    unshown: list[Post] = field(default_factory=list)


def compare(shown: Sequence[Seen], stand: Sequence[Post], *, whole: bool, settled_at: int) -> Gap:
    """Compare both ways.

    Args:
        shown: the timeline, newest first.
        stand: our posts that were published, also those that are gone again.
        whole: True if the timeline goes back to the account's first post.
        settled_at: what was published after this instant may not show yet (microseconds).
    """
    ids = {one.ref.id for one in shown}
    known = {post.remote.id for post in stand if post.remote}
    oldest_at = min((one.posted_at for one in shown), default=0)
    since = 0 if whole else oldest_at + LOOK_BACK_US
    unshown = [
        post for post in stand
        if post.state is State.PUBLISHED and post.remote and post.remote.id not in ids
        and since <= (post.published_at or post.since) <= settled_at
    ]  # fmt: skip
    return Gap([one for one in shown if one.ref.id not in known], unshown)


def vanished(removed: Sequence[Post], shown: Sequence[Seen]) -> dict[str, int]:
    """Since when each of ours is gone that nobody of us took back, and that is not shown after all; by post id."""
    ids = {one.ref.id for one in shown}
    gone = (post for post in removed if post.reason != TAKEN_BACK)
    return {post.id: post.since for post in gone if post.remote is None or post.remote.id not in ids}


def attempts_of(seen: Seen, posts: Sequence[Post]) -> list[Post]:
    """Our attempts that this may be the proof of: by its key first, then by its words.

    Whenever it was posted, as the platform's clock has it: ours may have stood an hour away from it while we sent.
    Whether it is the proof is for a look at the platform to say.
    """
    tried = [post for post in posts if post.first_claim_at is not None and post.wire is not None]
    found = [post for post in tried if _by_key(seen, post) or _same_words(seen, post)]
    return sorted(found, key=lambda post: not _by_key(seen, post))


def twin_of(seen: Seen, stand: Collection[Post]) -> Post | None:
    """Our published post that this is a second copy of: the same words, after we had begun to send them."""
    return next((post for post in stand if post.remote and _since_begun(seen, post)), None)


def _by_key(seen: Seen, post: Post) -> bool:
    """On platforms whose ids end with our key."""
    return seen.ref.id.rsplit("/", 1)[-1] == post.key


def _same_words(seen: Seen, post: Post) -> bool:
    return _folded(seen.text) == _folded(post.payload.text)


def _since_begun(seen: Seen, post: Post) -> bool:
    begun_at = post.created_at if post.first_claim_at is None else post.first_claim_at
    return _same_words(seen, post) and seen.posted_at >= begun_at - LOOK_BACK_US


def _folded(text: str) -> str:
    """Words as any page may lay them out: runs of white space are one space."""
    return " ".join(text.split())

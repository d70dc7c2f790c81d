"""What may be written at all, asked before any engine is bothered; the database asks again by its constraints."""

from __future__ import annotations

from bowerbird.core.books import Batch, Change
from bowerbird.core.errors import BadInput
from bowerbird.core.lifecycle import State
from bowerbird.core.post import Post

GIVEN_UP = frozenset({State.REJECTED, State.DROPPED})
"""States of posts that were never said, and as far as we know never will be."""

OPEN = frozenset({State.PROPOSED, State.QUEUED, State.SENDING, State.UNSURE, State.PARKED})
"""States in which a post may still be sent."""


def check(batch: Batch) -> None:
    """Raise `BadInput` for a post nobody could send, `ValueError` for a change that is a bug of the caller."""
    for post in batch.new_posts:
        _check_post(post)
    for change in batch.changes:
        _check_change(change)
        _check_post(change.after)


def check_kept(batch: Batch) -> None:
    """Raise `ValueError` for a batch that holds more than facts, readings, words, incidents and messages."""
    known = {"facts", "readings", "incidents", "deliveries", "words", "used"}
    other = [name for name in Batch.__slots__ if name not in known and getattr(batch, name)]
    if other:
        raise ValueError(f"{', '.join(other)} cannot be kept, for who reads the books would not know of it")


def checked_limit(limit: int, most: int = 1000) -> int:
    """Return the limit within 0 and `most`: no list is without an end."""
    return max(0, min(limit, most))


def came_to_rest(change: Change) -> bool:
    """Tell whether this change ended a post's wait, so that nothing may stay reserved for it."""
    return change.before.state in OPEN and change.after.state not in OPEN


def never_sent(change: Change) -> bool:
    """Tell whether a post that came to rest had certainly not left the building."""
    return change.after.state in GIVEN_UP and change.before.state in {State.PROPOSED, State.QUEUED}


def _check_post(post: Post) -> None:
    if not post.payload.text.strip():
        raise BadInput(f"post {post.id} has no text; write at least one word")
    if not (post.id and post.key and post.account_id and post.thread_id):
        raise BadInput(f"post {post.id or '(without id)'} lacks its id, key, account or thread")
    if not 0 <= post.part < post.parts:
        raise BadInput(f"post {post.id} calls itself part {post.part} of {post.parts}")


def _check_change(change: Change) -> None:
    before, after = change.before, change.after
    if (before.id, before.account_id) != (after.id, after.account_id):
        raise ValueError(f"a change turns post {before.id} into {after.id}")
    if after.seq <= before.seq:
        raise ValueError(f"post {after.id} was changed without raising its seq; use Post.after or Post.changed")

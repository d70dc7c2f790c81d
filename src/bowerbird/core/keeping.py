"""What cannot be had again, as values: words that were paid for, and proofs that a post is on its platform.

Both are written down before anything else is done with them; while the books cannot be written, in the spool.
"""

from __future__ import annotations

from dataclasses import dataclass

from bowerbird.core.ports import Brief
from bowerbird.core.post import Post, RemoteRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """An answer that was paid for, as it came, before anybody read it.

    Args:
        id: the reservation in the ledger that pays for it; unique.
        writer: who wrote it, as in `Choice.writer`.
        brief: what it answers.
        text: as it came.
        cost: dollars spent on it; None where the price is unknown.
        spent: the same in the unit of the writer's quota; None: what was reserved stays counted.
        at: when it came, UTC microseconds.
    """

    id: str
    writer: str
    brief: Brief
    text: str
    cost: float | None = None
    spent: float | None = None
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The proof that an attempt arrived, which the books could not take at the time.

    Args:
        attempt: the post as it was sent: its key, its words and its message.
        ref: where it is.
        at: when the platform said so, UTC microseconds.
        look_at: when its numbers are to be read first, or None.
    """

    attempt: Post
    ref: RemoteRef
    at: int
    look_at: int | None = None

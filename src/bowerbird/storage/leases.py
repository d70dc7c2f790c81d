"""What a claim writes: the lease on a post, and the fact that says so."""

from __future__ import annotations

from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import Event
from bowerbird.core.post import SECOND_US, Post

TAKER_MAX_US = 60 * SECOND_US
"""A command taken by a process that has been silent for this long is taken again (microseconds)."""


def leased(post: Post, *, now: int, owner: str, until: int) -> Post:
    """The post under a lease: one attempt more, and the instant of the first one."""
    return post.after(
        Event.CLAIMED,
        now=now,
        attempt=post.attempt + 1,
        owner=owner,
        attempt_until=until,
        first_claim_at=now if post.first_claim_at is None else post.first_claim_at,
    )


def claim_fact(post: Post, *, now: int) -> Fact:
    """What happened: this owner has the lease on this attempt."""
    late_s = (now - max(post.due, post.not_before)) / SECOND_US
    data = {"attempt": post.attempt, "version": post.version, "until": post.attempt_until, "late_s": late_s}
    return Fact(kind="claimed", at=now, by=post.owner, account_id=post.account_id, post_id=post.id, data=data)

"""How much may be sent: the limits of an account, and what becomes of a quota that was taken.

A limit is taken in the same transaction as the claim and counts as used, whatever the time, until the post
is settled. It then counts from the moment it was settled, which is never before it arrived; so the platform
cannot see more than `max` arrivals in any window, however long an attempt took.

The head of a thread takes the quotas of all its parts, so a thread is never cut in half by a limit.
"""

from __future__ import annotations

from collections.abc import Iterable

from bowerbird.core.account import Account, Quota
from bowerbird.core.books import Settle
from bowerbird.core.lifecycle import State
from bowerbird.core.post import Post

HOUR_S = 3_600.0
DAY_S = 86_400.0

POINTS: dict[str, tuple[tuple[float, float, float], ...]] = {
    # platform: (window_s, max, cost of one post); docs/advanced-guides/rate-limits.md of bsky-docs: an update costs 2
    "bluesky": ((HOUR_S, 5_000, 2), (DAY_S, 35_000, 2)),
}
"""Limits that the platforms write down in points, besides the owner's own limits in posts."""


def quotas_for(account: Account) -> tuple[Quota, ...]:
    """Return every limit that one post of this account has to pass."""
    key = f"account:{account.id}"
    own = (
        Quota(scope="account", key=key, window_s=HOUR_S, max=account.posts_per_hour_max),
        Quota(scope="account", key=key, window_s=DAY_S, max=account.posts_per_day_max),
    )
    points = POINTS.get(account.platform, ())
    return own + tuple(
        Quota(scope="account", key=key, window_s=window_s, max=most, unit="points", cost=cost)
        for window_s, most, cost in points
    )


def settles(after: Post, thread: Iterable[Post], *, now: int) -> tuple[Settle, ...]:
    """Say what becomes of the quota once a post has taken this step.

    1. Published or parked: it counts from now (a parked post may have arrived, though not later than now).
    2. At rest without having arrived: refunded.
    3. Back in the queue: a head gives back its whole thread's quota, since its next claim takes it anew;
       a later part keeps what the head took for it.
    4. In doubt: nothing yet; it goes on counting.
    """
    match after.state:
        case State.PUBLISHED | State.PARKED:
            return (Settle(after.id, now),)
        case State.REJECTED | State.DROPPED:
            return (Settle(after.id, now, refund=True),)
        case State.QUEUED if after.part == 0:
            return tuple(Settle(post.id, now, refund=True) for post in thread or (after,))
        case _:
            return ()

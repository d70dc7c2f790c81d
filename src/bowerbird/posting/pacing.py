"""How much may be sent: the limits of an account, and what becomes of a quota that was taken.

A limit is taken in the same transaction as the claim and counts as used, whatever the time, until the post
is settled. It then counts from the moment it was settled, which is never before it arrived; so the platform
cannot see more than `max` arrivals in any window, however long an attempt took.

The head of a thread takes the quotas of all its parts, so a thread is never cut in half by a limit.

Beside the limits that are configured and those that platforms write down stand those that were learned from
refusals: additive increase, multiplicative decrease (Chiu and Jain 1989), never above what is configured. A learned
limit rises by itself as time passes, so nothing has to be written for it, and nobody has to remember to raise it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from bowerbird.core.account import Account, Learned, Quota, Used
from bowerbird.core.books import Settle
from bowerbird.core.errors import RateLimited
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Post

HOUR_S = 3_600.0
DAY_S = 86_400.0
DECREASE = 0.5
"""What remains of a limit after a refusal that names no number."""
REGAIN_S = 3_000.0
"""How long a learned limit takes to rise back to the configured one after the last refusal, seconds."""
REGAIN_MAX_S = 86_400.0
"""The same after many refusals in a row: from the fourth on it takes twice as long each time, up to this."""
PATIENCE = 3
"""Refusals in a row that do not make it slower."""


@dataclass(frozen=True, slots=True)
class Written:
    """A limit that a platform writes down: of what, over how long, how much, and how much one post takes of it."""

    scope: str
    window_s: float
    max: float
    unit: str
    cost: float


WRITTEN: dict[str, tuple[Written, ...]] = {
    # docs/advanced-guides/rate-limits.md of bsky-docs: an update costs 2 points; 3,000 requests in 5 minutes from one
    # address, of which a post with its pictures and mentions takes a handful
    "bluesky": (
        Written("account", HOUR_S, 5_000, "points", 2),
        Written("account", DAY_S, 35_000, "points", 2),
        Written("host", 300.0, 3_000, "requests", 6),
    ),
}
"""Limits that the platforms write down, besides the owner's own limits in posts."""


READS: dict[str, tuple[float, float]] = {
    # platform: (window_s, requests from one address); bsky-docs as above, and the sandbox's own default
    "bluesky": (300.0, 3_000),
    "sandbox": (300.0, 3_000),
    "sandbox-web": (300.0, 3_000),
}
"""How much may be read."""
READS_UNKNOWN = (900.0, 300.0)
"""The same for a platform of which we know nothing."""
AUDIT_READS = 4
"""Requests that one comparison of a timeline with the books takes, at most but for what it finds."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The owner's limits that several accounts share, in posts within an hour; infinite where there is none.

    Args:
        app_hour_max: of all accounts on one platform together.
        host_hour_max: of all accounts on one server together.
    """

    app_hour_max: float = math.inf
    host_hour_max: float = math.inf


ALONE = Shared()
"""Nothing is shared."""


def quotas_for(
    account: Account, *, shared: Shared = ALONE, learned: Sequence[Learned] = (), now: int = 0
) -> tuple[Quota, ...]:
    """Return every limit that one post of this account has to pass.

    Args:
        learned: what platforms were seen to allow, of any account; `now` (microseconds) says how far it has risen.
    """
    own = (
        Quota(scope="account", key=_key("account", account), window_s=HOUR_S, max=account.posts_per_hour_max),
        Quota(scope="account", key=_key("account", account), window_s=DAY_S, max=account.posts_per_day_max),
    )
    common = tuple(
        Quota(scope=scope, key=_key(scope, account), window_s=HOUR_S, max=most)
        for scope, most in (("app", shared.app_hour_max), ("host", shared.host_hour_max))
        if math.isfinite(most)
    )
    written = tuple(
        Quota(scope=row.scope, key=_key(row.scope, account), window_s=row.window_s, max=row.max, unit=row.unit,
              cost=row.cost)
        for row in WRITTEN.get(account.platform, ())
    )  # fmt: skip
    return _lowered(account, own + common + written, learned, now) if learned else own + common + written


def _key(scope: str, account: Account) -> str:
    """What is counted: by the account, by its platform, or by its server."""
    match scope:
        case "account":
            return f"account:{account.id}"
        case "host":
            return f"host:{urlsplit(account.url).netloc or account.platform}"
        case _:
            return f"app:{account.platform}"


def _lowered(account: Account, quotas: tuple[Quota, ...], learned: Sequence[Learned], now: int) -> tuple[Quota, ...]:
    """The limits as they are just now; a window that nobody configured stands beside them until it is regained."""
    by_place = {(row.key, row.unit, row.window_s): row for row in learned}
    made = []
    for quota in quotas:
        row = by_place.pop((quota.key, quota.unit, quota.window_s), None)
        made.append(quota if row is None else replace(quota, max=allowed(row, quota.max, now)))
    scopes = {_key(scope, account): scope for scope in ("account", "app", "host")}
    costs = {(quota.key, quota.unit): quota.cost for quota in quotas}
    for row in by_place.values():
        if row.key in scopes and risen(row, now) < 1:
            cost = costs.get((row.key, row.unit), 1.0)
            made.append(
                Quota(scope=scopes[row.key], key=row.key, window_s=row.window_s, max=row.max, unit=row.unit, cost=cost)
            )
    return tuple(made)


def risen(row: Learned, now: int) -> float:
    """How far a learned limit has risen back, 0 to 1: all the way in 50 minutes without a refusal."""
    return min(1.0, max(0.0, (now - row.at) / SECOND_US / _regain_s(row)))


def regained_at(row: Learned) -> int:
    """When a learned limit is back at the configured one, if nothing is refused before (microseconds)."""
    return row.at + round(_regain_s(row) * SECOND_US)


def _regain_s(row: Learned) -> float:
    slower = 2.0 ** min(max(0, row.refusals - PATIENCE), 10)
    return min(REGAIN_S * slower, REGAIN_MAX_S)


def allowed(row: Learned, most: float, now: int) -> float:
    """How much of a limit of `most` may be used just now; what is no number allows nothing."""
    if not math.isfinite(row.max):
        return 0.0
    least = min(row.max, most)
    return least + (most - least) * risen(row, now)


def learn(used: Sequence[Used], refusal: RateLimited, known: Sequence[Learned], *, now: int) -> Learned | None:
    """Say what a platform's refusal teaches, or None if it teaches nothing.

    1. Find the window it is about: the one that it names, or the shortest of its scope and unit.
    2. A number that it names is taken as it is. A limit not below our own teaches nothing: somebody else used it up.
    3. Without a number, half of what was allowed, or of what had gone through where that is less.
    4. Never less than one post.

    Args:
        used: the account's limits as they were, with what was used of each, this post included.
    """
    about = _about(used, refusal)
    if about is None:
        return None
    quota, gone = about.quota, about.used - about.quota.cost
    halved = DECREASE * (min(quota.max, gone) if gone > 0 else quota.max)
    most = halved if refusal.limit is None else refusal.limit
    if most >= quota.max:
        return None
    before = next((row for row in known if _place(row) == _place(quota)), None)
    again = before is not None and risen(before, now) < 1
    return Learned(
        key=quota.key, unit=quota.unit, window_s=quota.window_s, max=max(quota.cost, most), at=now, why=str(refusal),
        refusals=before.refusals + 1 if before and again else 1,
    )  # fmt: skip


def _about(used: Sequence[Used], refusal: RateLimited) -> Used | None:
    """The window that a refusal is about; one that it names and that we did not know has no bound yet."""
    near = [one for one in used if (one.quota.scope, one.quota.unit) == (refusal.scope, refusal.unit)]
    near.sort(key=lambda one: one.quota.window_s)
    if refusal.window_s is None or not near:
        return near[0] if near else None
    same = next((one for one in near if one.quota.window_s == refusal.window_s), None)
    if same is None and refusal.limit is not None:
        return Used(quota=replace(near[0].quota, window_s=refusal.window_s, max=math.inf), used=near[0].used)
    return same or near[0]


def _place(row: Learned | Quota) -> tuple[str, str, float]:
    return row.key, row.unit, row.window_s


def audit_every_s(account: Account, accounts: Collection[Account], share: float, *, least_s: float) -> float:
    """How often a timeline may be looked at, so that those of one server take no more than their share of the reads.

    Args:
        share: of the reads that the platform allows, more than 0.
        least_s: seconds; never more often than this.
    """
    window_s, most = READS.get(account.platform, READS_UNKNOWN)
    beside = sum(_key("host", one) == _key("host", account) for one in accounts)
    return max(least_s, AUDIT_READS * beside * window_s / (share * most))


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

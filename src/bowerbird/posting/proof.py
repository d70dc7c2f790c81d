"""Record the proof of an attempt that somebody had already given up."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Protocol

from bowerbird.core.books import Batch, Change, Ledger, Lost, Posts, Recorder
from bowerbird.core.errors import BowerbirdError
from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import NEXT, Event, State
from bowerbird.core.post import Post, RemoteRef
from bowerbird.posting.pacing import ALONE, Shared, quotas_for, settles

TRIES_MAX = 5
"""How often a late proof tries to win its compare-and-set."""
COUNTED = frozenset({State.SENDING, State.UNSURE, State.PARKED})
"""States whose posts count against their limits; in the others the quota was given back, or never taken."""


class Books(Recorder, Posts, Ledger, Protocol):
    """What a late proof needs of the storage."""


async def confirm_late(
    storage: Books, attempt: Post, ref: RemoteRef, *, now: int, look_at: int | None, by: str, shared: Shared = ALONE
) -> None:
    """Publish a post whose proof comes after its attempt was given up.

    1. Read where the post is now.
    2. If it carries this remote id, somebody else recorded it; if it carries another, a second post exists:
       that is a `duplicate_seen` fact, and a person must see it.
    3. If a person said that it is there, the proof adds where.
    4. Otherwise publish it, with the words and the key that were really sent, and count it against its limits,
       also where its quota had been given back. A lost race starts again.

    Raises:
        BowerbirdError: the row never stood still; the reconciler will find the post.
    """
    for _ in range(TRIES_MAX):
        post = await storage.post(attempt.id)
        if post is None or (post.remote and post.remote.id == ref.id):
            return
        batch = await _batch(storage, post, attempt, ref, now=now, look_at=look_at, by=by, shared=shared)
        if not isinstance(await storage.record(batch), Lost):
            return
    raise BowerbirdError(f"the proof of {attempt.id} lost {TRIES_MAX} races; it is at {ref.url or ref.id}")


async def _batch(
    storage: Books, post: Post, attempt: Post, ref: RemoteRef, *, now: int, look_at: int | None, by: str, shared: Shared
) -> Batch:
    data: dict[str, Any] = {"remote_id": ref.id, "url": ref.url, "attempt": attempt.attempt, "key": attempt.key}
    seen_by_person = post.state is State.PUBLISHED and post.remote is None
    if not seen_by_person and (post.remote or Event.CONFIRMED_LATE not in NEXT[post.state]):
        data["known_id"] = post.remote.id if post.remote else ""
        return Batch(facts=(_fact("duplicate_seen", post, data, now, by),))
    told = (_fact("confirmed_late", post, data, now, by),)
    if seen_by_person:
        return Batch(changes=(Change(post, post.changed(remote=ref, look_at=look_at)),), facts=told)
    await _count_again(storage, post, shared, now)
    after = post.after(
        Event.CONFIRMED_LATE, now=now, remote=ref, published_at=now, look_at=look_at,
        key=attempt.key, payload=attempt.payload, wire=attempt.wire, version=attempt.version,
    )  # fmt: skip
    return Batch(changes=(Change(post, after),), settles=settles(after, (), now=now), facts=told)


async def _count_again(storage: Books, post: Post, shared: Shared, now: int) -> None:
    """Take the quota of a post that was thought not to have arrived, whatever is left of it: the platform counts it."""
    account = await storage.account(post.account_id)
    if account is not None and post.state not in COUNTED:
        quotas = [replace(quota, max=math.inf) for quota in quotas_for(account, shared=shared)]
        await storage.reserve(post.id, quotas, now=now)


def _fact(kind: str, post: Post, data: dict[str, Any], now: int, by: str) -> Fact:
    return Fact(kind=kind, at=now, by=by, account_id=post.account_id, post_id=post.id, data=data)

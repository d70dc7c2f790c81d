"""Give posts that waited too long another time, and take published ones back.

A post that still waits gets a new version with a new key; one that was missed is at rest for good, so its words go
as a new post. What was ever on its way to the platform is left alone: only looking tells whether it is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from bowerbird.core.account import Account
from bowerbird.core.books import Batch, Change, Lost
from bowerbird.core.errors import BadInput, PlatformError
from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import DAY_S, Event, State
from bowerbird.core.ports import Clock, Platform
from bowerbird.core.post import SECOND_US, Kind, Post, expiry
from bowerbird.posting.matching import TAKEN_BACK
from bowerbird.posting.publisher import Books

MISSED_S = 7 * DAY_S
"""Posts missed longer ago than this are not brought back: who wants them writes them anew."""
POSTS_MAX = 200
"""Posts looked through, and threads given a time, at one time."""
DELETE_S = 25.0
"""How long taking one post back may take, seconds."""
TAKEN = (State.PROPOSED, State.QUEUED, State.SENDING, State.UNSURE, State.PARKED, State.PUBLISHED)
"""States of posts that have their slot."""

Slots = Callable[[Account, Collection[int], int], Sequence[int]]
"""The free slots of an account after an instant, soonest first, given those that are taken; microseconds."""


async def reslot(
    storage: Books,
    account: Account,
    *,
    slots: Slots,
    mint: Callable[[], str],
    name: Callable[[], str],
    by: str,
    now: int,
    only: str = "",
) -> list[Post]:
    """Give everything of this account that is past its time, and was never sent, the next free slots.

    1. What waits: queued posts whose time has come, whole threads together; answers are stale by now, and stay.
    2. What was missed within a week, unless its words were said or are waiting meanwhile.
    3. All of it in one transaction, in the order in which it was due.

    Args:
        mint: makes a key; name: makes the id of a new post.
        only: the id of a thread (of a post that stands alone: its own): nothing else is moved.

    Raises:
        BadInput: something moved meanwhile.
    """
    queued = await storage.posts(
        states=(State.QUEUED,), account_id=account.id, before=now, limit=POSTS_MAX, newest_first=False
    )
    waiting = [post for post in queued if may_reslot(post, now)]
    said = {post.payload.text_hash for post in await storage.said(account.id)}
    missed = [post for post in await _missed(storage, account, now) if post.payload.text_hash not in said]
    threads = [thread for thread in _threads([*waiting, *missed]) if only in ("", thread[0].thread_id)]
    booked = await storage.posts(states=TAKEN, account_id=account.id, limit=1_000)
    times = slots(account, {post.due for post in booked}, now)
    changes: list[Change] = []
    made: list[Post] = []
    for thread, due in zip(threads, times, strict=False):
        if thread[0].state is State.QUEUED:
            changes += [Change(post, _moved(post, due, mint(), now)) for post in thread]
        else:
            made += _anew(thread, due, mint, name, now)
    posts = [*(change.after for change in changes), *made]
    facts = tuple(_fact("edited" if post.version > 1 else "planned", post, by, now) for post in posts)
    batch = Batch(changes=tuple(changes), new_posts=tuple(made), facts=facts)
    if posts and isinstance(await storage.record(batch), Lost):
        raise BadInput("the posts keep changing just now; try again in a moment")
    return posts


async def _missed(storage: Books, account: Account, now: int) -> list[Post]:
    """Posts that were missed lately and were never on their way, longest due first."""
    dropped = await storage.posts(states=(State.DROPPED,), account_id=account.id, before=now, limit=POSTS_MAX)
    return [post for post in reversed(dropped) if may_reslot(post, now)]


def may_reslot(post: Post, now: int) -> bool:
    """Whether a post may get another time: it is due, or was missed within a week, and was never on its way."""
    waits = post.state is State.QUEUED and post.due < now
    missed = post.state is State.DROPPED and post.reason == "missed" and post.since > now - int(MISSED_S * SECOND_US)
    return (waits or missed) and post.kind is Kind.POST and post.first_claim_at is None


def _threads(posts: Iterable[Post]) -> list[list[Post]]:
    """Whole threads, those due longest first; one whose beginning is elsewhere already is left out."""
    found: dict[tuple[str, State], list[Post]] = {}
    for post in posts:
        found.setdefault((post.thread_id, post.state), []).append(post)
    whole = [sorted(parts, key=lambda post: post.part) for parts in found.values() if len(parts) == parts[0].parts]
    return sorted(whole, key=lambda parts: (parts[0].due, parts[0].id))


def _moved(post: Post, due: int, key: str, now: int) -> Post:
    late_s = (post.expires_at - post.due) / SECOND_US
    return post.after(
        Event.REQUEUED, now=now, due=due, expires_at=expiry(due, late_s=late_s), key=key, version=post.version + 1,
        wire=None, not_before=0,
    )  # fmt: skip


def _anew(thread: Sequence[Post], due: int, mint: Callable[[], str], name: Callable[[], str], now: int) -> list[Post]:
    """The same words as new posts, let go by whoever let the old ones go."""
    names = [name() for _ in thread]
    return [
        Post(
            id=new_id, account_id=post.account_id, workspace_id=post.workspace_id, key=mint(), thread_id=names[0],
            part=post.part, parts=post.parts, payload=post.payload, choice=post.choice, state=State.QUEUED, since=now,
            created_at=now, due=due, expires_at=expiry(due, late_s=(post.expires_at - post.due) / SECOND_US),
            approved_by=post.approved_by, approved_at=post.approved_at,
        )
        for new_id, post in zip(names, thread, strict=True)
    ]  # fmt: skip


def _fact(kind: str, post: Post, by: str, now: int) -> Fact:
    data = {"due": post.due, "version": post.version, "key": post.key, "because": "it was given another time"}
    return Fact(kind=kind, at=now, by=by, account_id=post.account_id, post_id=post.id, data=data)


async def retract(storage: Books, platform: Platform, post_id: str, *, by: str, clock: Clock) -> list[Post]:
    """Delete a published post, and whatever of its thread stands below it, from the platform; twice is once.

    The platform comes first: books that said "removed" of a post that still stands would lie.

    Raises:
        BadInput: it is not there to be taken back, or the platform does not do it; says what to do.
    """
    post = await storage.post(post_id)
    if post is None or post.state not in (State.PUBLISHED, State.REMOVED):
        raise BadInput("only a published post can be taken back from the platform; others are withdrawn")
    thread = await storage.thread(post.thread_id) if post.parts > 1 else [post]
    standing = [part for part in thread if part.part >= post.part and part.state is State.PUBLISHED]
    removed = []
    for part in sorted(standing, key=lambda part: -part.part):
        await _delete(platform, part)
        removed.append(await _removed(storage, part, by=by, now=clock.now()))
    return removed


async def _delete(platform: Platform, post: Post) -> None:
    if post.remote is None:
        raise BadInput("nobody knows where this post is; delete it on the platform itself")
    try:
        async with asyncio.timeout(DELETE_S):
            await platform.delete(post.remote)
    except (PlatformError, TimeoutError) as error:
        raise BadInput(f"it still stands: {str(error) or 'no answer in time'}. Try again") from error


async def _removed(storage: Books, post: Post, *, by: str, now: int) -> Post:
    """Write down that we took it back, also where somebody saw it gone first: it did not vanish by itself."""
    after = post.after(Event.GONE, now=now, reason=TAKEN_BACK, look_at=None)
    fact = Fact(kind="gone", at=now, by=by, account_id=post.account_id, post_id=post.id, data={"reason": TAKEN_BACK})
    for _ in range(3):
        if not isinstance(await storage.record(Batch(changes=(Change(post, after),), facts=(fact,))), Lost):
            break
        found = await storage.post(post.id)
        if found is None or found.state not in (State.PUBLISHED, State.REMOVED):
            break
        post, after = found, replace(after, seq=found.seq + 1)
    return after

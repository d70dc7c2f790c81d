"""Hold an account whose limits are used up, for as long as that lasts and no longer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from bowerbird.core.account import Account, Hold, HoldKind, Limited
from bowerbird.core.books import Batch, Change, Posts, Recorder
from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import Event, State
from bowerbird.core.post import SECOND_US, Post
from bowerbird.posting.pacing import Shared, quotas_for, settles

IN_FLIGHT_S = 60.0
"""How long an account is held where only posts in flight stand in the way: their quota may come back any moment."""
THREADS_MAX = 50
"""Waiting posts looked through for a thread that can never go."""


class Books(Recorder, Posts, Protocol):
    """What the budget needs of the storage."""


@dataclass
class Budget:
    """Holds accounts, and tells it once until they could send again."""

    storage: Books
    by: str = "posting"
    _told: set[str] = field(default_factory=set)

    async def spent(self, account: Account, limit: Limited, *, shared: Shared, now: int) -> None:
        """Hold an account whose claim was refused.

        1. A thread with more parts than the limit allows at all ends: nothing behind it has to wait for it. A limit
           that was learned rises again, so there the thread waits.
        2. Otherwise hold the account until enough falls out of the window, or, where only posts in flight stand in
           the way, for a minute. The hold is told when it begins, not each time it is found to go on.
        """
        account_id, learned = account.id, limit.quota not in quotas_for(account, shared=shared)
        in_flight = limit.retry_at >= now + int(limit.quota.window_s * SECOND_US)
        if in_flight and not learned and await self._end_endless(account_id, limit, now):
            return
        soon = now + int(IN_FLIGHT_S * SECOND_US)
        until = soon if in_flight else max(limit.retry_at, now + SECOND_US)
        why = f"{limit.used:g} of {limit.quota.max:g} {limit.quota.unit} in {limit.quota.window_s / 3600:g} h are used"
        kind = HoldKind.LIMITED if learned else HoldKind.BUDGET
        hold = Hold(account_id=account_id, kind=kind, since=now, until=min(until, soon) if learned else until, why=why)
        fact = Fact(kind="hold_set", at=now, by=self.by, account_id=account_id, data={"hold": hold.kind, "why": why})
        await self.storage.record(Batch(holds=(hold,), facts=() if account_id in self._told else (fact,)))
        self._told.add(account_id)

    def free(self, account_id: str) -> None:
        """Note that the account could send, so that the next hold is told again."""
        self._told.discard(account_id)

    async def _end_endless(self, account_id: str, limit: Limited, now: int) -> bool:
        """Take out every thread that is due and can never pass this limit as a whole; True if there was one."""
        waiting = await self.storage.posts(
            states=(State.QUEUED,), account_id=account_id, before=now + 1, limit=THREADS_MAX, newest_first=False
        )
        most = limit.quota.max / limit.quota.cost
        endless = [post for post in waiting if post.part == 0 and post.parts > max(most, 1)]
        for post in endless:
            await self._end(post, most, now)
        return bool(endless)

    async def _end(self, post: Post, most: float, now: int) -> None:
        after = post.after(Event.WITHDRAWN, now=now, reason="longer than the limit")
        data = {"reason": after.reason, "sentence": f"a thread of {post.parts} parts never fits into {most:g}"}
        fact = Fact(kind="withdrawn", at=now, by=self.by, account_id=post.account_id, post_id=post.id, data=data)
        # Lost is ordinary: a person moved the post in the meantime.
        await self.storage.record(
            Batch(changes=(Change(post, after),), settles=settles(after, (), now=now), facts=(fact,))
        )

"""Bring to rest what can no longer go: too late, unapproved, withdrawn, orphaned, or parked for two weeks."""

from __future__ import annotations

from dataclasses import dataclass, field

from bowerbird.clock import Steady
from bowerbird.core.account import HoldKind
from bowerbird.core.books import Batch, Change
from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import PARKED_MAX_S, Event, State
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US, Post
from bowerbird.posting.pacing import settles
from bowerbird.posting.publisher import Books

SWEEP_MAX = 50
"""Posts swept per pass."""


@dataclass
class Sweeper:
    """Ends what cannot be sent any more, with the reason."""

    storage: Books
    clock: Clock
    by: str = "sweeper"
    steady: Steady = field(default_factory=Steady)

    async def sweep_once(self) -> bool:
        """Bring a handful of posts to rest.

        1. Queued past its expiry is missed; proposed past its time is expired; withdrawn while queued is dropped.
           An account whose clock jumped loses nothing: nothing is late until the wall is steady, whoever sees
           the jump first, the watch or we.
        2. A part whose thread broke before it is orphaned; where the beginning stands, it says what can be done.
        3. A parked post that nobody answered for during 14 days is abandoned.

        Return True if there may be more.
        """
        now = self.clock.now()
        self.steady.feed(now, self.clock.monotonic())
        if not self.steady.trusted:
            return False
        unsteady = {hold.account_id for hold in await self.storage.holds(now=now) if hold.kind is HoldKind.CLOCK}
        late = [p for p in await self.storage.late_posts(now=now, limit=SWEEP_MAX) if p.account_id not in unsteady]
        orphans = await self.storage.orphaned_posts(limit=SWEEP_MAX)
        forgotten = [p for p in await self._parked() if now - p.since > PARKED_MAX_S * SECOND_US]
        for post in late:
            await self._end(post, *self._why_late(post), now=now)
        for post in orphans:
            await self._end(post, Event.WITHDRAWN, "orphaned", "withdrawn", now=now)
        for post in forgotten:
            await self._end(post, Event.ABANDONED, "abandoned", "settled_by_person", now=now)
        return max(len(late), len(orphans), len(forgotten)) >= SWEEP_MAX

    def _why_late(self, post: Post) -> tuple[Event, str, str]:
        if post.state is State.PROPOSED:
            return Event.EXPIRED, "not approved in time", "expired"
        if post.withdrawn:
            return Event.WITHDRAWN, "withdrawn", "withdrawn"
        return Event.MISSED, "missed", "missed"

    async def _broken(self, post: Post) -> dict[str, str]:
        """What a person can do about a thread of which the beginning stands, and this part will not come."""
        head = (await self.storage.thread(post.thread_id))[0] if post.part else None
        if head is None or head.state is not State.PUBLISHED:
            return {}
        where = f" ({head.remote.url})" if head.remote and head.remote.url else ""
        return {"sentence": f"the beginning of its thread stands{where}: `bowerbird retract {head.id}` takes it back, "
                            "or write the rest beneath it"}  # fmt: skip

    async def _parked(self) -> list[Post]:
        return await self.storage.posts(states=(State.PARKED,), limit=SWEEP_MAX, newest_first=False)

    async def _end(self, post: Post, event: Event, reason: str, kind: str, *, now: int) -> None:
        after = post.after(event, now=now, reason=reason)
        fact = Fact(
            kind=kind,
            at=now,
            by=self.by,
            account_id=post.account_id,
            post_id=post.id,
            data={"reason": reason, **await self._broken(post)},
        )
        # Lost is ordinary: a person or a worker moved the post in the meantime.
        await self.storage.record(
            Batch(changes=(Change(post, after),), settles=settles(after, (), now=now), facts=(fact,))
        )

"""Settle the posts of which we do not know whether they arrived: look, and believe what is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bowerbird.clock import Steady
from bowerbird.core.books import Batch, Change
from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import ABSENCES_MAX, LOOK_MAX_S, Event
from bowerbird.core.ports import Absent, Clock, Found, Look, Platform, Unknown
from bowerbird.core.post import SECOND_US, Post
from bowerbird.posting.pacing import settles
from bowerbird.posting.publisher import Books
from bowerbird.posting.together import together

LOOK_S = 20.0
"""How long one look may take, in seconds."""
PUSH_S = 5.0
"""A doubtful post is pushed ahead this long before the look, so that one that cannot be looked at blocks nobody."""
AGAIN_S = 1.0
"""Shortest wait between two looks that decided nothing; it grows by a quarter of the time spent in doubt."""
AGAIN_MAX_S = 900.0
"""Longest wait between two looks that decided nothing."""
IN_FLIGHT_S = 2.0
"""How long what a dead process had handed to its network may still be on its way; then the platform has it."""
SILENCE_S = 10.0
"""An owner that was not heard for this long is dead."""
DOUBTS_MAX = 24
"""Doubts taken at one time; those of one account are settled one after the other, accounts at the same time."""
CALM_S = 150.0
"""So long after a jump of the wall nothing is concluded from it: an attempt, its settling and some breath."""


@dataclass
class Reconciler:
    """Looks for posts in doubt.

    Args:
        platforms: the adapter of each account, by account id.
        first_look_s: how long after publishing the first reading is due, seconds.
        alone_since: since when this process holds the books alone (microseconds): whoever claimed a post before
            is proved dead, and is not waited for. 0 where nothing proves it.
        may_look: says why an account's platform would not be asked just now; empty if it would. A look that this
            side refuses sees nothing, so none is made: the doubt comes back when its push is over.
    """

    storage: Books
    platforms: Mapping[str, Platform]
    clock: Clock
    owner: str
    first_look_s: float = 60.0
    alone_since: int = 0
    may_look: Callable[[str], str] = lambda account_id: ""
    by: str = "reconciler"
    steady: Steady = field(default_factory=lambda: Steady(calm_s=CALM_S))

    async def settle_once(self) -> bool:
        """Settle a handful of doubts, so that a platform that hangs keeps no other.

        1. A post whose attempt is over, or whose worker is dead, is UNSURE from now on: a lapsed lease
           proves nothing.
        2. Take the posts that have been in doubt longest, pushing them ahead first.
        3. Look for each on its platform, for several accounts at the same time.
        4. Found is published. Absent counts only after the attempt has ended and the platform had time to
           show it; then it may go again. What cannot be seen stays in doubt, and is parked after a day.

        After a jump of the wall clock nothing is settled until it has been steady for as long as an attempt and its
        settling take: an hour that did not pass ended no attempt and showed no post.
        Return True if the caller should come back at once, False if nothing is in doubt.
        """
        self.steady.feed(self.clock.now(), self.clock.monotonic())
        if not self.steady.trusted:
            return False
        lapsed = await self._lapse()
        doubts = await self._claim()
        await together(self._settle(posts) for posts in doubts.values())
        return lapsed or bool(doubts)

    async def _claim(self) -> dict[str, list[Post]]:
        """Doubts by account, the longest first."""
        now, doubts = self.clock.now(), dict[str, list[Post]]()
        for _ in range(DOUBTS_MAX):
            post = await self.storage.claim_doubt(now=now, push_until=now + int(PUSH_S * SECOND_US))
            if post is None:
                break
            doubts.setdefault(post.account_id, []).append(post)
        return doubts

    async def _settle(self, posts: Sequence[Post]) -> None:
        """Settle one account's doubts; where a look takes long, the others are left for their next turn."""
        until = self.clock.monotonic() + LOOK_S
        for post in posts:
            if self.clock.monotonic() < until and not self._spared(post):
                await self._judge(post, await self._look(post))

    def _spared(self, post: Post) -> bool:
        """Whether looking is put off: the platform is not asked just now, and the doubt is not too old to wait."""
        young = self.clock.now() - post.since < LOOK_MAX_S * SECOND_US
        asks = post.wire is not None and post.account_id in self.platforms
        return young and asks and bool(self.may_look(post.account_id))

    async def _lapse(self) -> bool:
        now = self.clock.now()
        heard_after = max(now - int(SILENCE_S * SECOND_US), self.alone_since)
        found = await self.storage.lapsed_posts(now=now, heard_after=heard_after)
        # Whose adapter is still connecting is left for the next second, unless the attempt is over anyway.
        posts = [post for post in found if post.account_id in self.platforms or now >= post.attempt_until]
        for post in posts:
            after = post.after(Event.LOST_TOUCH, now=now, not_before=now, reason="lapsed")
            after = replace(after, attempt_until=self._over_at(post))
            await self._record(post, after, "lost_touch", {"reason": "lapsed", "owner": post.owner})
        return bool(posts)

    def _over_at(self, post: Post) -> int:
        """The instant from which this attempt certainly writes nothing any more.

        A dead process sends nothing, so its attempt ended with it at the latest; the margin is for what it had
        handed to the network. A browser may outlive the engine that drove it, so its attempt keeps its end.
        """
        platform = self.platforms.get(post.account_id)
        if post.since >= self.alone_since or platform is None or platform.capabilities.browser:
            return post.attempt_until
        return min(post.attempt_until, self.alone_since + int(IN_FLIGHT_S * SECOND_US))

    async def _look(self, post: Post) -> Look:
        platform = self.platforms.get(post.account_id)
        if platform is None:
            return Unknown(why="no adapter is connected for this account")
        if post.wire is None:
            return Absent()  # it was never made, so it cannot have been sent
        try:
            async with asyncio.timeout(LOOK_S):
                look = await platform.resolve(post)
        except TimeoutError:
            return Unknown(why=f"no answer within {LOOK_S:g} s")
        except Exception as error:  # noqa: BLE001 - whatever it was, this look saw nothing; it is told as such
            return Unknown(why=f"the look failed: {type(error).__name__}: {error}")
        if isinstance(look, Absent) and self.platforms.get(post.account_id) is not platform:
            return Unknown(why="the account was connected anew meanwhile")
        return look

    async def _judge(self, post: Post, look: Look) -> None:
        match look:
            case Found():
                await self._found(post, look)
            case Absent():
                await self._absent(post)
            case Unknown():
                await self._unseen(post, look)

    async def _found(self, post: Post, look: Found) -> None:
        now = self.clock.now()
        look_at = now + int(self.first_look_s * SECOND_US)
        after = post.after(
            Event.FOUND,
            now=now,
            remote=look.ref,
            published_at=post.published_at or now,
            look_at=look_at,
            reason="",
        )
        await self._record(post, after, "found", {"remote_id": look.ref.id, "url": look.ref.url, "key": post.key})

    async def _absent(self, post: Post) -> None:
        now = self.clock.now()
        settled_at = self._settled_at(post)
        if now < settled_at:  # it may still appear, and the sooner it is seen the sooner all is well
            await self._record(post, post.changed(not_before=min(settled_at, self._again_at(post, now))))
            return
        absences = post.absences + 1
        event, reason, fact = self._after_absence(post, absences, now)
        after = post.after(event, now=now, absences=absences, not_before=now, reason=reason)
        await self._record(post, after, fact, {"absences": absences, "reason": reason})

    def _after_absence(self, post: Post, absences: int, now: int) -> tuple[Event, str, str]:
        if absences >= ABSENCES_MAX:
            return Event.GAVE_UP, "attempts", "parked"
        if post.withdrawn:
            return Event.ABSENT_LATE, "withdrawn", "withdrawn"
        if now >= post.expires_at:
            return Event.ABSENT_LATE, "missed", "missed"
        return Event.ABSENT, "absent", "absent"

    async def _unseen(self, post: Post, look: Unknown) -> None:
        now = self.clock.now()
        if now - post.since >= LOOK_MAX_S * SECOND_US:
            after = post.after(Event.GAVE_UP, now=now, reason="unknown")
            await self._record(post, after, "parked", {"reason": "unknown", "why": look.why})
            return
        again_at = self._again_at(post, now)
        data = {"why": look.why, "again_in_s": round((again_at - now) / SECOND_US)}
        await self._record(post, post.changed(not_before=again_at), "looked_in_vain", data)

    def _again_at(self, post: Post, now: int) -> int:
        waited_s = (now - post.since) / SECOND_US
        return now + int(min(max(AGAIN_S, waited_s / 4), AGAIN_MAX_S) * SECOND_US)

    def _settled_at(self, post: Post) -> int:
        if post.wire is None:
            return 0
        settle_s = self.platforms[post.account_id].capabilities.settle_s
        return post.attempt_until + int(settle_s * SECOND_US)

    async def _record(self, post: Post, after: Post, kind: str = "", data: dict[str, Any] | None = None) -> None:
        now = self.clock.now()
        moved = after.state is not post.state
        thread = await self.storage.thread(post.thread_id) if moved and post.parts > 1 else ()
        facts = (
            (
                Fact(
                    kind=kind,
                    at=now,
                    by=self.by,
                    account_id=post.account_id,
                    post_id=post.id,
                    data=data or {},
                ),
            )
            if kind
            else ()
        )
        # Lost is ordinary here: the worker came back after all, and what it knows is better than a look.
        await self.storage.record(
            Batch(
                changes=(Change(post, after),),
                settles=settles(after, thread, now=now) if moved else (),
                facts=facts,
            )
        )

"""Read the numbers of published posts, when there is something to see.

A number that was not observed is None, and a post that could not be read leaves a fact and an earlier next look,
never a reading of zeros.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bowerbird.core import errors
from bowerbird.core.account import HoldKind
from bowerbird.core.books import Batch, Change, Keeper, Ledger, Posts
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Counts, Reading
from bowerbird.core.holding import signed_out
from bowerbird.core.lifecycle import Event
from bowerbird.core.ports import Clock, Gone, Platform
from bowerbird.core.post import SECOND_US, Post
from bowerbird.measuring.rhythm import LADDER, age_s, next_look, next_try, rung_at

POSTS_MAX = 25
"""Posts read with one question; no platform takes more at once."""
PUSH_S = 120.0
"""How long a claimed look is out of sight, so that whoever dies over it does not block the others."""
FOLLOWERS_EVERY_S = 3_600.0
"""Followers are asked for at most this often, in seconds; after a failure too."""
ELSEWHERE_S = 300.0
"""When to ask again about an account that is signed out or that nobody here speaks for, in seconds."""

COUNT_MAX = 10**15
"""No post has more of anything, and no book could hold much more."""

MISSING = "missing"
"""The reason code of a post that was not there once. Gone for good it is only when a second look agrees, after the
time in which the platform may still be hiding it: a post once REMOVED never comes back."""


class Books(Keeper, Posts, Ledger, Protocol):
    """What measuring needs of the storage."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Numbers that could not be had.

    Args:
        reason, sentence: the reason code, and words for a person.
        retry_at: when to try again; None: by the rhythm.
        known: the cause is on the account and told already, so the posts do not tell it again.
    """

    reason: str
    sentence: str = ""
    retry_at: int | None = None
    known: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """What holds for all posts of one question: when it was answered, for how many followers, and where.

    Args:
        settle_s: how long a post may take to become visible there, in seconds.
    """

    now: int
    followers: int | None
    rehearsal: bool
    settle_s: float


@dataclass
class Reader:
    """Reads numbers, for one account at a time.

    Args:
        platforms: the adapter of each account, by account id.
        ladder: ages at which a post is read, in seconds, rising.
    """

    storage: Books
    platforms: Mapping[str, Platform]
    clock: Clock
    ladder: tuple[float, ...] = LADDER
    by: str = "measuring"
    _followers: dict[str, tuple[int, int | None]] = field(default_factory=dict, repr=False)

    async def measure_once(self) -> bool:
        """Read the posts of the account that waits longest.

        1. Claim up to 25 posts whose look is due; they are pushed ahead, so a poisoned one cannot block.
        2. Ask the platform for their numbers, and once an hour for the account's followers.
        3. Record each post by itself: its reading, or that it is gone, or that it could not be read.

        Return True if the caller should come back at once, False if nothing was due.
        """
        now = self.clock.now()
        posts = await self.storage.claim_look(now=now, push_until=now + int(PUSH_S * SECOND_US), limit=POSTS_MAX)
        if not posts:
            return False
        account = await self.storage.account(posts[0].account_id)
        answers = await self._ask(posts)
        answered_at = self.clock.now()
        followers = None if isinstance(answers, Failed) else await self._followers_of(posts[0].account_id)
        platform = self.platforms.get(posts[0].account_id)
        sight = Sight(
            answered_at,
            followers,
            rehearsal=account is not None and account.rehearsal,
            settle_s=platform.capabilities.settle_s if platform else 0.0,
        )
        are_open = True
        for post in posts:
            are_open = await self._record(self._batch(post, self._answer(post, answers), sight), are_open=are_open)
        return True

    async def _record(self, batch: Batch, *, are_open: bool) -> bool:
        """Write it down; what the books cannot take is kept, and its post is looked at again a little later.

        Books that refused once in this round are not asked again. Returns whether they are open.
        Lost is ordinary: the post moved in the meantime, and its look stays pushed.
        """
        if are_open:
            try:
                await self.storage.record(batch)
            except errors.StorageError:
                are_open = False
        if not are_open:
            await self.storage.keep(Batch(readings=batch.readings, facts=batch.facts))
        return are_open

    async def _ask(self, posts: Sequence[Post]) -> Mapping[str, Counts | Gone] | Failed:
        """Ask for the numbers of posts of one account; what goes wrong is a value."""
        account_id, now = posts[0].account_id, self.clock.now()
        elsewhere = now + int(ELSEWHERE_S * SECOND_US)
        if account_id not in self.platforms:
            return await self._known(account_id, Failed("no_platform", "nobody speaks for it", elsewhere, known=True))
        held = {hold.kind for hold in await self.storage.holds(now=now) if hold.account_id == account_id}
        if HoldKind.SIGNED_OUT in held:
            return await self._known(account_id, Failed("signed_out", "it is signed out", elsewhere, known=True))
        refs = [post.remote for post in posts if post.remote]
        if not refs:
            return {}
        try:
            return await self.platforms[account_id].counts(refs)
        except errors.PlatformError as error:
            return await self._failed(account_id, error)

    async def _known(self, account_id: str, failed: Failed) -> Failed:
        """Tell once for the account what keeps all its posts from being read."""
        told = {"what": "posts", "reason": failed.reason, "sentence": failed.sentence}
        await self.storage.record(Batch(facts=(self._fact("unmeasured", account_id, "", told),)))
        return failed

    async def _followers_of(self, account_id: str) -> int | None:
        """The account's followers; books that cannot take their number keep nobody from recording what was read."""
        try:
            return await self._ask_followers(account_id)
        except errors.StorageError:
            return self._followers.get(account_id, (0, None))[1]

    async def _ask_followers(self, account_id: str) -> int | None:
        """The account's followers as of the last hour; None while nobody could say."""
        now = self.clock.now()
        asked_at, followers = self._followers.get(account_id, (None, None))
        recently = asked_at is not None and now - asked_at < FOLLOWERS_EVERY_S * SECOND_US
        if recently or account_id not in self.platforms:
            return followers
        try:
            followers = (await self.platforms[account_id].whoami()).followers
        except errors.PlatformError as error:
            failed, followers = await self._failed(account_id, error), None
            told = {"what": "followers", "reason": failed.reason, "sentence": failed.sentence}
            await self.storage.record(Batch(facts=(self._fact("unmeasured", account_id, "", told),)))
        self._followers[account_id] = (now, followers)
        account = await self.storage.account(account_id)
        if account and followers is not None and followers != account.followers:
            await self.storage.record(Batch(accounts=(replace(account, followers=followers),)))
        return followers

    async def _failed(self, account_id: str, error: errors.PlatformError) -> Failed:
        """Turn an error into a value; a session that ended holds the whole account."""
        if isinstance(error, errors.SignedOut):
            await self.storage.record(signed_out(account_id, error, at=self.clock.now(), by=self.by))
        retry_at = error.retry_at if isinstance(error, errors.RateLimited) else None
        return Failed(error.reason, str(error), retry_at)

    def _answer(self, post: Post, answers: Mapping[str, Counts | Gone] | Failed) -> Counts | Gone | Failed:
        """What the platform said about one post."""
        if post.remote is None:
            return Failed("no_remote", "nobody knows where this post is")
        if isinstance(answers, Failed):
            return answers
        answer = answers.get(post.remote.id, Failed("unreadable", "the platform said nothing about this post"))
        if isinstance(answer, Counts) and not _possible(answer):
            return Failed("impossible", "the platform said a number that cannot be")
        return answer

    def _batch(self, post: Post, answer: Counts | Gone | Failed, sight: Sight) -> Batch:
        published_at = post.since if post.published_at is None else post.published_at
        age = age_s(published_at, sight.now)
        rung, next_at = rung_at(self.ladder, age), next_look(self.ladder, published_at, age)
        match answer:
            case Gone() if post.reason == MISSING and age > sight.settle_s:
                after = post.after(Event.GONE, now=sight.now, reason="gone", look_at=None)
                return self._told(post, after, "gone", {"age_s": age})
            case Gone():
                settled_at = published_at + int(sight.settle_s * SECOND_US)
                again = max(settled_at, next_try(self.ladder, published_at, sight.now))
                return self._missed(post, Failed(MISSING, "it is not there; we look once more"), again, rung)
            case Failed():
                again = max(answer.retry_at or 0, next_try(self.ladder, published_at, sight.now))
                return self._missed(post, answer, again if post.remote else None, rung)
        if rung is None:  # looked too early: these numbers belong to no rung
            return Batch(changes=(Change(post, post.changed(look_at=next_at)),))
        reading = Reading(
            post_id=post.id, account_id=post.account_id, rung=rung, age_s=age, observed_at=sight.now,
            counts=answer, followers=sight.followers, rehearsal=sight.rehearsal,
        )  # fmt: skip
        data = {"rung": rung, "age_s": age, "engagement": answer.engagement, "impressions": answer.impressions}
        after = post.changed(look_at=next_at, looks=post.looks + 1, reason="")
        return replace(self._told(post, after, "measured", data), readings=(reading,))

    def _missed(self, post: Post, failed: Failed, again: int | None, rung: int | None) -> Batch:
        """No reading: look again at that instant, or never where there is nothing to look for."""
        after = post.changed(look_at=again, reason=failed.reason)
        if failed.known:
            return Batch(changes=(Change(post, after),))
        data = {"reason": failed.reason, "sentence": failed.sentence, "retry_at": again, "rung": rung}
        return self._told(post, after, "unmeasured", data)

    def _told(self, before: Post, after: Post, kind: str, data: dict[str, Any]) -> Batch:
        fact = self._fact(kind, before.account_id, before.id, data)
        return Batch(changes=(Change(before, after),), facts=(fact,))

    def _fact(self, kind: str, account_id: str, post_id: str, data: dict[str, Any]) -> Fact:
        return Fact(kind=kind, at=self.clock.now(), by=self.by, account_id=account_id, post_id=post_id, data=data)


def _possible(counts: Counts) -> bool:
    """Tell whether every number could be one: an impossible one would keep all posts that are read with it."""
    seen = (counts.impressions, counts.likes, counts.reposts, counts.replies, counts.quotes)
    return all(n is None or 0 <= n <= COUNT_MAX for n in seen)

"""One attempt: the exact message made and stored, then sent under its key, and what came of it as a value.

Everything that can go wrong ends in one of a few outcomes: the event it means for the post's life, the reason code,
and whether the account has to wait. What nobody foresaw is LOST_TOUCH: after the post may have left, ignorance is
never a reason to send again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bowerbird.core import errors
from bowerbird.core.account import HoldKind
from bowerbird.core.books import Batch, Change, Lost, Posts, Recorder
from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import Event
from bowerbird.core.ports import Clock, Platform
from bowerbird.core.post import CARDS, GONE, SECOND_US, Post, RemoteRef, ReplyTo

BACKOFF_S = 5.0
"""First wait after a post could not be sent; doubles with each attempt."""
BACKOFF_MAX_S = 600.0
"""Longest wait between two attempts."""
TURNED_AWAY = "browser_busy"
"""Who was turned away by our own browsers comes again after the first wait each time: nobody's patience is tried."""
GIVE_UP_BEFORE_S = 5.0
"""A worker stops waiting this long before its lease ends, so that it never acts on a lapsed one."""
WAIT_MAX_S = 86_400.0
"""However long a platform asks us to wait, it is asked again after a day."""


class Books(Recorder, Posts, Protocol):
    """What an attempt needs of the storage."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to.

    Args:
        event: the step in the post's life.
        reason: the reason code, empty if it went well.
        changes: fields of the post that change with the step.
        hold: what the whole account has to wait for, if anything.
        limited: the platform's refusal that its real limit can be learned from; `taught`: what it teaches.
    """

    event: Event
    reason: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    hold: tuple[HoldKind, int | None] | None = None
    sentence: str = ""
    limited: errors.RateLimited | None = None
    taught: Batch = field(default_factory=Batch)


@dataclass
class Sender:
    """Makes messages and sends them.

    Args:
        platforms: the adapter of each account, by account id.
        attempt_s: how long one attempt may take from claim to answer, seconds.
        first_look_s: how long after publishing the first reading is due, seconds.
    """

    storage: Books
    platforms: Mapping[str, Platform]
    clock: Clock
    attempt_s: float
    first_look_s: float
    by: str = "posting"

    async def freeze(self, post: Post) -> Post | Outcome:
        """Return the post with its exact message committed, or the outcome if it was not: nothing is sent then."""
        if post.wire is not None:
            return post
        try:
            async with asyncio.timeout(self._left_s(post)):
                whole, wire = await self._made(await self._attach(post))
        except TimeoutError:
            return self._unreached(post, "timeout", "the message could not be made in time")
        except errors.Unconfirmed as error:
            return self._unreached(post, error.reason, str(error))  # making a message writes nothing visible
        except errors.PlatformError as error:
            return self._outcome(post, error)
        except errors.StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - nothing can have been sent, so it may wait and be told
            return self._unreached(post, "unforeseen", f"the message could not be made: {type(error).__name__}")
        frozen = post.changed(wire=wire, payload=whole.payload)
        data: dict[str, Any] = {"bytes": len(wire.encode())}
        if len(whole.payload.media) < len(post.payload.media):
            data["card"] = "its picture is gone from the data folder"
        fact = Fact(
            kind="frozen", at=self.clock.now(), by=self.by, account_id=post.account_id, post_id=post.id, data=data
        )
        if isinstance(await self.storage.record(Batch(changes=(Change(post, frozen),), facts=(fact,))), Lost):
            return self._unreached(post, "changed", "it was changed before it was sent")
        return frozen

    async def _made(self, post: Post) -> tuple[Post, str]:
        """Make the message. A card is never worth waiting for: if its picture is gone, the words go without it."""
        prepare = self.platforms[post.account_id].prepare
        try:
            return post, await prepare(post)
        except errors.Refused as error:
            drawn = [picture for picture in post.payload.media if picture.path.startswith(f"{CARDS}/")]
            if error.reason != GONE or not drawn:
                raise
        kept = tuple(picture for picture in post.payload.media if picture not in drawn)
        bare = replace(post, payload=replace(post.payload, media=kept))
        return bare, await prepare(bare)

    async def _attach(self, post: Post) -> Post:
        """Give a later part of a thread its place: the part before it, and the root of the conversation."""
        if post.part == 0:
            return post
        thread = {part.part: part for part in await self.storage.thread(post.thread_id)}
        head, before = thread[0], thread[post.part - 1]
        if head.remote is None or before.remote is None:
            raise errors.Refused("the part before this one is not on the platform", reason="thread_broken")
        root = head.payload.reply_to.root if head.payload.reply_to else head.remote
        place = ReplyTo(parent=before.remote, root=root, author=self.platforms[post.account_id].name)
        return replace(post, payload=replace(post.payload, reply_to=place))

    async def send(self, post: Post) -> Outcome:
        """Send the stored message once, and say what came of it; never raises."""
        left_s, platform = self._left_s(post), self.platforms.get(post.account_id)
        if left_s <= 0:  # a deadline of zero would still let the first bytes out
            return self._unreached(post, "late", "the attempt was over before anything was sent")
        if platform is None:
            return self._unreached(post, "no_adapter", "the account is being connected anew")
        try:
            async with asyncio.timeout(left_s):
                ref = await platform.publish(post)
        except TimeoutError:
            return Outcome(Event.LOST_TOUCH, "timeout", {"not_before": self.clock.now()})
        except errors.PlatformError as error:
            return self._outcome(post, error)
        except Exception as error:  # noqa: BLE001 - whatever it was, the post may have left: look, never guess
            return Outcome(
                Event.LOST_TOUCH,
                "unforeseen",
                {"not_before": self.clock.now()},
                sentence=type(error).__name__,
            )
        return self._confirmed(ref)

    def _confirmed(self, ref: RemoteRef) -> Outcome:
        now = self.clock.now()
        look_at = now + int(self.first_look_s * SECOND_US)
        return Outcome(Event.CONFIRMED, "", {"remote": ref, "published_at": now, "look_at": look_at})

    def _outcome(self, post: Post, error: errors.PlatformError) -> Outcome:
        now = self.clock.now()
        match error:
            case errors.Refused():
                return Outcome(Event.REFUSED, error.reason, sentence=str(error))
            case errors.RateLimited():
                again = min(max(error.retry_at, now + SECOND_US), now + int(WAIT_MAX_S * SECOND_US))
                wait = (HoldKind.LIMITED, again)
                return Outcome(Event.POSTPONED, error.reason, {"not_before": again}, wait, str(error), error)
            case errors.SignedOut():
                return Outcome(Event.HELD, error.reason, {}, (HoldKind.SIGNED_OUT, None), str(error))
            case errors.Unreachable():
                return self._unreached(post, error.reason, str(error))
            case _:
                return Outcome(Event.LOST_TOUCH, error.reason, {"not_before": now}, sentence=str(error))

    def _unreached(self, post: Post, reason: str, sentence: str) -> Outcome:
        doublings = 0 if reason == TURNED_AWAY else min(post.attempt - 1, 10)
        wait_s = min(BACKOFF_S * 2**doublings, BACKOFF_MAX_S)
        again = self.clock.now() + int(wait_s * SECOND_US)
        return Outcome(Event.UNREACHED, reason, {"not_before": again}, sentence=sentence)

    def _left_s(self, post: Post) -> float:
        """Seconds until a worker stops waiting: never more than an attempt has, also when the wall was set back."""
        left_s = (post.attempt_until - self.clock.now()) / SECOND_US
        return max(0.0, min(left_s, self.attempt_s) - GIVE_UP_BEFORE_S)

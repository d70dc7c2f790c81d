"""Send the next post that is due.

Everything that can go wrong while sending ends in one of a few outcomes, and the outcome is a value: the
event it means for the post's life, the reason code, and whether the account has to wait. What nobody foresaw
is LOST_TOUCH: after the post may have left, ignorance is never a reason to send again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bowerbird.clock import Steady
from bowerbird.core import errors
from bowerbird.core.account import Account, Hold, HoldKind, Limited
from bowerbird.core.books import Batch, Change, Committed, Journal, Keeper, Ledger, Lost, Posts
from bowerbird.core.facts import Fact
from bowerbird.core.keeping import Receipt
from bowerbird.core.lifecycle import Event, State
from bowerbird.core.policy import Context, judge_post, opt_out_place
from bowerbird.core.ports import Clock, Platform
from bowerbird.core.post import SECOND_US, Post, RemoteRef, ReplyTo
from bowerbird.posting.budget import Budget
from bowerbird.posting.pacing import quotas_for, settles
from bowerbird.posting.proof import confirm_late
from bowerbird.posting.together import together

BACKOFF_S = 5.0
"""First wait after a post could not be sent; doubles with each attempt."""
BACKOFF_MAX_S = 600.0
"""Longest wait between two attempts."""
GIVE_UP_BEFORE_S = 5.0
"""A worker stops waiting this long before its lease ends, so that it never acts on a lapsed one."""
AT_ONCE_MAX = 8
"""Accounts that are posted for at the same time."""
WAIT_MAX_S = 86_400.0
"""However long a platform asks us to wait, it is asked again after a day."""
TRIES_MAX = 5
"""How often an outcome is written over a row that a person changes meanwhile."""
HICCUPS_MAX = 3
"""How often an outcome is offered to books that cannot be written just now."""
HICCUP_S = 1.0
"""Wait between two such offers."""


class Books(Keeper, Posts, Ledger, Journal, Protocol):
    """What posting needs of the storage."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to.

    Args:
        event: the step in the post's life.
        reason: the reason code, empty if it went well.
        changes: fields of the post that change with the step.
        hold: what the whole account has to wait for, if anything.
    """

    event: Event
    reason: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    hold: tuple[HoldKind, int | None] | None = None
    sentence: str = ""


@dataclass
class Publisher:
    """Sends due posts, one of each account at a time.

    Args:
        platforms: the adapter of each account, by account id.
        owner: the boot id of this process.
        attempt_s: how long one attempt may take from claim to answer, seconds.
        first_look_s: how long after publishing the first reading is due, seconds.
    """

    storage: Books
    platforms: Mapping[str, Platform]
    clock: Clock
    owner: str
    attempt_s: float = 60.0
    first_look_s: float = 60.0
    by: str = "posting"
    steady: Steady = field(default_factory=Steady)
    _budget: Budget = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._budget = Budget(self.storage, self.by)

    async def publish_once(self) -> bool:
        """Send one post of each account that has one due, so that an account that hangs keeps no other.

        1. Send nothing for a minute after the wall clock jumped: what seems to be due may not be.
        2. For the accounts that wait longest, at the same time: claim, QUEUED -> SENDING with its quotas, committed
           before anything else happens; a crash from here on is found by the reconciler.
        3. Ask the platform's rules once more: what was allowed at planning may be forbidden by now.
        4. Make the exact message, once, and commit it.
        5. Send it under its key.
        6. Record what we know, in one step with the quota and the fact.

        Return True if the caller should come back at once, False if there is nothing to do. What an attempt raises
        comes out when every other attempt has been written down.
        """
        self.steady.feed(self.clock.now(), self.clock.monotonic())
        if not self.steady.trusted:
            return False
        due = [name for name in await self.storage.due_accounts(now=self.clock.now()) if name in self.platforms]
        return any(await together(self._publish(name) for name in due[:AT_ONCE_MAX]))

    async def _publish(self, account_id: str) -> bool:
        account = await self.storage.account(account_id)
        post = await self._claim(account) if account else None
        if account is None or post is None:
            return False
        await self._attempt(account, post)
        return True

    async def _claim(self, account: Account) -> Post | None:
        now = self.clock.now()
        until = now + int(self.attempt_s * SECOND_US)
        claimed = await self.storage.claim_post(
            account.id, now=now, owner=self.owner, until=until, quotas=quotas_for(account)
        )
        if isinstance(claimed, Limited):
            await self._budget.spent(account.id, claimed, now=now)
            return None
        if claimed is not None:
            self._budget.free(account.id)
        return claimed

    async def _attempt(self, account: Account, post: Post) -> None:
        verdict = judge_post(account, post, await self._context(account, post))
        if not verdict.allowed:
            await self._record(post, Outcome(Event.FORBIDDEN, "policy", {}, sentence=verdict.rule))
            return
        frozen = await self._freeze(post)
        if isinstance(frozen, Outcome):
            await self._record(post, frozen)
        else:
            await self._record(frozen, await self._send(frozen))

    async def _context(self, account: Account, post: Post) -> set[Context]:
        """What has become known since planning: another account says the same, or they asked us to stop."""
        known = set()
        if await self.storage.said_elsewhere(post.payload.text_hash, account_id=account.id):
            known.add(Context.SAME_TEXT)
        reply_to = post.payload.reply_to
        if reply_to and await self.storage.cursor(opt_out_place(account.id, reply_to.author)):
            known.add(Context.OPTED_OUT)
        return known

    async def _freeze(self, post: Post) -> Post | Outcome:
        """Return the post with its exact message committed, or the outcome if it was not: nothing is sent then."""
        if post.wire is not None:
            return post
        try:
            async with asyncio.timeout(self._left_s(post)):
                post_with_parent = await self._attach(post)
                wire = await self.platforms[post.account_id].prepare(post_with_parent)
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
        frozen = post.changed(wire=wire, payload=post_with_parent.payload)
        fact = self._fact("frozen", post, {"bytes": len(wire.encode())})
        if isinstance(await self.storage.record(Batch(changes=(Change(post, frozen),), facts=(fact,))), Lost):
            return self._unreached(post, "changed", "it was changed before it was sent")
        return frozen

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

    async def _send(self, post: Post) -> Outcome:
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
                return Outcome(Event.POSTPONED, error.reason, {"not_before": again}, wait, str(error))
            case errors.SignedOut():
                return Outcome(Event.HELD, error.reason, {}, (HoldKind.SIGNED_OUT, None), str(error))
            case errors.Unreachable():
                return self._unreached(post, error.reason, str(error))
            case _:
                return Outcome(Event.LOST_TOUCH, error.reason, {"not_before": now}, sentence=str(error))

    def _unreached(self, post: Post, reason: str, sentence: str) -> Outcome:
        wait_s = min(BACKOFF_S * 2 ** min(post.attempt - 1, 10), BACKOFF_MAX_S)
        again = self.clock.now() + int(wait_s * SECOND_US)
        return Outcome(Event.UNREACHED, reason, {"not_before": again}, sentence=sentence)

    async def _record(self, post: Post, outcome: Outcome) -> None:
        """Write down what the attempt came to; a proof that the books cannot take is kept in the spool."""
        try:
            await self._write(post, outcome)
        except errors.StorageError as trouble:
            ref = outcome.changes.get("remote")
            if ref is None:
                raise
            sent_at, look_at = outcome.changes["published_at"], outcome.changes["look_at"]
            try:
                await self.storage.keep_receipt(Receipt(attempt=post, ref=ref, at=sent_at, look_at=look_at))
            except errors.StorageError:
                raise trouble from None  # the lease ends, and the reconciler looks

    async def _write(self, post: Post, outcome: Outcome) -> None:
        """Write it into the books.

        1. Take the step, together with the quota, the hold and the facts.
        2. If the row changed but the attempt is still ours (a person took the post back), take it on the new row.
        3. If the attempt was given up meanwhile, a proof publishes all the same, and what the platform said about
           the account holds it all the same; of anything else the reconciler's look knows more.
        """
        for _ in range(TRIES_MAX):
            if not isinstance(await self._commit(await self._batch(post, outcome)), Lost):
                return
            found = await self.storage.post(post.id)
            if found is None or found.state is not State.SENDING or found.token != post.token:
                break
            post = found
        now, ref = self.clock.now(), outcome.changes.get("remote")
        if ref is not None:
            look_at = outcome.changes["look_at"]
            await confirm_late(self.storage, post, ref, now=now, look_at=look_at, by=self.by)
        elif holds := self._holds(post, outcome):
            data = {"hold": holds[0].kind, "why": holds[0].why}
            await self._commit(Batch(holds=holds, facts=(self._fact("hold_set", post, data),)))

    async def _commit(self, batch: Batch) -> Committed | Lost:
        """Record what only this process knows; books that certainly did not write are asked again."""
        for _ in range(HICCUPS_MAX - 1):
            try:
                return await self.storage.record(batch)
            except errors.StorageError:
                await self.clock.sleep(HICCUP_S)
        return await self.storage.record(batch)

    async def _batch(self, post: Post, outcome: Outcome) -> Batch:
        """The step and all that goes with it; what was taken back and has not left ends here."""
        now = self.clock.now()
        after = post.after(outcome.event, now=now, reason=outcome.reason, **outcome.changes)
        facts = [self._fact(outcome.event, post, self._told(after, outcome))]
        if after.withdrawn and after.state is State.QUEUED:
            after = after.after(Event.WITHDRAWN, now=now, reason="withdrawn")
            facts.append(self._fact("withdrawn", post, {"reason": after.reason}))
        thread = await self.storage.thread(post.thread_id) if post.parts > 1 else ()
        return Batch(
            changes=(Change(post, after),),
            settles=settles(after, thread, now=now),
            facts=tuple(facts),
            holds=self._holds(post, outcome),
        )

    def _told(self, after: Post, outcome: Outcome) -> dict[str, Any]:
        data = {
            "attempt": after.attempt,
            "reason": outcome.reason,
            "sentence": outcome.sentence,
            "key": after.key,
        }
        return data | ({"remote_id": after.remote.id, "url": after.remote.url} if after.remote else {})

    def _holds(self, post: Post, outcome: Outcome) -> tuple[Hold, ...]:
        if outcome.hold is None:
            return ()
        kind, until = outcome.hold
        why = outcome.sentence or outcome.reason
        return (Hold(account_id=post.account_id, kind=kind, since=self.clock.now(), until=until, why=why),)

    def _fact(self, kind: str, post: Post, data: dict[str, Any]) -> Fact:
        return Fact(
            kind=str(kind),
            at=self.clock.now(),
            by=self.by,
            account_id=post.account_id,
            post_id=post.id,
            data=data,
        )

    def _left_s(self, post: Post) -> float:
        """Seconds until a worker stops waiting: never more than an attempt has, also when the wall was set back."""
        left_s = (post.attempt_until - self.clock.now()) / SECOND_US
        return max(0.0, min(left_s, self.attempt_s) - GIVE_UP_BEFORE_S)

"""Send the next post that is due: claim it, ask the rules, let it be sent, and write down what came of it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Protocol

from bowerbird.clock import Steady
from bowerbird.core import errors
from bowerbird.core.account import Account, Hold, Limited
from bowerbird.core.books import Batch, Change, Committed, Journal, Keeper, Ledger, Lost, Posts
from bowerbird.core.facts import Fact
from bowerbird.core.keeping import Receipt
from bowerbird.core.lifecycle import Event, State
from bowerbird.core.policy import Context, judge_post, opt_out_place
from bowerbird.core.ports import Clock, Platform
from bowerbird.core.post import SECOND_US, Post
from bowerbird.posting.budget import Budget
from bowerbird.posting.limits import Limits
from bowerbird.posting.pacing import ALONE, Shared, settles
from bowerbird.posting.proof import confirm_late
from bowerbird.posting.sending import Outcome, Sender
from bowerbird.posting.together import in_turns
from bowerbird.resilience.failpoints import reach

AT_ONCE_MAX = 8
"""Accounts that are begun with at the same time."""
DOOR_MAX = 3
"""Accounts that stand before the browsers at the same time: who waits there waits for two posts at most."""
SLOW_MAX = 32
"""Accounts that are posted for at the same time while some of them take long."""
LOOK_S = 1.0
"""While an attempt takes long, others that became due are looked for this often, seconds."""
DUE_MAX = 1_000
"""Accounts looked through for those that may be posted for: those that wait for a breaker keep nobody else."""
TRIES_MAX = 5
"""How often an outcome is written over a row that a person changes meanwhile."""
HICCUPS_MAX = 3
"""How often an outcome is offered to books that cannot be written just now."""
HICCUP_S = 1.0
"""Wait between two such offers."""


class Books(Keeper, Posts, Ledger, Journal, Protocol):
    """What posting needs of the storage."""


@dataclass
class Publisher:
    """Sends due posts, one of each account at a time.

    Args:
        platforms: the adapter of each account, by account id.
        owner: the boot id of this process.
        attempt_s: how long one attempt may take from claim to answer, seconds.
        first_look_s: how long after publishing the first reading is due, seconds.
        may_send: says why a post of this account would not be let through just now; empty if it would. Nothing is
            claimed for such an account: its posts wait in the queue, and its breaker says so.
        shared: the owner's limits that several accounts share.
        look_s: how often others are looked for while an attempt takes long, seconds.
    """

    storage: Books
    platforms: Mapping[str, Platform]
    clock: Clock
    owner: str
    attempt_s: float = 60.0
    first_look_s: float = 60.0
    by: str = "posting"
    may_send: Callable[[str], str] = lambda account_id: ""
    shared: Shared = ALONE
    look_s: float = LOOK_S
    steady: Steady = field(default_factory=Steady)
    limits: Limits = field(init=False, repr=False)
    _budget: Budget = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.limits = Limits(self.storage, self.clock, self.shared, self.by)
        self._budget = Budget(self.storage, self.by)

    @property
    def _sender(self) -> Sender:
        return Sender(self.storage, self.platforms, self.clock, self.attempt_s, self.first_look_s, self.by)

    async def publish_once(self) -> bool:
        """Send one post of each account that has one due, so that an account that hangs keeps no other.

        1. Send nothing for a minute after the wall clock jumped: what seems to be due may not be.
        2. For the accounts that wait longest, at the same time: claim, QUEUED -> SENDING with its quotas, committed
           before anything else happens; a crash from here on is found by the reconciler.
        3. Ask the platform's rules once more: what was allowed at planning may be forbidden by now.
        4. Make the exact message, once, and commit it.
        5. Send it under its key.
        6. Record what we know, in one step with the quota and the fact.
        7. While one of them takes long, do the same for accounts that become due meanwhile.

        Return True if the caller should come back at once, False if there is nothing to do. What an attempt raises
        comes out when every other attempt has been written down.
        """
        self.steady.feed(self.clock.now(), self.clock.monotonic())
        if not self.steady.trusted:
            return False
        return any(await in_turns(self._next, look_s=self.look_s))

    async def _next(self, at_work: AbstractSet[str]) -> dict[str, Coroutine[Any, Any, bool]]:
        """Attempts for the accounts that wait longest; the browser is one door, and no crowd stands before it."""
        due = await self.storage.due_accounts(now=self.clock.now(), limit=DUE_MAX)
        ready = [name for name in due if name not in at_work and name in self.platforms and not self.may_send(name)]
        door = set(islice(filter(self._driven, ready), max(0, DOOR_MAX - sum(map(self._driven, at_work)))))
        ready = [name for name in ready if name in door or not self._driven(name)]
        most = min(AT_ONCE_MAX, max(0, SLOW_MAX - len(at_work)))
        return {name: self._publish(name) for name in ready[:most]}

    def _driven(self, account_id: str) -> bool:
        platform = self.platforms.get(account_id)
        return platform is not None and platform.capabilities.browser

    async def _publish(self, account_id: str) -> bool:
        account = await self.storage.account(account_id)
        post = await self._claim(account) if account else None
        if account is None or post is None:
            return False
        await reach("posting.after_claim")
        await self._attempt(account, post)
        return True

    async def _claim(self, account: Account) -> Post | None:
        """Take the most due post together with its quotas; limits that cannot be read mean no."""
        try:
            quotas = await self.limits.of(account)
        except errors.StorageError as error:
            await self.limits.unread(account.id, error)
            return None
        self.limits.read(account.id)
        now = self.clock.now()
        until = now + int(self.attempt_s * SECOND_US)
        claimed = await self.storage.claim_post(account.id, now=now, owner=self.owner, until=until, quotas=quotas)
        if isinstance(claimed, Limited):
            await self._budget.spent(account, claimed, shared=self.shared, now=now)
            return None
        if claimed is not None:
            self._budget.free(account.id)
        return claimed

    async def _attempt(self, account: Account, post: Post) -> None:
        verdict = judge_post(account, post, await self._context(account, post))
        if not verdict.allowed:
            await self._record(post, Outcome(Event.FORBIDDEN, "policy", {}, sentence=verdict.rule))
            return
        sender = self._sender
        frozen = await sender.freeze(post)
        if isinstance(frozen, Outcome):
            await self._record(post, await self._taught(account, frozen))
            return
        outcome = await self._taught(account, await sender.send(frozen))
        await reach("posting.after_send")
        await self._record(frozen, outcome)

    async def _taught(self, account: Account, outcome: Outcome) -> Outcome:
        """The outcome, and with a platform's refusal what it teaches about its limits."""
        if outcome.limited is None:
            return outcome
        try:
            return replace(outcome, taught=await self.limits.refused(account, outcome.limited))
        except errors.StorageError:
            return outcome  # the refusal itself holds the account, and the next one teaches as much

    async def _context(self, account: Account, post: Post) -> set[Context]:
        """What has become known since planning: another account says the same, or they asked us to stop."""
        known = set()
        if await self.storage.said_elsewhere(post.payload.text_hash, account_id=account.id):
            known.add(Context.SAME_TEXT)
        reply_to = post.payload.reply_to
        if reply_to and await self.storage.cursor(opt_out_place(account.id, reply_to.author)):
            known.add(Context.OPTED_OUT)
        return known

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
            await confirm_late(self.storage, post, ref, now=now, look_at=look_at, by=self.by, shared=self.shared)
        elif holds := self._holds(post, outcome):
            fact = self._fact("hold_set", post, {"hold": holds[0].kind, "why": holds[0].why})
            taught = outcome.taught
            await self._commit(Batch(holds=holds, facts=(fact, *taught.facts), learned=taught.learned))

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
            facts=(*facts, *outcome.taught.facts),
            holds=self._holds(post, outcome),
            learned=outcome.taught.learned,
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

"""The limits of accounts as they are just now: configured, written down by platforms, and learned from refusals.

A limit that cannot be read means no, and says so. The ancestor's quota check answered "go on" when its books failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bowerbird.core.account import Account, Learned, Quota
from bowerbird.core.books import Batch, Keeper, Ledger
from bowerbird.core.errors import RateLimited, StorageError
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.ports import Clock
from bowerbird.posting.pacing import ALONE, Shared, learn, quotas_for, risen
from bowerbird.resilience.failpoints import Broken, reach

ACCOUNTS_MAX = 500
"""Accounts whose limits are shown."""
SAMPLES_S = 2.0
"""How old shown limits may be, seconds."""


class Books(Keeper, Ledger, Protocol):
    """What limits need of the storage."""


@dataclass
class Limits:
    """Reads the limits before each claim, and learns from each refusal.

    Args:
        shared: the owner's limits that several accounts share.
    """

    storage: Books
    clock: Clock
    shared: Shared = ALONE
    by: str = "posting"
    _unread: set[str] = field(default_factory=set)
    _broken: bool | None = None
    _shown: list[Sample] = field(default_factory=list)
    _shown_at: float = float("-inf")

    async def of(self, account: Account) -> tuple[Quota, ...]:
        """Every limit that one post of this account has to pass, as it is now.

        Raises:
            StorageError: they could not be read; then nothing may be sent.
        """
        learned = await self._learned()
        return quotas_for(account, shared=self.shared, learned=learned, now=self.clock.now())

    async def _learned(self) -> Sequence[Learned]:
        try:
            if await reach("limits.read"):
                raise StorageError("the limits were not read")
        except Broken as error:
            raise StorageError(str(error)) from error
        return await self.storage.learned()

    async def unread(self, account_id: str, error: StorageError) -> None:
        """Note that an account's limits could not be read, and tell it once until they can."""
        if account_id in self._unread:
            return
        self._unread.add(account_id)
        fact = Fact(
            kind="limit_unread", at=self.clock.now(), by=self.by, account_id=account_id, data={"why": str(error)}
        )
        try:
            await self.storage.keep(Batch(facts=(fact,)))
        except StorageError:
            return  # the sample tells it, and is read without the books

    def read(self, account_id: str) -> None:
        """Note that an account's limits can be read."""
        self._unread.discard(account_id)

    async def refused(self, account: Account, refusal: RateLimited) -> Batch:
        """What a platform's refusal teaches, to be recorded together with the refusal; an empty batch if nothing.

        Raises:
            StorageError: the limits could not be read.
        """
        now, known = self.clock.now(), await self._learned()
        quotas = quotas_for(account, shared=self.shared, learned=known, now=now)
        used = await self.storage.used(quotas, now=now)
        row = learn(used, refusal, known, now=now)
        if row is None:
            return Batch()
        before = next((q.max for q in quotas if (q.key, q.unit, q.window_s) == (row.key, row.unit, row.window_s)), None)
        data = {
            "key": row.key, "unit": row.unit, "window_s": row.window_s, "from": before, "to": row.max, "why": row.why,
        }  # fmt: skip
        fact = Fact(kind="limit_learned", at=now, by=self.by, account_id=account.id, data=data)
        return Batch(learned=(row,), facts=(fact,))

    async def samples(self) -> list[Sample]:
        """Whether limits can be read, each window's used share, and what was learned.

        1. Try to read the limits, also while nothing is due: the next post is not to be the first that learns of it.
        2. Ask for the shares at most every 2 s; while the books cannot be read they are not known.
        """
        found = await self._readable()
        if self.clock.monotonic() - self._shown_at >= SAMPLES_S:
            self._shown, self._shown_at = [], self.clock.monotonic()
            try:
                self._shown = await self._of_books()
            except StorageError:
                return found
        return [*found, *self._shown]

    async def _readable(self) -> list[Sample]:
        """Whether any limit can be read, and which accounts were refused a post because theirs could not."""
        try:
            await self._learned()
            self._broken = False
            self._unread.clear()
        except StorageError:
            self._broken = await self._fail_alone()
        found = [Sample(name="bowerbird_limit_unread", value=1, labels={"account": name}) for name in self._unread]
        if self._unread or self._broken is not None:
            found.append(Sample(name="bowerbird_limits_unread", value=bool(self._unread or self._broken)))
        return found

    async def _fail_alone(self) -> bool | None:
        """Whether limits still cannot be read though the books can; None if neither can: that the books tell."""
        try:
            await self.storage.account("")
        except StorageError:
            return None
        try:
            await self._learned()
        except StorageError:
            return True
        return False

    async def _of_books(self) -> list[Sample]:
        now, learned = self.clock.now(), await self.storage.learned()
        quotas: dict[Quota, None] = {}
        for account in (await self.storage.accounts())[:ACCOUNTS_MAX]:
            quotas |= dict.fromkeys(quotas_for(account, shared=self.shared, learned=learned, now=now))
        ratios = [
            Sample(name="bowerbird_limit_used_ratio", value=one.used / one.quota.max, labels=_labels(one.quota))
            for one in await self.storage.used(list(quotas), now=now)
            if one.quota.max > 0
        ]
        by_place = {(quota.key, quota.unit, quota.window_s): quota for quota in quotas}
        lowered = [
            Sample(name="bowerbird_limit_learned", value=quota.max, labels=_labels(quota))
            for row in learned
            if (quota := by_place.get((row.key, row.unit, row.window_s))) and risen(row, now) < 1
        ]
        return ratios + lowered


def _labels(quota: Quota) -> dict[str, str]:
    """A limit by its scope, what is counted, and its window; the same key is counted in more than one unit."""
    key = quota.key if quota.unit == "posts" else f"{quota.key} {quota.unit}"
    hours = quota.window_s / 3600
    return {"scope": quota.scope, "key": key, "window": f"{hours:g}h" if hours >= 1 else f"{quota.window_s / 60:g}m"}

"""Keep the books from growing for ever: what only tells how things went long ago is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bowerbird.core.account import Account
from bowerbird.core.books import Old
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US

DAY_S = 86_400.0
KEEP_S: dict[Old, float] = {
    Old.RUNS: 30 * DAY_S,
    Old.SPENDS: 35 * DAY_S,  # longer than the longest window of any limit, a month
    Old.WORDS: 30 * DAY_S,
    Old.DELIVERIES: 90 * DAY_S,
    Old.INCIDENTS: 365 * DAY_S,
    Old.COMMANDS: 90 * DAY_S,
    Old.OWNERS: 30 * DAY_S,  # one that slept for longer is written anew with its next beat
    Old.SILENCES: 90 * DAY_S,
}
"""How long each is kept, in seconds; posts, facts and readings are kept for ever."""
MODELS_MAX = 20
"""Models kept besides the one in use and the one it came from, for each account."""
FORGET_MAX = 1_000
"""Rows of one kind forgotten at once."""


class Books(Protocol):
    """What tidying needs of the storage."""

    async def accounts(self) -> Sequence[Account]:
        """All accounts, by id."""

    async def forget(self, *, before: int, limit: int = 1000, what: Old = Old.RUNS) -> int:
        """Forget the oldest rows of this kind from before this instant."""

    async def forget_models(self, account_id: str, *, keep: int = 20, limit: int = 1000) -> int:
        """Forget models that are neither in use nor among the newest."""


@dataclass
class Tidy:
    """Forgets what is old."""

    storage: Books
    clock: Clock

    async def tidy_once(self) -> bool:
        """Forget a handful of each kind; return True if there may be more."""
        now, more = self.clock.now(), False
        for what, keep_s in KEEP_S.items():
            before = now - int(keep_s * SECOND_US)
            more |= await self.storage.forget(before=before, limit=FORGET_MAX, what=what) == FORGET_MAX
        for account in await self.storage.accounts():
            more |= await self.storage.forget_models(account.id, keep=MODELS_MAX, limit=FORGET_MAX) == FORGET_MAX
        return more

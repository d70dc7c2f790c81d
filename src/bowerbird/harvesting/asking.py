"""Ask a platform, and turn what goes wrong into facts and holds: an answer that did not come is never an empty one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from bowerbird.core import errors
from bowerbird.core.account import HoldKind
from bowerbird.core.books import Batch, Findings, Journal, Ledger, Posts, Recorder
from bowerbird.core.facts import Fact
from bowerbird.core.holding import signed_out
from bowerbird.core.ports import Clock, Unknown

T = TypeVar("T")


class Books(Recorder, Posts, Findings, Ledger, Journal, Protocol):
    """What harvesting needs of the storage."""


@dataclass
class Asker:
    """Puts questions to platforms for one room."""

    storage: Books
    clock: Clock
    by: str
    _not_before: dict[str, int] = field(default_factory=dict)

    async def may(self, account_id: str) -> bool:
        """True unless the account is signed out, or its platform asked us to wait."""
        now = self.clock.now()
        holds = await self.storage.holds(now=now)
        resting = any(h.account_id == account_id and h.kind is HoldKind.SIGNED_OUT for h in holds)
        return not resting and self._not_before.get(account_id, 0) <= now

    async def ask(self, account_id: str, what: str, question: Callable[[], Awaitable[T | Unknown]]) -> T | None:
        """Return the answer; None, and a fact with the reason, if there is none.

        A session that ended puts the account on hold; a rate limit is waited for.
        """
        try:
            answer = await question()
        except errors.PlatformError as error:
            await self._failed(account_id, what, error)
            return None
        if isinstance(answer, Unknown):
            await self.tell("unharvested", account_id, what=what, reason="unknown", sentence=answer.why)
            return None
        return answer

    async def tell(self, kind: str, account_id: str, /, **data: Any) -> None:
        """Write one fact about an account."""
        await self.storage.record(Batch(facts=(self.fact(kind, account_id, **data),)))

    def fact(self, kind: str, account_id: str, /, post_id: str = "", **data: Any) -> Fact:
        """A fact of this room, of now."""
        return Fact(kind=kind, at=self.clock.now(), by=self.by, account_id=account_id, post_id=post_id, data=data)

    async def _failed(self, account_id: str, what: str, error: errors.PlatformError) -> None:
        sentence = str(error) or error.reason
        fact = self.fact("unharvested", account_id, what=what, reason=error.reason, sentence=sentence)
        batch = Batch(facts=(fact,))
        if isinstance(error, errors.RateLimited):
            self._not_before[account_id] = error.retry_at
        if isinstance(error, errors.SignedOut):
            held = signed_out(account_id, error, at=self.clock.now(), by=self.by)
            batch = replace(held, facts=(fact, *held.facts))
        await self.storage.record(batch)

"""Ask a platform, and turn what goes wrong into facts and holds: an answer that did not come is never an empty one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from bowerbird.core import errors
from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.books import Batch, Findings, Journal, Ledger, Posts, Recorder
from bowerbird.core.facts import Fact
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
        signed_out = any(h.account_id == account_id and h.kind is HoldKind.SIGNED_OUT for h in holds)
        return not signed_out and self._not_before.get(account_id, 0) <= now

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
        facts = [self.fact("unharvested", account_id, what=what, reason=error.reason, sentence=sentence)]
        holds: tuple[Hold, ...] = ()
        if isinstance(error, errors.RateLimited):
            self._not_before[account_id] = error.retry_at
        if isinstance(error, errors.SignedOut):
            now = self.clock.now()
            holds = (Hold(account_id=account_id, kind=HoldKind.SIGNED_OUT, since=now, why=sentence),)
            facts.append(self.fact("hold_set", account_id, hold=HoldKind.SIGNED_OUT, why=sentence))
        await self.storage.record(Batch(facts=tuple(facts), holds=holds))

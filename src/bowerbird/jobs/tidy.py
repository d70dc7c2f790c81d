"""Keep the books from growing for ever: what only tells how things went last month is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US

KEEP_S = 30 * 86_400.0
"""How long runs of jobs are kept, in seconds; posts, facts, readings and models are kept for ever."""
FORGET_MAX = 1_000
"""Runs forgotten at once."""


class Books(Protocol):
    """What tidying needs of the storage."""

    async def forget(self, *, before: int, limit: int = 1000) -> int:
        """Forget the oldest runs that began before this instant."""


@dataclass
class Tidy:
    """Forgets old runs."""

    storage: Books
    clock: Clock

    async def tidy_once(self) -> bool:
        """Forget a handful of runs older than 30 days; return True if there may be more."""
        before = self.clock.now() - int(KEEP_S * SECOND_US)
        return await self.storage.forget(before=before, limit=FORGET_MAX) == FORGET_MAX

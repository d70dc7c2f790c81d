"""Open the books, however long that takes: a disk that is full or slow today has room tomorrow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from bowerbird.core.errors import StorageBusy, StorageError
from bowerbird.core.ports import Chance, Clock
from bowerbird.resilience.retry import backoff_s

WAIT_MAX_S = 8.0
"""No wait between two tries is longer, seconds."""
T = TypeVar("T")


@dataclass
class Opening:
    """Tries to open something, and says why it is not open yet."""

    clock: Clock
    chance: Chance
    why: str = ""

    def note(self) -> str:
        """The reason why nothing is done yet, for the heartbeat."""
        return f"the books cannot be opened: {self.why}; tried again" if self.why else "opening the books"

    async def open(self, make: Callable[[], Awaitable[T]]) -> T:
        """Return what `make` makes, at the first try that succeeds.

        Raises:
            StorageBusy: somebody else is the engine; waiting would make two of them.
            BadInput: it cannot be opened as it is set up.
        """
        attempt = 0
        while True:
            try:
                return await make()
            except StorageBusy:
                raise
            except StorageError as error:
                attempt += 1
                self.why = str(error)
            rng = self.chance.stream("opening")
            await self.clock.sleep(max(0.2, backoff_s(attempt, rng=rng, base_s=0.5, max_s=WAIT_MAX_S)))

"""Books in memory with the real spool's rules beside them; only the file is a list, which outlives every engine."""

from __future__ import annotations

from bowerbird.clock import VirtualClock
from bowerbird.storage.memory import MemoryBooks, MemoryStorage
from bowerbird.storage.parcels import is_proof
from bowerbird.storage.spool import Spool
from bowerbird.storage.spooled import Apply, Spooling

RECORDS_MAX = 10_000
"""What the list may hold; nothing in a simulated year comes near it."""


class ListedSpool(Spool):
    """A spool whose file is a list: what was appended is durable at once."""

    def __init__(self) -> None:
        self.reserved, self.torn = True, 0
        self._records: list[tuple[int, bytes]] = []
        self._last = 0

    @property
    def waiting(self) -> int:
        """How many records wait."""
        return len(self._records)

    @property
    def marked(self) -> int:
        """How many of them are proofs."""
        return sum(is_proof(payload) for _, payload in self._records)

    @property
    def used_ratio(self) -> float:
        """The used share of what it may hold, 0 to 1."""
        return len(self._records) / RECORDS_MAX

    @property
    def used_bytes(self) -> int:
        """How much of it is used, bytes."""
        return sum(len(payload) for _, payload in self._records)

    def append(self, payload: bytes) -> int:
        """Keep one record, and return its number."""
        self._last += 1
        self._records.append((self._last, payload))
        return self._last

    def first(self) -> tuple[int, bytes] | None:
        """The oldest record that waits, or None."""
        return self._records[0] if self._records else None

    def done(self, number: int) -> None:
        """Forget the records up to this number."""
        self._records = [record for record in self._records if record[0] > number]


class SpooledMemory(Spooling, MemoryStorage):
    """One engine's handle on books in memory, and on their spool."""

    def __init__(self, books: MemoryBooks, spool: Spool, apply: Apply, clock: VirtualClock) -> None:
        MemoryStorage.__init__(self, books)
        self.spool(spool, apply, clock, inline=True)

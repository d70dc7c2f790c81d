"""The books in dictionaries: for the simulation, for tests, and to say in few words what every engine must do."""

from __future__ import annotations

from bowerbird.storage.memory.alarms import MemoryAlarms
from bowerbird.storage.memory.books import MemoryBooks
from bowerbird.storage.memory.findings import MemoryFindings
from bowerbird.storage.memory.journal import MemoryJournal
from bowerbird.storage.memory.ledger import MemoryLedger
from bowerbird.storage.memory.posts import MemoryPosts
from bowerbird.storage.memory.recorder import MemoryRecorder

__all__ = ["MemoryBooks", "MemoryStorage"]


class MemoryStorage(MemoryRecorder, MemoryPosts, MemoryFindings, MemoryLedger, MemoryAlarms, MemoryJournal):
    """One process's handle on books that several may share.

    Args:
        books: the committed data; None makes fresh ones. They outlive every handle, as a disk does.
    """

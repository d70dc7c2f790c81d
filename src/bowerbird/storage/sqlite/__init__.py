"""The books in one SQLite file: for one machine, with one engine and as many guests as like."""

from __future__ import annotations

from bowerbird.storage.sqlite.alarms import SqliteAlarms
from bowerbird.storage.sqlite.findings import SqliteFindings
from bowerbird.storage.sqlite.journal import SqliteJournal
from bowerbird.storage.sqlite.ledger import SqliteLedger
from bowerbird.storage.sqlite.posts import SqlitePosts
from bowerbird.storage.sqlite.recorder import SqliteRecorder

__all__ = ["SqliteStorage"]


class SqliteStorage(SqliteRecorder, SqlitePosts, SqliteFindings, SqliteLedger, SqliteAlarms, SqliteJournal):
    """One process's handle on the file; made by `await SqliteStorage.open(path, ...)`."""

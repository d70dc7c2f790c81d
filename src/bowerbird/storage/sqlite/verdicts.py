"""What the driver's errors mean for the caller. Each is raised only when nothing was changed."""

from __future__ import annotations

import sqlite3

from bowerbird.core.errors import StorageBusy, StorageError, StorageFull, StorageTimeout

_FULL = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_CANTOPEN,
}
_FULL_IO = {
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMOPEN,
}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def primary(error: sqlite3.Error) -> int:
    """The driver's code without its extension; 0 if the driver gave none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def is_collision(error: sqlite3.Error) -> bool:
    """Tell whether a row was there already, as against a row that may never be written."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code in {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}


def verdict(error: sqlite3.Error, *, path: str, waited_s: float, holder: str = "") -> StorageError:
    """Turn a driver's error into one of ours.

    Args:
        error: what the driver raised.
        path: the file, for the sentence.
        waited_s: the deadline of the call, in seconds.
        holder: who holds the file, if that is known.
    """
    code, whole = primary(error), getattr(error, "sqlite_errorcode", 0)
    if code == sqlite3.SQLITE_INTERRUPT:
        return StorageTimeout(f"a statement was ended after {waited_s:g} s; nothing was changed")
    if code in _BUSY:
        return StorageBusy(f"{path} was locked for {waited_s:g} s{f' by {holder}' if holder else ''}")
    if code in _FULL or whole in _FULL_IO:
        return StorageFull(f"{path} cannot be written: {error}; free some space or make the folder writable")
    if code in _DAMAGED:
        return StorageError(f"{path} is damaged or not a database: {error}; restore a backup")
    return StorageError(f"{path}: {error}")

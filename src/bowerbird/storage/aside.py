"""The file for what was kept in the spool and can never be written: only ever added to, and bounded all the same.

A defect that makes every record unwritable must not fill the disk with them. When the file is full it becomes
``<file>.1``, and what was there before is let go, which whoever adds is told.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from bowerbird.core.errors import StorageFull

ASIDE_MAX = 8_000_000
"""Bytes in one file; a record that is larger has one for itself. There are two of them at most."""


def set_aside(path: Path, payload: bytes, *, most: int = ASIDE_MAX) -> int:
    """Add one line, down to the disk; return how many bytes of older lines were let go for it.

    Raises:
        StorageFull: it cannot be written.
    """
    try:
        let_go = _turn(path) if _size(path) and _size(path) + len(payload) + 1 > most else 0
        file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, payload + b"\n")
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise StorageFull(f"{path} cannot be written: {error.strerror}") from error
    return let_go


def _turn(path: Path) -> int:
    """Begin a new file; the full one takes the place of the one that was full before it."""
    older = path.with_name(f"{path.name}.1")
    let_go = _size(older)
    path.replace(older)
    return let_go


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0

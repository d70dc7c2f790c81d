"""The pictures of posts that have not gone yet: a backup has them within itself, and a restore puts them back.

A post is sent with the very bytes that were approved. Drawn again on another machine, with other fonts, a card would
be another picture, so it is carried and not rebuilt. Pictures of posts that have gone are on their platform.

1. A table of its own in the copy, which the books themselves do not have: it is taken out again by the restore.
2. What is not there, or too large for any platform, is left out: a backup never fails for a picture.
3. A path leads into the data folder or is not written, and what lies there already stays as it is.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from bowerbird.core.lifecycle import FINAL, State
from bowerbird.storage import rows
from bowerbird.storage import statements as s
from bowerbird.storage.sqlite.desk import connect
from bowerbird.storage.sqlite.tx import Tx

BYTES_MAX = 2_000_000
"""Of one picture: the most that any platform takes."""
AHEAD = tuple(state for state in State if state not in {*FINAL, State.PUBLISHED})
"""The states of a post that may still be sent."""
_MAKE = "CREATE TABLE IF NOT EXISTS pictures (path TEXT PRIMARY KEY, content BLOB NOT NULL)"


def pack(copy: Path, folder: Path) -> int:
    """Put the pictures of posts that have not gone into a copy of the books; say how many. Blocks."""
    many = 0
    with closing(connect(copy)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_MAKE)
        for path in sorted(_carried(Tx(connection))):
            content = _read(folder, path)
            if content:
                connection.execute("INSERT OR IGNORE INTO pictures (path, content) VALUES (?, ?)", (path, content))
                many += 1
        connection.execute("COMMIT")
    return many


def unpack(copy: Path, folder: Path) -> int:
    """Put the pictures that are in a copy into the data folder, and take them out of the copy; say how many. Blocks.

    Raises:
        OSError: the folder cannot be written.
    """
    many = 0
    with closing(connect(copy)) as connection:
        with suppress(sqlite3.OperationalError):  # a backup of an older program has none
            for path, content in connection.execute("SELECT path, content FROM pictures"):
                many += _write(folder, path, content)
        connection.execute("DROP TABLE IF EXISTS pictures")
    return many


def _carried(tx: Tx) -> Iterator[str]:
    for state in AHEAD:
        for line in tx.all(s.pictured(state)):
            yield from (picture.path for picture in rows.post_of(line).payload.media)


def _inside(folder: Path, path: str) -> Path | None:
    file = (folder / path).resolve()
    return file if file.is_relative_to(folder.resolve()) and file != folder.resolve() else None


def _read(folder: Path, path: str) -> bytes:
    file = _inside(folder, path)
    try:
        if file is None or file.stat().st_size > BYTES_MAX:
            return b""
        return file.read_bytes()
    except OSError:
        return b""


def _write(folder: Path, path: str, content: bytes) -> bool:
    file = _inside(folder, path)
    if file is None or file.exists():
        return False
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as picture:
        picture.write(content)
        picture.flush()
        os.fsync(picture.fileno())
    return True

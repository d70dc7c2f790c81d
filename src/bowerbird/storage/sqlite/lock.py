"""One engine per file: whoever holds the lock proves every other engine dead, for the kernel lets go of it."""

from __future__ import annotations

import fcntl
import json
import os
from datetime import UTC, datetime
from pathlib import Path

from bowerbird.core.errors import StorageBusy, StorageFull
from bowerbird.core.post import SECOND_US


class EngineLock:
    """The file `engine.lock` beside the database.

    Args:
        database: the path of the database file.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.parent / "engine.lock"
        self._fd: int | None = None

    def take(self, now: int) -> None:
        """Take the lock and write who took it; `StorageBusy` names the process that holds it."""
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageFull(f"{self._path} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _note(fd, now)
        except BlockingIOError:
            os.close(fd)
            raise StorageBusy(f"the books are in use by {self.holder()}; stop it first") from None
        except OSError as error:
            os.close(fd)
            raise StorageFull(f"{self._path} cannot be written: {error.strerror}") from error
        self._fd = fd

    def holder(self) -> str:
        """Who wrote its name last, in words."""
        try:
            note = json.loads(self._path.read_text())
            since = datetime.fromtimestamp(note["since"] / SECOND_US, UTC)
            return f"process {note['pid']} since {since:%Y-%m-%d %H:%M:%S} UTC"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"

    def release(self) -> None:
        """Let go; doing it twice is not an error. The file stays, for removing it would make two locks."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _note(fd: int, now: int) -> None:
    note = json.dumps({"pid": os.getpid(), "since": now}).encode()
    os.ftruncate(fd, 0)
    os.pwrite(fd, note, 0)

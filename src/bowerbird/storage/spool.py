"""The spool: an append-only file beside the books, for what must not be lost while the books cannot be written.

* A record is on the disk before `append` returns (`fdatasync`), and survives the death of the process.
* Room for the first records is taken when there is room (`RESERVE`), so a full disk does not reach the spool.
  File systems that write every block anew (btrfs, ZFS) cannot promise that; there the reserve is only a wish.
* It is bounded: what does not fit is refused with `StorageFull`, never half written.
* It never shrinks. When the last record has been written into the books, the used part is filled with zeros.

Everything here blocks, so it is given to a thread; the lock keeps two of them apart.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bowerbird.core.errors import StorageFull
from bowerbird.storage.frames import framed, whole_frames

RESERVE = 4_000_000
"""Bytes that belong to the spool from its first day."""
BLANK = bytes(65_536)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one record is: its number, where its payload begins, how many bytes that has, whether it is marked."""

    number: int
    begin: int
    size: int
    marked: bool


class Spool:
    """The file, held by one process.

    Args:
        path: made, with mode 0600, if it is missing.
        after: the number up to which the books have everything; what stands in the file up to there is forgotten.
        most: bytes it may hold.
        marks: tells which records somebody has to know of while they wait.

    Attributes:
        reserved: True if the room is really set aside.
        torn: bytes found at the opening that are no whole record.

    Raises:
        StorageFull: it cannot be made or written.
    """

    def __init__(self, path: Path, *, after: int, most: int, marks: Callable[[bytes], bool] = lambda _: False) -> None:
        self.path, self._most, self._marks = path, most, marks
        self._lock = threading.Lock()
        self._waiting: deque[Place] = deque()
        try:
            self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageFull(f"the spool {path} cannot be opened: {error.strerror}") from error
        self.reserved = self._reserve()
        self.torn = 0
        self._end = 0
        self._last = after
        self._read(after)

    @property
    def waiting(self) -> int:
        """How many records wait."""
        return len(self._waiting)

    @property
    def marked(self) -> int:
        """How many of them are marked."""
        with self._lock:
            return sum(place.marked for place in self._waiting)

    @property
    def used_ratio(self) -> float:
        """The used share of what it may hold, 0 to 1."""
        return self._end / self._most

    @property
    def used_bytes(self) -> int:
        """How much of it is used, bytes."""
        return self._end

    def append(self, payload: bytes) -> int:
        """Write one record to the disk, and return its number; `StorageFull` if it does not fit."""
        with self._lock:
            number = self._last + 1
            frame = framed(number, payload)
            if self._end + len(frame) > self._most:
                raise StorageFull(f"the spool {self.path} is full ({self._most / 1e6:g} MB); make the books writable")
            self._put(self._end, frame)
            self._waiting.append(self._place(number, self._end + len(frame), payload))
            self._end, self._last = self._end + len(frame), number
            return number

    def first(self) -> tuple[int, bytes] | None:
        """The number and payload of the oldest record that waits, or None."""
        with self._lock:
            if not self._waiting:
                return None
            place = self._waiting[0]
            return place.number, os.pread(self._file, place.size, place.begin)

    def every(self) -> list[bytes]:
        """What every waiting record carries, oldest first."""
        with self._lock:
            return [os.pread(self._file, place.size, place.begin) for place in self._waiting]

    def done(self, number: int) -> None:
        """Forget the records up to this number: the books have them. The last one leaves an empty file."""
        with self._lock:
            while self._waiting and self._waiting[0].number <= number:
                self._waiting.popleft()
            if not self._waiting and self._end:
                with suppress(StorageFull):  # what cannot be wiped now is known by its number, and is wiped later
                    self._wipe(0, self._end)
                    self._end = 0
                    self.reserved = self.reserved or self._reserve()

    def close(self) -> None:
        """Let go of the file; doing it twice is not an error."""
        with self._lock, suppress(OSError):
            os.close(self._file)
            self._file = -1

    def _reserve(self) -> bool:
        """Take the room while there is some; False if there is none, which is no reason not to begin: tried again."""
        try:
            os.posix_fallocate(self._file, 0, min(RESERVE, self._most))
            os.fsync(self._file)
            _sync(self.path.parent)
        except OSError:
            return False
        return True

    def _read(self, after: int) -> None:
        """Find every whole record, and clear what is torn, so that nothing is ever taken for a record later."""
        try:
            size = os.fstat(self._file).st_size
            data = os.pread(self._file, size, 0) if size else b""
            whole = 0
            for frame in whole_frames(data):
                self._end, self._last = frame.end, max(self._last, frame.number)
                whole += frame.end - frame.begin
                if frame.number > after:
                    self._waiting.append(self._place(frame.number, frame.end, frame.payload))
            used = len(data.rstrip(b"\0"))
            self.torn = max(0, used - self._end) + max(0, self._end - whole)
            self._wipe(self._end, max(0, used - self._end))
        except OSError as error:
            os.close(self._file)
            raise StorageFull(f"the spool {self.path} cannot be read: {error.strerror}") from error
        self.done(after)

    def _place(self, number: int, end: int, payload: bytes) -> Place:
        return Place(number, end - len(payload), len(payload), self._marks(payload))

    def _put(self, at: int, frame: bytes) -> None:
        """Write a frame to the disk; one that did not get there whole is taken back."""
        try:
            written = 0
            while written < len(frame):
                written += os.pwrite(self._file, frame[written:], at + written)
            os.fdatasync(self._file)
        except OSError as error:
            with suppress(StorageFull):
                self._wipe(at, 16)
            raise StorageFull(f"the spool {self.path} cannot be written: {error.strerror}") from error

    def _wipe(self, at: int, size: int) -> None:
        """Fill a part with zeros, which needs no room."""
        try:
            for begin in range(at, at + size, len(BLANK)):
                os.pwrite(self._file, BLANK[: at + size - begin], begin)
            os.fdatasync(self._file)
        except OSError as error:
            raise StorageFull(f"the spool {self.path} cannot be written: {error.strerror}") from error


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

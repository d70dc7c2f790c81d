"""The journal: all that the network ever accepted, one JSON object a line, in order.

1. A record is on the disk (fsync) before its request is answered, so an answer never promises what a crash
   could take back; a crash between the two is exactly the "accepted, but nobody was told" we rehearse.
2. At the start the journal is read again and the world grows out of it.
3. A torn last line was never answered for: it is cut off, and said so. Damage further up is not ours to guess
   at: the start refuses and names the line.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from array import array
from collections.abc import Mapping, Sequence
from io import FileIO
from pathlib import Path
from typing import Any, Protocol

from bowerbird.core.errors import BadInput, StorageBusy, StorageFull

Record = Mapping[str, Any]

PAGE_MAX = 1_000
"""Records answered at once."""


class Journal(Protocol):
    """Where records are kept."""

    torn: str
    """What was cut off at the start, or empty."""

    async def replay(self) -> list[Record]:
        """Return every record there is."""

    async def append(self, records: Sequence[Record]) -> None:
        """Keep these; when it returns, no crash loses them."""

    async def page(self, after: int, limit: int) -> list[Record]:
        """Return up to `limit` records from number `after` on (the first is 0)."""

    def close(self) -> None:
        """Let go of the file."""


class MemoryJournal:
    """A journal for tests that need no restart, or pass the same one to the next world."""

    def __init__(self) -> None:
        self.torn = ""
        self.records: list[Record] = []

    async def replay(self) -> list[Record]:
        """Return every record there is."""
        return list(self.records)

    async def append(self, records: Sequence[Record]) -> None:
        """Keep these."""
        self.records.extend(records)

    async def page(self, after: int, limit: int) -> list[Record]:
        """Return up to `limit` records from number `after` on."""
        return self.records[after : after + min(limit, PAGE_MAX)]

    def close(self) -> None:
        """Nothing to let go of."""


class FileJournal:
    """A journal in a file that one process holds.

    Raises:
        StorageBusy: another process holds the file.
        BadInput: a line other than the last cannot be read.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.torn = ""
        self._starts = array("Q")
        # Unbuffered, so that a failed write leaves nothing behind to be written later.
        self._file = FileIO(path, "a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise StorageBusy(f"another sandbox is running on {path}") from None

    async def replay(self) -> list[Record]:
        """Read the file from its beginning, off the event loop; cut off a torn last line."""
        return await asyncio.to_thread(self._replay)

    async def append(self, records: Sequence[Record]) -> None:
        """Write and fsync, off the event loop."""
        lines = [json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() for record in records]
        await asyncio.to_thread(self._write, lines)

    async def page(self, after: int, limit: int) -> list[Record]:
        """Read up to `limit` records from number `after` on, off the event loop."""
        return await asyncio.to_thread(self._page, after, min(limit, PAGE_MAX))

    def close(self) -> None:
        """Let go of the file and its lock."""
        self._file.close()

    def _replay(self) -> list[Record]:
        self._file.seek(0)
        self._starts = array("Q")
        records: list[Record] = []
        lines = self._file.read().split(b"\n")
        position = 0
        for number, line in enumerate(lines[:-1], start=1):
            records.append(self._read(line, number))
            self._starts.append(position)
            position += len(line) + 1
        if lines[-1]:
            self._cut(position, lines[-1])
        return records

    def _read(self, line: bytes, number: int) -> Record:
        try:
            record: Record = json.loads(line)
        except ValueError:
            raise BadInput(f"{self.path} is damaged at line {number}; move it away to start anew") from None
        return record

    def _cut(self, position: int, tail: bytes) -> None:
        self.torn = f"cut off {len(tail)} bytes of a line that was never finished"
        self._file.truncate(position)
        os.fsync(self._file.fileno())

    def _write(self, lines: list[bytes]) -> None:
        end = self._file.seek(0, os.SEEK_END)
        try:
            left = memoryview(b"".join(line + b"\n" for line in lines))
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        except OSError as problem:
            # Half a line in the middle would spoil the whole journal; nobody was answered for it.
            self._file.truncate(end)
            raise StorageFull(f"the journal cannot be written: {problem.strerror}") from problem
        for line in lines:
            self._starts.append(end)
            end += len(line) + 1

    def _page(self, after: int, limit: int) -> list[Record]:
        if after >= len(self._starts):
            return []
        # A second handle, so that reading never moves the writer's position.
        with self.path.open("rb") as reader:
            reader.seek(self._starts[after])
            wanted = min(limit, len(self._starts) - after)
            return [json.loads(reader.readline()) for _ in range(wanted)]

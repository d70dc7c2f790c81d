"""Say that this process is alive, and what it is doing or why nothing is due: only silence is death.

The heart beats in two places. In the **books**, every `BEAT_S` seconds, for the page and for other engines. And in
the **file** `engine.heart` of the data folder, every `PULSE_S` seconds, for the guardian, which opens no books:

    {"at": µs, "pid": int, "owner": boot id, "note": sentence, "progress": int, "state": word}

The same line goes through a pipe that the guardian opened (`startup/pipe.py`), which a disk cannot silence.

`state` is ``opening`` until there are books, ``starting`` until every part was tried, then ``up``.

* The file beats from the event loop, so a loop that stands still is heard as silence.
* It beats with progress made or with a reason why there is none; a `note` that is empty is no reason, and no beat.
* Books that cannot be written are a reason, and so is a full disk, on which the old file is touched instead; on one
  that is read-only the pipe goes on.
* Whatever else stops a heart is raised: a process without one has to end, so that the guardian starts another.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from bowerbird.core.books import Journal
from bowerbird.core.errors import StorageError
from bowerbird.core.ports import Clock
from bowerbird.core.work import Owner
from bowerbird.startup.pipe import speak

BEAT_S = 2.0
"""Seconds between two beats in the books; an owner not heard for 10 s is taken for dead."""
PULSE_S = 1.0
"""Seconds between two beats in the file; after four of silence the guardian tells."""
HEART = "engine.heart"
"""The file's name in the data folder."""
UNWRITTEN = "the books cannot be written: "
"""Begins the note of an engine whose books refuse."""
TOUCHED_S = 2.0
"""A file that is so much newer than what it says was only touched: its disk is full, and its engine alive."""


class Pulse(Protocol):
    """Where a heart beats for a guardian."""

    async def beat(self, row: dict[str, Any]) -> None:
        """Write a beat down; OSError if nothing at all could be done."""


class HeartFile:
    """The file, replaced whole with each beat, by a thread that does nothing else, so nobody can keep it waiting.

    Args:
        pipe: the end of the guardian's pipe, into which it beats first; None without one.
    """

    def __init__(self, path: Path, pipe: int | None = None) -> None:
        self._path, self._pipe = path, pipe
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="heart")

    async def beat(self, row: dict[str, Any]) -> None:
        """Write a beat; where the disk is full, touch what is there. OSError if not even that can be done."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self.write, row)

    def write(self, row: dict[str, Any]) -> None:
        """Write a beat now: into the pipe first, which waits for no disk."""
        if self._pipe is not None:
            speak(self._pipe, row)
        new = self._path.with_name(f"{self._path.name}.new")
        try:
            new.write_text(json.dumps(row), encoding="utf-8")
            new.replace(self._path)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self._path.touch(mode=0o600)
            os.utime(self._path)


def last_beat(path: Path) -> dict[str, Any]:
    """The last beat in the file, with the instant at which it was written or touched; empty if there is none."""
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        touched_at = path.stat().st_mtime_ns // 1000
        late = touched_at - int(row["at"]) > TOUCHED_S * 1_000_000
        return {**row, "at": touched_at if late else int(row["at"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


@dataclass
class Heart:
    """Beats for one process.

    Args:
        note: asked at each beat; one sentence, empty if there is neither progress nor a reason.
        progress: asked at each beat; a number that rises with work done.
        pulse: where it beats for the guardian, if one listens.
        storage: None until there are books; the file beats without.
        starting: asked at each beat; whether the process is still starting, and may be slow.
    """

    storage: Journal | None
    clock: Clock
    owner: Owner
    note: Callable[[], str]
    progress: Callable[[], int] = field(default=lambda: 0)
    pulse: Pulse | None = None
    starting: Callable[[], bool] = field(default=lambda: False)
    missed: int = 0
    trouble: str = ""
    write_s: float | None = None

    async def beat_once(self) -> None:
        """Beat once in the books; raises what storage raises. `write_s` is how long the last one took."""
        note = self.note()
        if self.storage is None or not note:
            return
        began = self.clock.monotonic()
        await self.storage.beat(replace(self.owner, heard_at=self.clock.now(), note=note))
        self.write_s, self.missed, self.trouble = self.clock.monotonic() - began, 0, ""

    async def beat_for_ever(self) -> None:
        """Beat in both places until cancelled; raises whatever is no reason to live with."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._beat_in_books(), name="heart in books")
            both.create_task(self._beat_in_file(), name="heart in file")

    async def _beat_in_books(self) -> None:
        while True:
            try:
                await self.beat_once()
            except StorageError as error:
                self.missed += 1  # the file says so, and the next beat tries again
                self.trouble = str(error)
            await self.clock.sleep(BEAT_S)

    async def _beat_in_file(self) -> None:
        while self.pulse is not None:
            await self.pulse_once()
            await self.clock.sleep(PULSE_S)

    async def pulse_once(self) -> None:
        """Beat once in the file, if there is progress or a reason; a disk that refuses is no death of ours."""
        note = f"{UNWRITTEN}{self.trouble}" if self.trouble else self.note()
        if not note or self.pulse is None:
            return
        state = "opening" if self.storage is None else "starting" if self.starting() else "up"
        row = {"at": self.clock.now(), "pid": self.owner.pid, "owner": self.owner.id, "note": note,
               "progress": self.progress(), "state": state}  # fmt: skip
        with suppress(OSError):  # the pipe was written before, and the books on the same disk say what is wrong
            await self.pulse.beat(row)

"""Replays in the data folder: written by the simulator, listed and read for the dashboard.

A file there may be anything: torn, huge, a link, somebody else's. What cannot be read is listed with the reason.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
from dataclasses import replace
from pathlib import Path

from bowerbird.core.errors import BadInput
from bowerbird.core.replay import BYTES_MAX, Replay, of_json, to_json
from bowerbird.dashboard.asked import Kept

FOLDER = "replays"
"""In the data folder."""
KEPT_MAX = 50
"""Replays that are kept; with one more the oldest goes."""
NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,59}")
"""The name of a replay: a file of ours without its ending, and nothing that leads elsewhere."""

Stamp = tuple[int, int]


class Replays:
    """The replays of one data folder.

    A replay that was read is remembered until its file changes: the last one whole, the others without their steps.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER
        self._heads: dict[str, tuple[Stamp, Kept]] = {}
        self._last: tuple[str, Stamp, Kept] | None = None

    def keep(self, name: str, replay: Replay) -> Path:
        """Write a replay, whole or not at all, and let go of the oldest where there are too many.

        Raises:
            BadInput: the folder cannot be written.
        """
        file = self.folder / f"{name}.json"
        draft = file.with_suffix(".draft")
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.write_text(to_json(replay), encoding="utf-8")
            draft.replace(file)
            for old, _ in self._files()[KEPT_MAX:]:
                (self.folder / f"{old}.json").unlink(missing_ok=True)
        except OSError as error:
            raise BadInput(f"the replay cannot be kept in {self.folder}: {error.strerror}") from error
        return file

    async def listed(self) -> list[Kept]:
        """Every replay without its steps, the newest first, at most `KEPT_MAX`."""
        return await asyncio.to_thread(self._listed)

    async def one(self, name: str) -> Kept | None:
        """The replay of this name, whole; None if there is none."""
        return await asyncio.to_thread(self._one, name)

    def _listed(self) -> list[Kept]:
        heads = {name: (stamp, self._head(name, stamp)) for name, stamp in self._files()[:KEPT_MAX]}
        self._heads = heads
        return [kept for _, kept in heads.values()]

    def _head(self, name: str, stamp: Stamp) -> Kept:
        known = self._heads.get(name)
        if known is not None and known[0] == stamp:
            return known[1]
        kept = self._read(name, stamp)
        return kept if kept.replay is None else replace(kept, replay=replace(kept.replay, steps=()))

    def _one(self, name: str) -> Kept | None:
        stamp = dict(self._files()).get(name)
        if stamp is None:
            return None
        if self._last is None or self._last[:2] != (name, stamp):
            self._last = name, stamp, self._read(name, stamp)
        return self._last[2]

    def _files(self) -> list[tuple[str, Stamp]]:
        """The names of our files, each with when it was written (nanoseconds) and its size, the newest first."""
        try:
            with os.scandir(self.folder) as entries:
                found = [(entry.name.removesuffix(".json"), entry.stat(follow_symlinks=False)) for entry in entries
                         if entry.name.endswith(".json")]  # fmt: skip
        except OSError:
            return []
        ours = [(name, (status.st_mtime_ns, status.st_size)) for name, status in found
                if NAME.fullmatch(name) and stat.S_ISREG(status.st_mode)]  # fmt: skip
        return sorted(ours, key=lambda each: (-each[1][0], each[0]))

    def _read(self, name: str, stamp: Stamp) -> Kept:
        kept = Kept(name=name, at=stamp[0] // 1_000, size=stamp[1])
        if kept.size > BYTES_MAX:
            return replace(kept, problem=f"it is larger than {BYTES_MAX:,} bytes")
        try:
            with (self.folder / f"{name}.json").open("rb") as file:
                return replace(kept, replay=of_json(file.read(BYTES_MAX).decode()))
        except (OSError, UnicodeDecodeError):
            return replace(kept, problem="it cannot be read, or is no text")
        except BadInput as error:
            return replace(kept, problem=str(error))

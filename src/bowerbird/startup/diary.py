"""How the guardian is, written down for the engine and its page: `guardian.state`, described in `startup.adopt`.

Only the standard library.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bowerbird.startup.child import Child
from bowerbird.startup.messenger import wall

STATE = "guardian.state"
STATE_S = 5.0
"""How often it is written, in seconds; and at once when something changes."""


class Diary:
    """Writes the file.

    Args:
        channels: the names of those by which the guardian tells.
    """

    def __init__(self, folder: Path, channels: Sequence[str]) -> None:
        self._file = folder / STATE
        self._channels = list(channels)
        self._last: object = None
        self._written = float("-inf")

    def look(self, children: Sequence[Child], ping: dict[str, Any], now: float) -> None:
        """Write, if it is time; a disk that is full keeps nobody from guarding."""
        rows = [
            {"name": child.name, "pid": child.process.pid if child.process else None,
             "restarts": len(child.restarts), "trouble": child.trouble.title if child.trouble else ""}
            for child in children
        ]  # fmt: skip
        if rows == self._last and now - self._written < STATE_S:
            return
        self._last, self._written = rows, now
        row = {"at": wall(), "pid": os.getpid(), "channels": self._channels, "ping": ping, "children": rows}
        new = self._file.with_name(f"{STATE}.new")
        with suppress(OSError):
            new.write_text(json.dumps(row), encoding="utf-8")
            new.replace(self._file)

    def close(self) -> None:
        """Take it away: nobody guards any more."""
        with suppress(OSError):
            self._file.unlink()

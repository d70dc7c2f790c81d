"""One process that the guardian keeps alive: how it is started, how its heart is read, how often it may start again.

Only the standard library.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bowerbird.startup.messenger import Trouble, wall
from bowerbird.startup.pipe import PIPE, Ear
from bowerbird.startup.silence import Silence

RESTARTS_MAX = 3
"""Restarts of one child within `WINDOW_S`; one more would not cure what they did not."""
WINDOW_S = 600.0
"""The window in which restarts are counted, in seconds; it slides."""
GUARDIAN = "BOWERBIRD_GUARDIAN"
"""The variable that tells a child the guardian's process id, so that it stops when the guardian is gone."""


@dataclass
class Child:
    """One process to be kept alive.

    Args:
        heart: the file in which it beats, or None; it beats in a pipe (`ear`) besides.
        restarts: when it was started again within the last `WINDOW_S`, monotonic seconds.
        trouble: the incident that is open about it.
    """

    name: str
    argv: list[str]
    heart: Path | None = None
    silence: Silence = field(default_factory=Silence)
    ear: Ear = field(default_factory=Ear)
    process: subprocess.Popen[bytes] | None = None
    restarts: deque[float] = field(default_factory=deque)
    start_at: float = 0.0
    started_at: float = 0.0
    opening_s: float = 0.0
    given_up: bool = False
    trouble: Trouble | None = None

    def start(self, now: float = 0.0) -> None:
        """Start it now, in this process group."""
        self.silence.begin(self.mark())
        self.started_at = now
        env = {**os.environ, GUARDIAN: str(os.getpid())}
        if self.heart is None:
            self.process = subprocess.Popen(self.argv, env=env)
        else:
            with self.ear.open() as end:
                self.process = subprocess.Popen(self.argv, env={**env, PIPE: str(end)}, pass_fds=(end,))
        say(f"{self.name} started", pid=self.process.pid)

    def rule(self, what: str) -> str:
        """The rule of an incident about it, such as ``EngineSilent``."""
        return f"{self.name.capitalize()}{what}"

    def ended(self) -> int | None:
        """The exit code if it ended, else None."""
        return self.process.poll() if self.process else None

    def mark(self) -> object:
        """What changes with every beat, in the file or in the pipe; None if there is none."""
        if self.heart is None:
            return None
        self.ear.listen()
        try:
            stat = self.heart.stat()
        except OSError:
            return self.ear.beats or None
        return stat.st_mtime_ns, stat.st_ino, stat.st_size, self.ear.beats

    def beat(self) -> Mapping[str, object]:
        """What it said with its last beat; empty if that cannot be read.

        The pipe knows better than the file, which may be that of an earlier process on a disk that takes no other.
        """
        if self.ear.row:
            return self.ear.row
        try:
            row = json.loads(self.heart.read_text(encoding="utf-8")) if self.heart else {}
        except (OSError, ValueError):
            return {}
        return row if isinstance(row, dict) else {}

    def allowed_at(self, now: float) -> float:
        """When it may be started again: now, or as soon as the window holds less than `RESTARTS_MAX` restarts."""
        while self.restarts and now - self.restarts[0] >= WINDOW_S:
            self.restarts.popleft()
        return now if len(self.restarts) < RESTARTS_MAX else self.restarts[0] + WINDOW_S


def say(sentence: str, **data: object) -> None:
    """Write one line of JSON on standard error, where systemd and people read it."""
    line = {"at": wall(), "by": "guardian", "says": sentence, **data}
    with suppress(OSError):  # nobody reads it any more; that is no reason to end
        sys.stderr.write(json.dumps(line) + "\n")
        sys.stderr.flush()

"""The second way by which a guardian hears a heart: a pipe, which no disk can take away.

A disk that turns read-only silences the file in which the heart beats, and not the process: to kill that would mend
nothing. Only the standard library.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

PIPE = "BOWERBIRD_HEART_PIPE"
"""The variable that tells a child the number of its end of the pipe."""
LINE_MAX = 4_096
"""Bytes of a beat at most (PIPE_BUF of Linux): up to here a line is written whole or not at all."""
LISTEN_MAX = 65_536
"""Bytes taken out of the pipe at one time: as much as it holds."""


def mouth(environment: Mapping[str, str]) -> int | None:
    """Our end of the pipe to the guardian, which what we start does not inherit; None if nobody listens there."""
    number = environment.get(PIPE, "")
    if not number.isdecimal():
        return None
    try:
        if not stat.S_ISFIFO(os.fstat(int(number)).st_mode):
            return None
        os.set_blocking(int(number), False)
        os.set_inheritable(int(number), False)
    except OSError:
        return None
    return int(number)


def speak(pipe: int, row: Mapping[str, Any]) -> None:
    """Beat into the pipe; one that is full or has nobody at its other end loses the beat, and nothing waits."""
    line = json.dumps(row).encode() + b"\n"
    if len(line) <= LINE_MAX:
        with suppress(OSError):
            os.write(pipe, line)


class Ear:
    """The guardian's end, for one process after the other.

    Attributes:
        beats: rises with what is heard.
        row: the last beat of the present process; empty before its first.
    """

    def __init__(self) -> None:
        self.beats = 0
        self.row: dict[str, Any] = {}
        self._end: int | None = None

    @contextmanager
    def open(self) -> Iterator[int]:
        """Make a pipe for a new process, and hold the end to be given to it for as long as it is started."""
        self.close()
        self.row = {}
        self._end, other = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            yield other
        finally:
            os.close(other)

    def listen(self) -> None:
        """Take out whatever was said since the last time."""
        if self._end is None:
            return
        try:
            heard = os.read(self._end, LISTEN_MAX)
        except OSError:
            return
        lines = heard.splitlines()
        self.beats += len(lines)
        for line in lines[-1:]:
            with suppress(ValueError):
                self.row = json.loads(line)

    def close(self) -> None:
        """Let go of the pipe; doing it twice is not an error."""
        if self._end is not None:
            os.close(self._end)
            self._end = None

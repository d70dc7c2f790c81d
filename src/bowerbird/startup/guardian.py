"""Keep the engine and the face alive: a process of its own, made of the standard library alone.

It knows nothing about posts. It starts its children, starts one again that ended by itself (with growing
waits, and at most `RESTARTS_MAX` times in `WINDOW_S`), passes a stop on to them, and ends when they have.
A child that uses up its restarts stays down, and the other goes on: without the engine there is still a page
that says so.

Run as ``python -m bowerbird.startup.guardian CHILD.json``, where the file holds
``[{"name": …, "argv": […]}, …]``; `bowerbird run` writes it and becomes this process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

RESTARTS_MAX = 3
"""Restarts of one child within `WINDOW_S`; one more is a fault that a restart does not cure."""
WINDOW_S = 600.0
"""The window in which restarts are counted, in seconds."""
STOP_S = 30.0
"""How long a child may take to stop before it is killed, in seconds."""
LOOK_S = 0.2
"""How often the guardian looks at its children, in seconds."""
GUARDIAN = "BOWERBIRD_GUARDIAN"
"""The variable that tells a child the guardian's process id, so that it stops when the guardian is gone."""
REFUSED = 78
"""Exit code of a child that cannot run as it is set up (EX_CONFIG): starting it again would change nothing."""


@dataclass
class Child:
    """One process to be kept alive."""

    name: str
    argv: list[str]
    process: subprocess.Popen[bytes] | None = None
    restarts: deque[float] = field(default_factory=deque)
    start_at: float = 0.0
    given_up: bool = False

    def start(self) -> None:
        """Start it now, in this process group."""
        self.process = subprocess.Popen(self.argv, env={**os.environ, GUARDIAN: str(os.getpid())})
        say(f"{self.name} started", pid=self.process.pid)

    def ended(self) -> int | None:
        """The exit code if it ended, else None."""
        return self.process.poll() if self.process else None


def say(sentence: str, **data: object) -> None:
    """Write one line of JSON on standard error, where systemd and people read it."""
    line = {"at": time.time_ns() // 1_000, "by": "guardian", "says": sentence, **data}  # noqa: TID251 - stdlib only
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()


def look(child: Child, now: float) -> None:
    """Look at one child once.

    1. Not running and its time has come: start it.
    2. Ended: plan its restart after 0.5, 1, 2 … seconds, unless it said that it cannot run as it is set up,
       or it used up its restarts.
    """
    if child.process is None:
        if not child.given_up and now >= child.start_at:
            child.start()
        return
    code = child.ended()
    if code is None:
        return
    child.process = None
    while child.restarts and now - child.restarts[0] > WINDOW_S:
        child.restarts.popleft()
    if code == REFUSED or len(child.restarts) >= RESTARTS_MAX:
        child.given_up = True
        why = "it cannot run as it is set up" if code == REFUSED else "restarting did not help"
        say(f"{child.name} stays down: {why}", code=code)
        return
    wait_s = 0.5 * 2 ** len(child.restarts)
    child.restarts.append(now)
    child.start_at = now + wait_s
    say(f"{child.name} ended by itself and starts again in {wait_s:g} s", code=code)


def stop(children: list[Child], *, within_s: float = STOP_S) -> None:
    """Ask every child to stop, and kill what has not after `within_s`."""
    running = [(child.name, child.process) for child in children if child.process is not None]
    for _, process in running:
        process.terminate()
    end = time.monotonic() + within_s  # noqa: TID251 - stdlib only
    for name, process in running:
        try:
            process.wait(max(0.1, end - time.monotonic()))  # noqa: TID251 - stdlib only
        except subprocess.TimeoutExpired:
            say(f"{name} did not stop and is killed")
            process.kill()
            process.wait()


def guard(children: list[Child], *, parent: int | None = None) -> int:
    """Keep the children alive until a stop is asked for, all have been given up, or the parent is gone.

    Returns:
        0 after a stop; 1 if every child was given up.
    """
    stopping = False

    def ask_to_stop(_signal: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    while not stopping and not all(child.given_up for child in children):
        for child in children:
            look(child, time.monotonic())  # noqa: TID251 - stdlib only
        if parent is not None and os.getppid() != parent:
            break
        time.sleep(LOOK_S)  # noqa: TID251 - stdlib only
    stop(children)
    return 0 if stopping or not all(child.given_up for child in children) else 1


def main(argv: list[str]) -> int:
    """Read the children from the file named and guard them; with ``--with-parent`` end when the parent does."""
    rows = json.loads(Path(argv[0]).read_text(encoding="utf-8"))
    parent = os.getppid() if "--with-parent" in argv[1:] else None
    return guard([Child(row["name"], row["argv"]) for row in rows], parent=parent)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

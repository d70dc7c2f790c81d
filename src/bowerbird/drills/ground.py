"""What every drill stands on: processes started and ended, ports, what is written in /proc, and answers over HTTP."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

STOP_S = 20.0
"""How long a process may take to stop before it is killed, seconds."""
PR_SET_PDEATHSIG = 1
"""Linux: the signal a process gets when the one that started it dies."""


def listen(port: int = 0) -> socket.socket:
    """Open a port on loopback; 0 takes a free one. Raises OSError if it is taken."""
    # Named as TCP, so that asyncio turns Nagle's algorithm off: 40 ms an answer are at stake.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


def free_port() -> int:
    """A port of loopback that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(argv: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, whose words go to `log`, and which is asked to stop when we die."""
    with log.open("ab") as words:
        return subprocess.Popen(
            argv,
            stdout=words,
            stderr=words,
            env=dict(env or os.environ),
            start_new_session=True,
            preexec_fn=_dies_too,  # noqa: PLW1509 - one call into libc, before any thread exists in the child
        )


def _dies_too() -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


async def end(process: subprocess.Popen[bytes], *, within_s: float = STOP_S) -> None:
    """Ask a program to stop, with everything it started, and kill what did not."""
    brood = [process.pid, *await asyncio.to_thread(below, process.pid)]
    for pid in brood:
        send(pid, signal.SIGCONT)
    if process.poll() is None:
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        await asyncio.to_thread(process.wait, within_s)
    for pid in brood[1:]:
        send(pid, signal.SIGKILL)  # what outlived its guardian; most are gone
    if process.poll() is None:
        process.kill()
        await asyncio.to_thread(process.wait)


def send(pid: int, signum: signal.Signals) -> bool:
    """Send a signal; False if nobody of that number is there any more."""
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        return False
    return True


def families() -> dict[int, int]:
    """Every process with its parent, as /proc tells it."""
    found = {}
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                # The name in brackets may hold anything; the parent is the second word behind it.
                found[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
    return found


def below(pid: int) -> list[int]:
    """Every process that this one started, and those that they started, parents first."""
    parents = families()
    found, rest = [], [pid]
    while rest:
        above = rest.pop(0)
        born = [child for child, parent in parents.items() if parent == above]
        found += born
        rest += born
    return found


def started(pid: int) -> int:
    """When a process started, in ticks since the machine did; 0 if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, IndexError):
        return 0


def words_of(pid: int) -> list[str]:
    """The command line of a process; empty if it is gone."""
    try:
        return [word.decode(errors="replace") for word in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
    except OSError:
        return []


def find(pid: int, fits: Callable[[list[str]], bool]) -> list[int]:
    """Those below a process whose command line fits."""
    return [child for child in below(pid) if fits(words_of(child))]

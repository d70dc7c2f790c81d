"""A folder of its own for each browser, so that nothing of it is left: its profile, its driver's files, its sockets.

Playwright's driver makes its folders where ``TMPDIR`` says, and removes them unless it is killed itself. So each
driver is started with a nest of its own as ``TMPDIR``; whatever bears the nest's name afterwards, process or file,
is left over and goes. Nests lie below one folder for each engine, named by its process id and when it started, so a
later engine knows which nests belong to nobody any more.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
_numbers = itertools.count(1)


def ground() -> Path:
    """Where the nests of all engines of this user lie: short, for a socket's path may have 107 letters.

    Raises:
        OSError: it cannot be made, or belongs to somebody else.
    """
    folder = Path(tempfile.gettempdir()) / f"bowerbird-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise PermissionError(f"{folder} belongs to somebody else")
    return folder


def mine() -> str:
    """The name of this process: its id and the instant it started, for ids are given out again."""
    return f"{os.getpid()}-{_started(os.getpid())}"


def make() -> Path:
    """Make a nest that nobody else in this process has, and return it."""
    nest = ground() / mine() / str(next(_numbers))
    nest.mkdir(mode=0o700, parents=True)
    return nest


def clear(nest: Path) -> int:
    """Kill whoever lives in a nest and remove it; return how many processes there were. Twice is not an error."""
    left = dwellers(nest)
    for pid in left:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(nest, ignore_errors=True)
    with contextlib.suppress(OSError):
        nest.parent.rmdir()  # the last one out
    return len(left)


def sweep() -> int:
    """Clear the nests of engines that are gone; return how many nests there were."""
    swept = 0
    for house in ground().iterdir():
        if not _lives(house.name):
            swept += sum(clear(nest) >= 0 for nest in list(house.iterdir()) if nest.is_dir())
            shutil.rmtree(house, ignore_errors=True)
    return swept


def dwellers(nest: Path) -> list[int]:
    """Processes whose temporary folder or command line names this nest, except this one."""
    name = os.fsencode(nest)
    return [
        int(entry.name)
        for entry in os.scandir(PROC)
        if entry.name.isdigit() and int(entry.name) != os.getpid() and _names(Path(entry.path), name)
    ]


def driver_of(nest: Path) -> int:
    """The driver that lives in a nest: the child of ours whose temporary folder it is; 0 if there is none."""
    own = os.getpid()
    return next((pid for pid in dwellers(nest) if _parent(pid) == own), 0)


@contextlib.contextmanager
def as_tmpdir(nest: Path) -> Iterator[None]:
    """Let programs that are started meanwhile have this nest as their temporary folder."""
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(nest)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("TMPDIR", None)
        else:
            os.environ["TMPDIR"] = before


def _names(folder: Path, nest: bytes) -> bool:
    try:
        line = (folder / "cmdline").read_bytes()
        return nest + b"/" in line or b"TMPDIR=" + nest + b"\0" in (folder / "environ").read_bytes() + b"\0"
    except OSError:
        return False


def _stat(pid: int) -> list[str]:
    try:
        return (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def _started(pid: int) -> int:
    """When a process started, in ticks since the machine did; 0 if there is none."""
    fields = _stat(pid)
    return int(fields[19]) if fields else 0


def _lives(house: str) -> bool:
    pid, _, started = house.partition("-")
    return pid.isdigit() and started.isdigit() and _started(int(pid)) == int(started)

"""What must be in order before the engine runs, each finding with its remedy. `bowerbird doctor` prints this."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import available_timezones

from bowerbird.browsers import chromium
from bowerbird.core.errors import BadInput
from bowerbird.settings import Settings
from bowerbird.startup.finding import Finding
from bowerbird.startup.watchers import backup_age, channels, guardian, ping
from bowerbird.storage.sqlite import library
from bowerbird.writers.shelf import find_bank

FREE_MIN_MB = 200
"""Less free disk than this is told."""
FULL_IN_D = 30
"""A disk that is full in fewer days than this, as fast as the books have grown, is told."""
DAY_S = 86_400
PRIVATE = ("secrets.key", "face.password", "bowerbird.db", "bowerbird.db-wal", "bowerbird.db-shm", "spool")
"""Files in the data folder that nobody but their owner may read."""
UNSYNCHRONISED = 5
"""What adjtimex(2) returns for a clock that nothing keeps in step (TIME_ERROR)."""


def check_all(settings: Settings, *, now: int, tested: Sequence[str] | None = None) -> list[Finding]:
    """Look at everything; nothing is changed and nothing is sent.

    Args:
        now: UTC microseconds.
        tested: the names of the alert channels that took a test, None if there are no books that could tell.
    """
    folder = settings.folder
    return [
        _python(),
        _sqlite(),
        _folder(folder),
        _disk(folder, now),
        *_private(folder),
        _port(settings["face.host"], settings["face.port"]),
        _browser(settings["browser.path"]),
        _clock(),
        _zones(),
        _writer(settings["writer.url"], settings["writer.model"]),
        _bank(settings["writer.bank"]),
        channels(settings["alerts.channels"], tested),
        guardian(settings["guardian.webhook"], settings["guardian.mail"], folder, now),
        ping(settings["ping.url"], folder),
        backup_age(folder, now),
    ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= (3, 11)
    return Finding("Python", ok, version, "" if ok else "install 3.11 or newer")


def _sqlite() -> Finding:
    oldest = ".".join(map(str, library.OLDEST))
    return Finding("SQLite", library.known(), library.version(), "" if library.known() else f"{oldest} at least")


def _place(folder: Path) -> Path:
    return folder if folder.exists() else next(parent for parent in folder.parents if parent.exists())


def _folder(folder: Path) -> Finding:
    there = _place(folder)
    try:
        # Permissions alone do not tell: root may all, and still cannot write to a disk that is mounted read-only.
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        mend = "give it to this user, or set data.folder"
        return Finding("data folder", False, f"{there} cannot be written: {error.strerror}", mend)
    return Finding("data folder", True, f"{folder} can be written")


def _disk(folder: Path, now: int) -> Finding:
    free_mb = shutil.disk_usage(_place(folder)).free / 1_000_000
    if free_mb < FREE_MIN_MB:
        return Finding("disk", False, f"{free_mb:.0f} MB free", f"make room, {FREE_MIN_MB} MB at least")
    days = days_left(folder, free_mb, now)
    if days is not None and days < FULL_IN_D:
        return Finding(
            "disk", True, f"{free_mb:.0f} MB free, for {days:.0f} days as fast as the books grow", "make room"
        )
    return Finding("disk", True, f"{free_mb:.0f} MB free")


def days_left(folder: Path, free_mb: float, now: int) -> float | None:
    """Days until the disk is full, if the books grow as they have since the folder was made; None if that is new."""
    try:
        born_s = min(path.stat().st_mtime for path in folder.iterdir() if path.name in PRIVATE[:2])
        grown_mb = sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) / 1_000_000
    except (OSError, ValueError):
        return None
    age_d = (now / 1_000_000 - born_s) / DAY_S
    return free_mb / (grown_mb / age_d) if age_d >= 1 and grown_mb > 0 else None


def _private(folder: Path) -> list[Finding]:
    """The key file by its own name, and all others that are open to strangers."""
    key = folder / PRIVATE[0]
    found = []
    if not key.exists():
        found.append(Finding("key file", True, "made when the first account is connected"))
    elif mode := open_to_others(key):
        found.append(Finding("key file", False, f"mode {mode:o}", f"run chmod 600 {key}"))
    else:
        found.append(Finding("key file", True, "readable by its owner alone"))
    loose = [folder / name for name in PRIVATE[1:] if open_to_others(folder / name)]
    if loose:
        names = " ".join(path.name for path in loose)
        found.append(Finding("private files", False, f"others can read {names}", f"in {folder} run chmod 600 {names}"))
    return found


def open_to_others(path: Path) -> int:
    """Return the mode of a file that others can read or write; 0 if they cannot, or there is none."""
    try:
        mode = path.stat().st_mode & 0o777
    except OSError:
        return 0
    return mode if mode & 0o077 else 0


def _port(host: str, port: int) -> Finding:
    if port == 0:
        return Finding("dashboard port", True, "a free one is taken")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = error.strerror or str(error)
            mend = f"stop what uses it (it may be Bowerbird itself), or set face.port, to {free_port(host)} for example"
            return Finding("dashboard port", False, f"{host}:{port}: {why}", mend)
    return Finding("dashboard port", True, f"{host}:{port} is free")


def free_port(host: str) -> int:
    """A port that is free just now."""
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return 0
        return int(probe.getsockname()[1])


def _browser(path: str) -> Finding:
    try:
        found = chromium.available(path)
    except BadInput as error:
        return Finding("browser", False, str(error), "mend the path, or set browser.path to nothing")
    if not found:
        return Finding("browser", False, "no Chromium", "run `playwright install chromium` or install your system's")
    return Finding("browser", True, chromium.find(path) or "Playwright's own")


def _clock() -> Finding:
    """Ask the kernel whether anything keeps its clock in step; what cannot be asked is not claimed."""
    try:
        answer = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(256))  # modes 0: only asks
    except (OSError, AttributeError):
        return Finding("clock", True, "this system does not say whether anything keeps it in step")
    if answer == UNSYNCHRONISED:
        advice = "install one (systemd-timesyncd, chrony): posts go out by this clock"
        return Finding("clock", True, "no time service keeps it in step", advice)
    return Finding("clock", True, "kept in step by a time service" if answer >= 0 else "cannot be asked here")


def _zones() -> Finding:
    ok = "Europe/Berlin" in available_timezones()
    return Finding("time zones", ok, "known" if ok else "no time zone data", "" if ok else "run `pip install tzdata`")


def _writer(url: str, model: str) -> Finding:
    if not url:
        return Finding("writer", True, "the claim bank; no provider is set")
    if not model:
        return Finding("writer", False, "writer.url is set and writer.model is not", "name a model")
    return Finding("writer", True, f"{model}, then the claim bank")


def _bank(name: str) -> Finding:
    try:
        bank = find_bank(name)
    except BadInput as error:
        return Finding("claim bank", False, str(error), "mend it, or set writer.bank")
    bad = f"; {len(bank.bad_rows)} rows cannot be used, `bowerbird bank` lists them" if bank.bad_rows else ""
    return Finding("claim bank", bool(bank.claims), f"{len(bank.claims)} claims can be used{bad}")


def mend_all(folder: Path) -> list[str]:
    """Mend what can be mended without a question, and return what was done: nothing is lost by any of it.

    1. Make the data folder. 2. Close files that others could read. 3. Take away what a dead engine left behind.
    """
    done = []
    if not folder.exists():
        folder.mkdir(parents=True, mode=0o700)
        done.append(f"made {folder}")
    for name in PRIVATE:
        if open_to_others(folder / name):
            (folder / name).chmod(0o600)
            done.append(f"closed {name} to others")
    for path in _stale(folder):
        path.unlink()
        done.append(f"took away {path.name}, which a process that is gone left behind")
    return done


def _stale(folder: Path) -> list[Path]:
    """Heartbeats and states whose process is gone. Not `engine.lock`: a lock whose file goes is two locks."""
    found = []
    for name in ("engine.heart", "guardian.state"):
        path = folder / name
        if path.exists() and not _alive(path):
            found.append(path)
    return found


def _alive(path: Path) -> bool:
    import json

    try:
        os.kill(int(json.loads(path.read_text(encoding="utf-8"))["pid"]), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True

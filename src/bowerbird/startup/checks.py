"""What must be in order before the engine runs, each finding with its remedy. `bowerbird doctor` prints this."""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from bowerbird.browsers import chromium
from bowerbird.core.errors import BadInput
from bowerbird.settings import Settings
from bowerbird.writers.shelf import find_bank

FREE_MIN_MB = 200
"""Less free disk than this is told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is in order, and a sentence, with the remedy where it is not."""

    what: str
    ok: bool
    sentence: str

    def row(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return asdict(self)


def check_all(settings: Settings) -> list[Finding]:
    """Look at everything; nothing is changed and nothing is sent."""
    return [
        _python(),
        _folder(settings.folder),
        _disk(settings.folder),
        _keys(settings.folder),
        _port(settings["face.host"], settings["face.port"]),
        _browser(settings["browser.path"]),
        _zones(),
        _writer(settings["writer.url"], settings["writer.model"]),
        _bank(settings["writer.bank"]),
    ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= (3, 11)
    return Finding("Python", ok, version if ok else f"{version}; install 3.11 or newer")


def _folder(folder: Path) -> Finding:
    there = folder if folder.exists() else next(parent for parent in folder.parents if parent.exists())
    try:
        # Permissions alone do not tell: root may all, and still cannot write to a disk that is mounted read-only.
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        mend = "give it to this user, or set data.folder"
        return Finding("data folder", False, f"{there} cannot be written: {error.strerror}; {mend}")
    return Finding("data folder", True, f"{folder} can be written")


def _disk(folder: Path) -> Finding:
    there = folder if folder.exists() else next(parent for parent in folder.parents if parent.exists())
    free_mb = shutil.disk_usage(there).free // 1_000_000
    ok = free_mb >= FREE_MIN_MB
    return Finding("disk", ok, f"{free_mb} MB free" + ("" if ok else f"; make room, {FREE_MIN_MB} MB at least"))


def _keys(folder: Path) -> Finding:
    key = folder / "secrets.key"
    if not key.exists():
        return Finding("key file", True, "made when the first account is connected")
    mode = key.stat().st_mode & 0o777
    ok = mode & 0o077 == 0
    return Finding("key file", ok, "readable by its owner alone" if ok else f"mode {mode:o}; run chmod 600 {key}")


def _port(host: str, port: int) -> Finding:
    if port == 0:
        return Finding("dashboard port", True, "a free one is taken")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = error.strerror or str(error)
            mend = "stop what uses it (it may be Bowerbird itself), or set face.port"
            return Finding("dashboard port", False, f"{host}:{port}: {why}; {mend}")
    return Finding("dashboard port", True, f"{host}:{port} is free")


def _browser(path: str) -> Finding:
    try:
        found = chromium.available(path)
    except BadInput as error:
        return Finding("browser", False, str(error))
    if not found:
        return Finding("browser", False, "no Chromium; run `playwright install chromium` or install your system's")
    return Finding("browser", True, chromium.find(path) or "Playwright's own")


def _zones() -> Finding:
    ok = "Europe/Berlin" in available_timezones()
    return Finding("time zones", ok, "known" if ok else "no time zone data; run `pip install tzdata`")


def _writer(url: str, model: str) -> Finding:
    if not url:
        return Finding("writer", True, "the claim bank; no provider is set")
    if not model:
        return Finding("writer", False, "writer.url is set and writer.model is not; name a model")
    return Finding("writer", True, f"{model}, then the claim bank")


def _bank(name: str) -> Finding:
    try:
        bank = find_bank(name)
    except BadInput as error:
        return Finding("claim bank", False, f"{error}; mend it, or set writer.bank")
    bad = f"; {len(bank.bad_rows)} rows cannot be used, `bowerbird bank` lists them" if bank.bad_rows else ""
    return Finding("claim bank", bool(bank.claims), f"{len(bank.claims)} claims can be used{bad}")

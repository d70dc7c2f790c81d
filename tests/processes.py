"""Looking at processes from outside: who works on a folder, who was started by whom, who still answers."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen


def family(folder: Path) -> list[str]:
    """Every process that works on this folder, as "pid command"."""
    found = []
    for place in Path("/proc").iterdir():
        if not place.name.isdigit() or int(place.name) == os.getpid():
            continue
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it ended while we looked
            continue
        command = b" ".join(words).decode(errors="replace")
        if str(folder) in command and words != [b""]:
            found.append(f"{place.name} {command}")
    return found


def brood(pid: int) -> list[str]:
    """Every process that this one started, and those that they started, as "pid command"."""
    listing = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
    rows = [line.split(None, 2) for line in listing.stdout.splitlines()]
    found = {str(pid)}
    for _ in range(10):  # deeper than any tree of ours
        found |= {child for child, parent, *_ in rows if parent in found}
    return [f"{row[0]} {row[-1]}" for row in rows if row[0] in found and row[0] != str(pid)]


def wait_for(happened: Callable[[], bool], within_s: float) -> None:
    """Look again until it has happened."""
    end = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def answers(address: str) -> bool:
    """Whether a page comes from there."""
    try:
        with urlopen(address, timeout=5) as page:  # noqa: S310 - our own loopback address
            return bool(page.status == 200 and "Bowerbird" in page.read().decode())
    except OSError:
        return False

"""The acts that break a running program, and mend it again. The drills and the page "Break me" do the same things.

Nothing here goes through the program: processes are stopped and killed, files stop growing, the browser's program is
swapped for one that fails, the network drops answers. Only a place that nobody can reach from outside, such as a
timer, has a failpoint, which the program looks up in a file because its environment told it to at the start.
"""

from __future__ import annotations

import os
import resource
import signal
import stat
from dataclasses import dataclass, field
from pathlib import Path

from bowerbird.browsers import chromium
from bowerbird.drills import ground

FULL_BYTES = 16 * 1024
"""Larger than this no file of the engine grows while its disk is full: too little for the books, enough for a few
lines of a spool."""


@dataclass
class Breaker:
    """Breaks one running program.

    Args:
        pid: the guardian's.
        folder: where the program works; its failpoints and its browser's switch lie there.
    """

    pid: int
    folder: Path
    _failpoints: dict[str, str] = field(default_factory=dict)

    # --- processes -----------------------------------------------------------------------------------

    def worker(self, part: str) -> int | None:
        """The process of ``engine`` or ``face``; None while there is none."""
        found = ground.find(self.pid, lambda words: words[-3:-1] == ["worker", part] or words[-2:] == ["worker", part])
        return found[0] if found else None

    def browser(self) -> list[int]:
        """The browser's main processes: those that no other of its processes started."""
        mains = ground.find(
            self.pid, lambda words: "chrom" in Path(words[0]).name and not any("--type=" in word for word in words)
        )
        return [pid for pid in mains if "crashpad" not in Path(ground.words_of(pid)[0]).name]

    def freeze(self, part: str = "engine") -> bool:
        """Stop a process in the middle of whatever it does; False if there is none."""
        pid = self.worker(part)
        return pid is not None and ground.send(pid, signal.SIGSTOP)

    def thaw(self, part: str = "engine") -> None:
        """Let it go on."""
        pid = self.worker(part)
        if pid is not None:
            ground.send(pid, signal.SIGCONT)

    def kill(self, part: str = "engine") -> bool:
        """Kill a process without a word; False if there is none."""
        pid = self.worker(part)
        return pid is not None and ground.send(pid, signal.SIGKILL)

    def kill_browser(self) -> bool:
        """Kill the browser; False if none runs."""
        return sum(ground.send(pid, signal.SIGKILL) for pid in self.browser()) > 0

    def strike_browser(self, signum: signal.Signals) -> bool:
        """Send a signal to the browser that has run longest: the one that stands by was started after it."""
        return self._strike(self.browser(), signum)

    def strike_driver(self, signum: signal.Signals) -> bool:
        """Send a signal to the driver that has run longest: Playwright's program between the engine and a browser."""
        return self._strike(ground.find(self.pid, lambda words: "run-driver" in words), signum)

    @staticmethod
    def _strike(pids: list[int], signum: signal.Signals) -> bool:
        return bool(pids) and ground.send(min(pids, key=ground.started), signum)

    def freeze_browser(self) -> bool:
        """Stop the browser with all its processes; False if none runs."""
        return sum(ground.send(pid, signal.SIGSTOP) for pid in self._whole_browser()) > 0

    def thaw_browser(self) -> None:
        """Let it go on."""
        for pid in self._whole_browser():
            ground.send(pid, signal.SIGCONT)

    def _whole_browser(self) -> list[int]:
        return [each for main in self.browser() for each in (main, *ground.below(main))]

    # --- the browser's program -----------------------------------------------------------------------

    def spoil_browser(self) -> None:
        """From now on the browser's program exits with 1."""
        (self.folder / SPOILED).touch()

    def restore_browser(self) -> None:
        """From now on it starts again."""
        (self.folder / SPOILED).unlink(missing_ok=True)

    # --- the disk ------------------------------------------------------------------------------------

    def fill_disk(self) -> bool:
        """From now on the engine cannot let its books grow, as on a full disk; False if there is no engine."""
        return self._limit_files(FULL_BYTES)

    def free_disk(self) -> None:
        """From now on it can again."""
        self._limit_files(resource.RLIM_INFINITY)

    def _limit_files(self, size: int) -> bool:
        pid = self.worker("engine")
        if pid is None:
            return False
        try:
            _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, most))
        except ProcessLookupError:
            return False
        return True

    # --- failpoints ----------------------------------------------------------------------------------

    def arm(self, name: str, action: str) -> None:
        """Arm a failpoint, such as ``job.plan`` with ``raise*3``."""
        self._failpoints[name] = action
        self._write()

    def disarm(self, name: str = "") -> None:
        """Take a failpoint away, or all of them."""
        self._failpoints = {each: act for each, act in self._failpoints.items() if name and each != name}
        self._write()

    def _write(self) -> None:
        file = failpoints(self.folder)
        draft = file.with_suffix(".new")
        draft.write_text("\n".join(f"{name}={act}" for name, act in self._failpoints.items()), encoding="utf-8")
        draft.replace(file)


SPOILED = "browser.spoiled"
"""While a file of this name lies in the folder, the browser's program exits with 1."""


def failpoints(folder: Path) -> Path:
    """The file of the failpoints of the program that works in this folder."""
    return folder / "failpoints.txt"


def spoilable_browser(folder: Path, path: str = "") -> Path | None:
    """Write a program that is the browser, or exits with 1 while it is spoiled; None where no browser is found."""
    real = chromium.find(path)
    if not real:
        return None
    file = folder / "browser"
    file.write_text(f'#!/bin/sh\n[ -e "{folder}/{SPOILED}" ] && exit 1\nexec "{real}" "$@"\n', encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def environment(folder: Path) -> dict[str, str]:
    """The environment of a program that can be broken."""
    return {**os.environ, "BOWERBIRD_FAILPOINTS": f"@{failpoints(folder)}"}

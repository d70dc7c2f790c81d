"""How much memory browsers take, and how much they may: proportional, so that shared pages count once.

The resident sizes of a browser's processes add up to two or three times what it takes. The kernel's own share of
each (``Pss`` in ``smaps_rollup``) adds up right; asking for it takes milliseconds for each process, so it is asked
in a thread, and every few seconds, never for each operation. What cannot be read here is None, never 0.

A control group (a container, a unit of systemd) may be given less than the machine has, by its own limit or by that of
a group above it: the tightest counts. What it uses contains files that the kernel keeps in memory for as long as nobody
needs the room; those that were not read lately do not count, as they do not for Kubernetes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MB = 1024 * 1024
SHARE = 0.8
"""Of the memory that is free, browsers may have so much."""
RESERVE_MB = 256.0
"""So much is left to everybody else, megabytes."""
PRESSED = 10.0
"""With more than so many percent of the last ten seconds stalled for memory, an idle page goes for each that is opened,
and no further browser is started to stand by."""
DEEP_MAX = 32
"""So many control groups above our own are looked at."""
PROC = Path("/proc")
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the machine says about its memory; None where it says nothing.

    Args:
        available_mb: free, or to be had at once.
        limit_mb: what this process and its children may have together; used_mb: what they have of it.
        pressure_pct: percent of the last ten seconds in which somebody waited for memory.
    """

    available_mb: float | None = None
    limit_mb: float | None = None
    used_mb: float | None = None
    pressure_pct: float | None = None


def budget_mb(machine: Machine, ours_mb: float, most_mb: float = 0.0) -> float | None:
    """What all browsers together may take, megabytes: what the owner set, or a share of what is free; None: unknown.

    Args:
        ours_mb: what they take now: it is theirs already.
        most_mb: what the owner set; 0 lets the machine decide.
    """
    free = [each for each in (machine.available_mb, _left(machine)) if each is not None]
    if not free:
        return most_mb or None
    found = max(0.0, SHARE * (min(free) + ours_mb) - RESERVE_MB)
    return min(most_mb, found) if most_mb else found


def _left(machine: Machine) -> float | None:
    if machine.limit_mb is None or machine.used_mb is None:
        return None
    return max(0.0, machine.limit_mb - machine.used_mb)


# --- reading it; everything below may block, and runs in a thread -----------------------------------------------


def machine(proc: Path = PROC, cgroup: Path = CGROUP) -> Machine:
    """Ask the machine, and the control groups of this process."""
    groups = _groups(proc / "self/cgroup", cgroup)
    limit_mb, used_mb = _tightest(groups)
    return Machine(
        available_mb=_available_mb(proc / "meminfo"),
        limit_mb=limit_mb,
        used_mb=used_mb,
        pressure_pct=_pressure(*(folder / "memory.pressure" for folder in groups), proc / "pressure/memory"),
    )


def _groups(told: Path, cgroup: Path) -> list[Path]:
    """The folders of our own control group and of those above it, of both kinds; our own first.

    In a container our own may be named as the machine sees it, and lie where the container sees the topmost one.
    """
    try:
        lines = told.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    found = []
    for line in [*lines, "0::/", ":memory:/"]:
        _, kinds, path = line.split(":", 2)
        if kinds and "memory" not in kinds.split(","):
            continue
        top = cgroup / "memory" if kinds else cgroup
        own = top / path.lstrip("/")
        found += [own, *(each for each in own.parents if each.is_relative_to(top))][:DEEP_MAX]
    return list(dict.fromkeys(found))


def _tightest(groups: Iterable[Path]) -> tuple[float | None, float | None]:
    """The limit of the group that has the least left, and what it uses, megabytes; None where none has a limit."""
    limits = [each for each in map(_limit, groups) if each is not None]
    return min(limits, key=lambda each: each[0] - each[1], default=(None, None))


def _limit(group: Path) -> tuple[float, float] | None:
    limit_mb = _number_mb(group / "memory.max") or _number_mb(group / "memory.limit_in_bytes")
    used_mb = _number_mb(group / "memory.current") or _number_mb(group / "memory.usage_in_bytes")
    if limit_mb is None or used_mb is None:
        return None
    stat = group / "memory.stat"
    old_files = _number_of(stat, "total_inactive_file ") or _number_of(stat, "inactive_file ") or 0.0
    return limit_mb, max(0.0, used_mb - old_files / MB)


def parents(proc: Path = PROC) -> dict[int, int]:
    """Every process and its parent."""
    found = {}
    for entry in os.scandir(proc):
        if entry.name.isdigit() and (fields := _stat(Path(entry.path))):
            found[int(entry.name)] = int(fields[1])
    return found


def below(root: int, parent_of: dict[int, int]) -> set[int]:
    """A process and all that descend from it."""
    found = {root} & parent_of.keys()
    while grown := {pid for pid, parent in parent_of.items() if parent in found} - found:
        found |= grown
    return found


def group(leader: int, proc: Path = PROC) -> set[int]:
    """Every process in this process group: those whose parent died are still in it."""
    return {
        int(entry.name)
        for entry in os.scandir(proc)
        if entry.name.isdigit() and (fields := _stat(Path(entry.path))) and int(fields[2]) == leader
    }


def pss_mb(pids: Iterable[int], proc: Path = PROC) -> float:
    """Proportional memory of these processes, megabytes; one that ended meanwhile takes none."""
    return sum(_number_of(proc / str(pid) / "smaps_rollup", "Pss:") or 0.0 for pid in pids) / 1024


def rss_mb(pid: int, proc: Path = PROC) -> float:
    """Resident memory of one process, megabytes; 0 once it ended."""
    return (_number_of(proc / str(pid) / "status", "VmRSS:") or 0.0) / 1024


def cpu_s(pids: Iterable[int], proc: Path = PROC) -> float:
    """Processor time of these processes so far, seconds."""
    ticks = sum(int(fields[11]) + int(fields[12]) for pid in pids if (fields := _stat(proc / str(pid))))
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(folder: Path) -> list[str]:
    """State, parent, group, … of a process; empty once it ended."""
    try:
        return (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _number_of(file: Path, word: str) -> float | None:
    """The number behind a word at the beginning of a line; None where there is none."""
    try:
        with file.open(encoding="utf-8") as lines:
            return next((float(line.split()[1]) for line in lines if line.startswith(word)), None)
    except OSError:
        return None


def _available_mb(meminfo: Path) -> float | None:
    found = _number_of(meminfo, "MemAvailable:")
    return found / 1024 if found is not None else None


def _number_mb(file: Path) -> float | None:
    """A number of bytes; None where there is no such file, or it says that there is no limit."""
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return int(text) / MB if text.isdigit() and int(text) < 1 << 60 else None


def _pressure(*files: Path) -> float | None:
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except OSError:
            continue
        some = next((line for line in text.splitlines() if line.startswith("some")), "")
        found = next((word for word in some.split() if word.startswith("avg10=")), "")
        return float(found.removeprefix("avg10=")) if found else None
    return None

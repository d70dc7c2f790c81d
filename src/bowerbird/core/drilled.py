"""A drill that was asked for on the page: what its engine writes down while it runs, and when it is over.

Two snapshots hold them: `DRILLING` the one under way with its newest lines, and `DRILLED` those that are over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from bowerbird.core.gauge import Snapshot

DRILLING, DRILLED = "drilling", "drilled"
"""The names of the two snapshots."""
RUNS_MAX = 20
"""Runs that are kept, the newest."""
LINES_MAX = 30
"""Lines of a run that are kept, the newest."""
LINE_MAX = 300
"""Longest line, in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """One run of one row's drills.

    Args:
        id: of the run. row: of the catalogue, such as ``4.1``. by: who asked for it.
        began_at, until, ended_at: microseconds; until: its end at the latest.
        ok: whether all held; None while it runs, and where it came to no result, which `why` explains.
        lines: what was said while it ran, the newest last.
        ways: what came of each way, as plain values: the fields of a drill's outcome.
        report: where the report lies as a file of its own, or empty.
    """

    id: str
    row: str
    by: str
    began_at: int
    until: int
    ended_at: int | None = None
    ok: bool | None = None
    why: str = ""
    lines: Sequence[str] = ()
    ways: Sequence[Mapping[str, Any]] = ()
    report: str = ""

    def saying(self, lines: Sequence[str]) -> Drilled:
        """The same with its newest lines."""
        return replace(self, lines=tuple(line[:LINE_MAX] for line in lines if line.strip())[-LINES_MAX:])


def under_way(run: Drilled | None, *, now: int) -> Snapshot:
    """The snapshot of the run under way, or of none."""
    return Snapshot(name=DRILLING, at=now, data={"run": None if run is None else asdict(run)})


def over(runs: Sequence[Drilled], *, now: int) -> Snapshot:
    """The snapshot of those that are over, newest first, as many as are kept."""
    return Snapshot(name=DRILLED, at=now, data={"runs": [asdict(run) for run in runs[:RUNS_MAX]]})


def drilling(snapshot: Snapshot | None) -> Drilled | None:
    """The run under way, if there is one."""
    row = snapshot.data["run"] if snapshot else None
    return None if row is None else _run_of(row)


def drilled(snapshot: Snapshot | None) -> list[Drilled]:
    """Those that are over, newest first."""
    return [_run_of(row) for row in snapshot.data["runs"]] if snapshot else []


def _run_of(row: Mapping[str, Any]) -> Drilled:
    """A run as it was written down, also by another version that knew a field more."""
    known = {field.name for field in fields(Drilled)}
    return Drilled(**{name: value for name, value in row.items() if name in known})

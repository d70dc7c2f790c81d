"""What the engine says of its jobs and lanes, as the face reads it."""

from __future__ import annotations

from typing import Any

from bowerbird.core.gauge import Snapshot
from tests.dashboard.house import START


def a_job(name: str, level: int = 0, needs: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    """A row of the snapshot of jobs."""
    row: dict[str, Any] = {
        "name": name, "why": f"Does {name}.", "lane": "reading", "critical": False, "every_s": 0.5,
        "needs": list(needs), "uses": [], "level": level, "state": "waiting", "light": "green",
        "sentence": "waiting until 12:04:10", "since": None, "last_at": START, "next_at": START, "lateness_s": 0.0,
        "p50_s": 0.004, "p95_s": 2.0, "late_p50_s": 0.001, "late_p95_s": 0.3, "success_ratio": 0.98, "error": "",
        "revived": 0, "skips": {}, "bars": [{"at": START, "outcome": "failed", "seconds": 0.2, "units": 3}],
    }  # fmt: skip
    return row | changes


def a_lane(name: str = "reading", **changes: Any) -> dict[str, Any]:
    """A row of its lanes."""
    row = {"name": name, "floor": 1, "most": 2, "busy": 0, "in_line": 0, "wait_s": 0.0, "paused": None}
    return row | changes


def a_pause(lane: str = "reading", **changes: Any) -> dict[str, Any]:
    """A pause as its lane says it."""
    sentence = f"lane {lane} is paused by ann until 12:04"
    row = {"lane": lane, "by": "ann", "why": "Too many.", "since": START, "until": START + 60_000_000}
    return row | {"sentence": sentence} | changes


def said(*jobs: dict[str, Any], lanes: tuple[dict[str, Any], ...] = (), at: int = START) -> Snapshot:
    """The snapshot."""
    return Snapshot(name="jobs", at=at, data={"jobs": list(jobs), "lanes": list(lanes), "edges": []})

"""What the face is told of promises and drills: read from what the drills are, and from what ran here last.

To read every test takes a second of a processor, so it is done in a thread, when somebody looks, and again only when
a file has changed since.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from bowerbird.browsers import chromium
from bowerbird.core.errors import BadInput
from bowerbird.core.ports import Clock
from bowerbird.dashboard.workshop import DrillRow, Promised, Way, Workshop
from bowerbird.drills.catalogue import BY_ID, CATALOGUE
from bowerbird.drills.plan import Plan, read_plan
from bowerbird.drills.proofs import RESULTS, Result, checkout, drills_of, judged, proofs, results
from bowerbird.drills.row import Drill
from bowerbird.drills.stage import faketime
from bowerbird.drills.table import DRILLS

FRESH_S = 5.0
"""So old may be what was read, seconds, however many look at it."""
ROOM_MB = 700
"""So much memory must be free for a drill, in megabytes: its program with a browser takes some 500."""


@dataclass
class Shop:
    """Tells how the workshop stands.

    Args:
        root: the checkout this program runs from; None where it was installed without its tests.
    """

    clock: Clock
    root: Path | None = field(default_factory=checkout)
    _told: Workshop | None = None
    _mark: object = None
    _looked_at: float = 0.0

    async def __call__(self) -> Workshop:
        """How it stands; read anew when a test or a result changed, at most every `FRESH_S`."""
        now = self.clock.monotonic()
        if self._told is None or now - self._looked_at >= FRESH_S:
            self._looked_at = now
            self._told = await asyncio.to_thread(self._read)
        return self._told

    def _read(self) -> Workshop:
        mark = self._files()
        if self._told is not None and mark == self._mark:
            return replace(self._told, lacks=lacks())
        self._mark = mark
        return workshop(self.root)

    def _files(self) -> object:
        """What tells that something changed: how many tests there are, and when each file was last written."""
        if self.root is None:
            return None
        files = [*(self.root / "tests").rglob("test_*.py"), *(self.root / RESULTS).glob("*.json")]
        return sorted((str(file), _written_at(file)) for file in files)


def _written_at(file: Path) -> int:
    with suppress(OSError):  # somebody is just moving it; the next look sees it
        return file.stat().st_mtime_ns
    return 0


def workshop(root: Path | None) -> Workshop:
    """Read it: promises with their tests and drills, and how they last went in this checkout."""
    ran, drilled = _results(root, "tests.json"), _results(root, "drills.json")
    plan = read_plan()
    return Workshop(
        promises=_promises(root),
        drills=[_row(promise.id, plan, drilled) for promise in CATALOGUE if _ways(promise.id)],
        tests=root is not None, lacks=lacks(), tested_at=_newest(ran), drilled_at=_newest(drilled),
    )  # fmt: skip


def _promises(root: Path | None) -> list[Promised]:
    unwritten = [judged(promise, [], drills_of(promise.id), {}, {}) for promise in CATALOGUE]
    rows = proofs(root) if root is not None else unwritten
    unknown = "no tests stand beside this program"
    return [
        Promised(
            id=row.id, title=row.title, layer=BY_ID[row.id].layer, state=row.state,
            why=row.why if root is not None else unknown, ran_at=row.last_at, page=row.page,
            tests=row.tests, drills=row.drills,
        )
        for row in rows
    ]  # fmt: skip


def _results(root: Path | None, name: str) -> Mapping[str, Result]:
    return {} if root is None else results(root / RESULTS / name)


def _newest(found: Mapping[str, Result]) -> int | None:
    return max((result.at for result in found.values()), default=None)


def _ways(promise_id: str) -> list[Drill]:
    return [drill for drill in DRILLS if drill.id == promise_id]


def _row(promise_id: str, plan: Plan, drilled: Mapping[str, Result]) -> DrillRow:
    promise, ways, result = BY_ID[promise_id], _ways(promise_id), drilled.get(promise_id)
    return DrillRow(
        id=promise_id, title=promise.title, layer=promise.layer, lacks=needs(ways, plan),
        ways=[_way(each) for each in ways], ok=result.ok if result else None, ran_at=result.at if result else None,
    )  # fmt: skip


def _way(drill: Drill) -> Way:
    name = drill.name.removeprefix(drill.id).strip()
    return Way(
        name=name, breaks=drill.breaks, tells=bool(drill.root), alert_max_s=drill.alert_bound_s,
        recover_max_s=drill.recover_bound_s,
    )  # fmt: skip


def lacks() -> str:
    """Why no drill can be run on this machine, as a sentence; empty: nothing is in the way."""
    if not Path("/proc/self/stat").exists():
        return "Drills stop and kill processes by what Linux tells in /proc, which this machine does not have."
    free_mb = _free_mb()
    if free_mb is not None and free_mb < ROOM_MB:
        return f"A drill needs {ROOM_MB} MB of memory that is free; this machine has {free_mb:.0f}."
    return ""


def _free_mb() -> float | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("MemAvailable:")), None)


def needs(drills: Sequence[Drill], plan: Plan) -> str:
    """What this machine lacks for these drills, as a sentence; empty: nothing."""
    kinds = [plan.programs[drill.program] for drill in drills]
    try:
        if any("-web" in seat.platform for kind in kinds for seat in kind.cast) and not chromium.available():
            return "It breaks a browser, and no Chromium was found."
        if any(kind.faketime for kind in kinds):
            faketime()
    except BadInput as error:
        return f"{str(error)[:1].upper()}{str(error)[1:]}."
    return ""

"""Each promise with what it rests on: its tests, its drill, its page, and how they last went on this machine.

1. The promises are the catalogue's; the drills are the table of drills.
2. The tests are found by reading the sources: whatever carries ``@pytest.mark.proves("2.1", …)``, a function, a
   class or a whole file.
3. The last results are read from two files that a run of the tests and of the drills leave behind. On a fresh clone
   there are none, and every row says "not run here": a promise is proved by what ran, not by what is written.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bowerbird.drills.catalogue import CATALOGUE, Promise
from bowerbird.drills.table import DRILLS

MARK = "proves"
"""The name of pytest's mark."""
RESULTS = Path(".proofs")
"""The folder of the last results, beside the tests; git does not keep it."""
NOT_RUN = "not run here"


@dataclass(frozen=True, slots=True)
class Result:
    """How one test or drill went, and when (UTC microseconds)."""

    ok: bool
    at: int


@dataclass(frozen=True, slots=True)
class Proof:
    """One promise and what it rests on.

    Args:
        state: ``proved`` (it ran here and held), ``failed``, or ``open``; `why` says what is missing or broken.
        last: the date of the oldest of its newest results, or "not run here"; last_at: its instant, microseconds.
    """

    id: str
    title: str
    sort: str
    state: str
    why: str
    last: str
    page: str
    tests: list[str] = field(default_factory=list)
    drills: list[str] = field(default_factory=list)
    last_at: int | None = None


def checkout() -> Path | None:
    """The folder of the checkout this program runs from; None where it was installed, without its tests."""
    folder = Path(__file__).resolve().parents[3]
    return folder if (folder / "tests").is_dir() else None


def here() -> Path:
    """The folder of the checkout: where the tests are, if this is one, else the folder one stands in."""
    return checkout() or Path.cwd()


def proofs(root: Path) -> list[Proof]:
    """Every promise, in the catalogue's order."""
    tests = tests_by_id(root / "tests")
    ran, drilled = results(root / RESULTS / "tests.json"), results(root / RESULTS / "drills.json")
    return [judged(promise, tests.get(promise.id, []), drills_of(promise.id), ran, drilled) for promise in CATALOGUE]


def drills_of(promise_id: str) -> list[str]:
    """The names of the drills of a row."""
    return [drill.name for drill in DRILLS if drill.id == promise_id]


def judged(
    promise: Promise, tests: list[str], drills: list[str], ran: Mapping[str, Result], drilled: Mapping[str, Result]
) -> Proof:
    """Say how it stands with one promise.

    1. One result that is bad: failed. 2. Something that belongs to it is not written: open.
    3. Something of it never ran here: open. 4. All of it ran and held: proved.
    """
    found = [ran[test] for test in tests if test in ran]
    row = drilled.get(promise.id)
    known = [*found, row] if row and drills else found
    if bad := [test for test in tests if test in ran and not ran[test].ok]:
        state, why = "failed", f"{bad[0]} failed"
    elif row and drills and not row.ok:
        state, why = "failed", "its drill failed"
    elif lacks := _lacks(promise, tests, drills):
        state, why = "open", lacks
    elif not found or (promise.needs_drill and row is None):
        state, why = "open", f"{'its drill was' if found else 'its tests were'} {NOT_RUN}"
    else:
        state, why = "proved", ""
    last_at = min((result.at for result in known), default=None)
    last = NOT_RUN if last_at is None else day(last_at)
    return Proof(promise.id, promise.title, promise.sort, state, why, last, promise.page, tests, drills, last_at)


def _lacks(promise: Promise, tests: list[str], drills: list[str]) -> str:
    missing = [] if tests else ["no test"]
    missing += ["no drill"] if promise.needs_drill and not drills else []
    return f"{' and '.join(missing)} yet" if missing else ""


def tests_by_id(folder: Path) -> dict[str, list[str]]:
    """The tests of each promise, as ``tests/jobs/test_runner.py::test_name``, by reading the files."""
    found: dict[str, list[str]] = {}
    for file in sorted(folder.rglob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        if MARK not in text:
            continue
        for name, ids in marked(ast.parse(text)):
            for promise_id in ids:
                found.setdefault(promise_id, []).append(f"{file.relative_to(folder.parent)}::{name}")
    return found


def marked(tree: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """Each test of a file with the promises that it, its class or the whole file is marked with."""
    whole = {found for node in tree.body if isinstance(node, ast.Assign) and _is_mark(node) for found in _ids(node)}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name, whole | _decorated(node)
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and inner.name.startswith("test"):
                    yield f"{node.name}::{inner.name}", whole | _decorated(node) | _decorated(inner)


def _is_mark(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)


def _decorated(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str]:
    return {found for decorator in node.decorator_list for found in _ids(decorator)}


def _ids(node: ast.AST) -> Iterator[str]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == MARK:
            yield from (str(each.value) for each in call.args if isinstance(each, ast.Constant))


def results(file: Path) -> dict[str, Result]:
    """Read the last results; none where nothing ran here."""
    if not file.exists():
        return {}
    rows: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {name: Result(bool(row["ok"]), int(row["at"])) for name, row in rows.items()}


def remember(file: Path, fresh: Mapping[str, Result]) -> None:
    """Write results over those of earlier runs; what did not run keeps its last one."""
    if not fresh:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = {name: asdict(result) for name, result in sorted({**results(file), **fresh}.items())}
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    draft.replace(file)


def day(at: int) -> str:
    """An instant as a date and time in UTC."""
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")


def summary(rows: list[Proof]) -> dict[str, Any]:
    """The report as one JSON object."""
    count = {state: sum(row.state == state for row in rows) for state in ("proved", "open", "failed")}
    waiting = sum(row.state == "open" and NOT_RUN in row.why for row in rows)
    return {"total": len(rows), **count, "not_run": waiting, "rows": [asdict(row) for row in rows]}

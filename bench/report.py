"""What every bench prints: a table for people, then with ``--json`` one line for machines.

rows = [Row(name="added", value=3.1, unit="ms", bar=5.0, ok=True, n=300)]
raise SystemExit(report("publish", rows, as_json=True))
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What a figure is held against: somebody else's work, measured in the same run, in the row's own unit."""

    name: str
    version: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure.

    Args:
        value: in `unit`; of times the median.
        bar: what the figure may be at most: the ratio where there is one, else the value.
        least: True where the bar is what it must be at least: less would have shown nothing.
        n: how many times it was measured.
    """

    name: str
    value: float
    unit: str
    bar: float
    ok: bool
    n: int
    anchor: Anchor | None = None
    ratio: float | None = None
    least: bool = False


def machine() -> dict[str, Any]:
    """Describe the machine: the cores this process may use, the Python that ran, and what else is going on."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    load = round(os.getloadavg()[0], 1)  # of the last minute: figures in ms are only as quiet as the machine
    return {"cores": len(allowed), "python": platform.python_version(), "system": platform.system(), "load": load}


def report(
    bench: str,
    rows: Sequence[Row],
    *,
    as_json: bool,
    seed: int = 0,
    figures: Mapping[str, Any] | None = None,
    skipped: Mapping[str, str] | None = None,
) -> int:
    """Print the table and, if asked, the line of JSON; return the exit status.

    Args:
        figures: what an issue names; they stand at the top level of the line.
        skipped: names of figures that could not be measured here, each with its reason in a sentence.

    Returns:
        0 if every row is ok and there is at least one, else 1.
    """
    ok = bool(rows) and all(row.ok for row in rows)
    _table(bench, rows, skipped or {})
    if as_json:
        line = {"bench": bench, "ok": ok, "seed": seed, "machine": machine(), **(figures or {})}
        print(json.dumps({**line, "rows": [asdict(row) for row in rows], "skipped": dict(skipped or {})}))
    return 0 if ok else 1


def _table(bench: str, rows: Sequence[Row], skipped: Mapping[str, str]) -> None:
    table = Table(title=f"{bench} ({', '.join(f'{name} {value}' for name, value in machine().items())})")
    for heading in ("figure", "value", "anchor", "ratio", "bar", "n", ""):
        table.add_column(heading)
    for row in rows:
        anchor = f"{row.anchor.value:.3g} {row.unit} ({row.anchor.name} {row.anchor.version})" if row.anchor else ""
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
        verdict = "[green]ok[/]" if row.ok else f"[bold red]too {'little' if row.least else 'much'}[/]"
        table.add_row(
            row.name,
            f"{row.value:.3g} {row.unit}",
            anchor,
            ratio,
            f"{'>=' if row.least else '<='} {row.bar:g}",
            str(row.n),
            verdict,
        )
    console = Console(width=140)
    console.print(table)
    for name, why in skipped.items():
        console.print(f"[bold yellow]SKIPPED[/] {name}: {why}")

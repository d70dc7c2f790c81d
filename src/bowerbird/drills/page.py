"""The report of the drills as one page that needs nothing else: no script, no font, no address.

Each way to break something has a bar of time: the fault from its beginning to its end, the moment at which somebody
was told against the bound for it, and the moment from which all was well against that bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from bowerbird.drills.catalogue import BY_ID, LAYERS
from bowerbird.drills.report import scale_sentence, total
from bowerbird.drills.row import Outcome, Verdict

HERE = Path(__file__).parent
ROOM = 1.06
"""The bar ends a little after the last thing on it."""
TICKS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
"""Distances at which the bar may be marked, seconds."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of time; every place and width is in percent of its length."""

    fault: float
    told: float | None
    told_by: float | None
    mended: float
    well: float | None
    well_by: float | None
    ticks: tuple[tuple[float, str], ...]


def bar(way: Outcome) -> Bar:
    """Lay out what happened: recovery counts from the end of the fault, or from its beginning where it lasts."""
    base_s = 0.0 if way.by_itself else way.held_s
    well_s = None if way.recover_s is None else base_s + way.recover_s
    well_by_s = None if way.recover_max_s is None else base_s + way.recover_max_s
    ends = [way.held_s, way.alert_s, way.alert_max_s, well_s]
    # A bound far beyond everything that happened would squeeze it into a corner: then the bar stops before it.
    reach_s = max(1.0, *(end for end in ends if end is not None))
    near = well_by_s is not None and well_by_s <= reach_s * 3
    length_s = ROOM * max(reach_s, well_by_s if near and well_by_s is not None else 0.0)

    def place(seconds: float | None) -> float | None:
        return None if seconds is None else round(100 * seconds / length_s, 2)

    step = next((tick for tick in TICKS if length_s / tick <= 8), TICKS[-1])
    ticks = tuple((100 * n * step / length_s, f"{n * step} s") for n in range(1, int(length_s / step) + 1))
    return Bar(
        fault=place(way.held_s) or 0.0, told=place(way.alert_s), told_by=place(way.alert_max_s),
        mended=place(base_s) or 0.0, well=place(well_s), well_by=place(well_by_s) if near else None, ticks=ticks,
    )  # fmt: skip


def page(verdicts: Sequence[Verdict], scale: Mapping[str, float]) -> str:
    """Return the page as HTML."""
    ways = [way for verdict in verdicts for way in verdict.ways]
    given: dict[str, Any] = {
        "total": total(verdicts, scale),
        "ways": len(ways),
        "held": sum(way.ok for way in ways),
        "scale": scale_sentence(scale),
        "closest": _closest(ways),
        "groups": _groups(verdicts),
    }
    loader = jinja2.FileSystemLoader(HERE / "templates")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True)  # fmt: skip
    return environment.get_template("report.html").render(**given)


def _groups(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """The rows under the name of their layer."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for verdict in verdicts:
        layer = BY_ID[verdict.id].layer
        name = "Across the layers" if layer is None else f"{layer} · {LAYERS[layer - 1]}"
        rows = [
            {"way": way, "bar": bar(way), "name": way.name.removeprefix(verdict.id).strip()} for way in verdict.ways
        ]
        groups.setdefault(name, []).append({"verdict": verdict, "title": BY_ID[verdict.id].title, "rows": rows})
    return [{"name": name, "rows": rows} for name, rows in groups.items()]


def _closest(ways: Sequence[Outcome]) -> dict[str, Any] | None:
    """The way that used most of one of its bounds, with the share in percent; None if nothing was measured."""
    shares = [
        (100 * seconds / most_s, way.name, word)
        for way in ways
        for word, seconds, most_s in (
            ("told", way.alert_s, way.alert_max_s), ("well", way.recover_s, way.recover_max_s),
        )
        if seconds is not None and most_s
    ]  # fmt: skip
    if not shares:
        return None
    share, name, word = max(shares)
    return {"share": round(share), "name": name, "word": word}

"""The report of the drills as one page that needs nothing else: no script, no font, no address.

Each way to break something has a bar of time: the fault from its beginning to its end, the moment at which somebody
was told against the bound for it, and the moment from which all was well against that bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from bowerbird.dashboard.bar import Bar, laid_out
from bowerbird.drills.catalogue import BY_ID, LAYERS
from bowerbird.drills.report import scale_sentence, total
from bowerbird.drills.row import Outcome, Verdict

HERE = Path(__file__).parent


def bar(way: Outcome) -> Bar:
    """Lay out what happened."""
    return laid_out(
        held_s=way.held_s, alert_s=way.alert_s, alert_max_s=way.alert_max_s, recover_s=way.recover_s,
        recover_max_s=way.recover_max_s, by_itself=way.by_itself,
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

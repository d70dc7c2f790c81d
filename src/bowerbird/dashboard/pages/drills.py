"""Drills: what each breaks, how it last went, one that runs, and those that ran from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from bowerbird.core.drilled import DRILLED, DRILLING, Drilled, drilled, drilling
from bowerbird.core.health import Light
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.workshop import DrillRow, Way, heading

LATE_S = 60.0
"""A run that should have ended so long ago has lost its engine, seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The drills of one promise as the page shows them.

    Args:
        light, word, at: how they last went, and when; None if they never ran here.
        why: why they cannot be run now, or empty.
        runs: one that was asked for here is under way.
    """

    drill: DrillRow
    light: Light
    word: str
    at: int | None
    why: str
    runs: bool = False

    @property
    def bounds(self) -> list[tuple[Way, str]]:
        """Each way with its bounds in words."""
        return [(way, bounds(way)) for way in self.drill.ways]


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Every drill under its layer, the one that runs, and those that ran from this page."""
    shop, now = await asked.workshop(), clock.now()
    run, runs = drilling(await books.snapshot(DRILLING)), drilled(await books.snapshot(DRILLED))
    busy = run is not None and now - run.until <= LATE_S * SECOND_US
    running = run.row if run is not None and busy else ""
    rows = [row(each, runs, shop.lacks, running) for each in shop.drills]
    return {
        "now": now,
        "shop": shop,
        "run": run,
        "lost": run is not None and not busy,
        "busy": busy,
        "groups": [(heading(layer), list(mine)) for layer, mine in groupby(rows, key=lambda one: one.drill.layer)],
        "runs": [(one, *verdict(one)) for one in runs],
        "ways": sum(len(each.ways) for each in shop.drills),
    }


def row(drill: DrillRow, runs: Sequence[Drilled], lacks: str, running: str = "") -> Row:
    """How the drills of a promise last went: by this page or by the command line, whichever was later."""
    found = [(drill.ran_at, drill.ok)] if drill.ran_at is not None else []
    found += [(one.ended_at, one.ok) for one in runs if one.row == drill.id and one.ended_at and one.ok is not None]
    at, ok = max(found, key=lambda each: each[0] or 0, default=(None, None))
    light, word = (Light.GREY, "not run here") if ok is None else (Light.GREEN, "held") if ok else (Light.RED, "failed")
    return Row(drill=drill, light=light, word=word, at=at, why=lacks or drill.lacks, runs=drill.id == running)


def bounds(way: Way) -> str:
    """The bounds of a way as a sentence."""
    told = "Nobody has to be told, for it heals first"
    if way.tells:
        told = "Told once its period is over" if way.alert_max_s is None else f"Told within {way.alert_max_s:g} s"
    well = "" if way.recover_max_s is None else f", well within {way.recover_max_s:g} s"
    return f"{told}{well}."


def verdict(run: Drilled) -> tuple[Light, str]:
    """A run in a light and a word."""
    if run.ok is None:
        return Light.GREY, "no result"
    return (Light.GREEN, "held") if run.ok else (Light.RED, "failed")


def titles(rows: Sequence[DrillRow]) -> Mapping[str, str]:
    """The title of each row, by its id."""
    return {row.id: row.title for row in rows}

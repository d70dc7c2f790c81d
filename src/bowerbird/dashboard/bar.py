"""A bar of time for one drill: the fault from its beginning to its end, who was told when, and from when all was well.

Both the report of the drills and the page about a run draw it.
"""

from __future__ import annotations

from dataclasses import dataclass

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


def laid_out(
    *,
    held_s: float,
    alert_s: float | None,
    alert_max_s: float | None,
    recover_s: float | None,
    recover_max_s: float | None,
    by_itself: bool,
) -> Bar:
    """Lay out what happened: recovery counts from the end of the fault, or from its beginning where it lasts."""
    base_s = 0.0 if by_itself else held_s
    well_s = None if recover_s is None else base_s + recover_s
    well_by_s = None if recover_max_s is None else base_s + recover_max_s
    ends = [held_s, alert_s, alert_max_s, well_s]
    # A bound far beyond everything that happened would squeeze it into a corner: then the bar stops before it.
    reach_s = max(1.0, *(end for end in ends if end is not None))
    near = well_by_s is not None and well_by_s <= reach_s * 3
    length_s = ROOM * max(reach_s, well_by_s if near and well_by_s is not None else 0.0)

    def place(seconds: float | None) -> float | None:
        return None if seconds is None else round(100 * seconds / length_s, 2)

    step = next((tick for tick in TICKS if length_s / tick <= 8), TICKS[-1])
    ticks = tuple((100 * n * step / length_s, f"{n * step} s") for n in range(1, int(length_s / step) + 1))
    return Bar(
        fault=place(held_s) or 0.0, told=place(alert_s), told_by=place(alert_max_s),
        mended=place(base_s) or 0.0, well=place(well_s), well_by=place(well_by_s) if near else None, ticks=ticks,
    )  # fmt: skip

"""The readings of a post as curves by its age, for the macro `curve`. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bowerbird.core.findings import Reading
from bowerbird.core.story import COUNTED

Points = list[tuple[float | None, ...]]


def curves(readings: Sequence[Reading]) -> list[tuple[str, str, list[str], Points]]:
    """The readings as curves by age: key, heading, the measures' names, and points (age in seconds, values).

    Impressions have a curve of their own, for they are so many that beside them nothing else could be seen. What the
    platform never showed has none.
    """
    shown = [name for name in COUNTED if any(getattr(r.counts, name) is not None for r in readings)]
    answers = [name for name in shown if name != "impressions"]
    groups = (
        ("seen", "How often it was seen, by its age", shown[:1] if "impressions" in shown else []),
        ("answers", "What people did with it, by its age", answers),
    )
    return [(key, heading, [name.capitalize() for name in names], _points(readings, names))
            for key, heading, names in groups if names]  # fmt: skip


def _points(readings: Sequence[Reading], names: Sequence[str]) -> Points:
    ordered = sorted(readings, key=lambda reading: reading.age_s)
    return [(reading.age_s, *(getattr(reading.counts, name) for name in names)) for reading in ordered]

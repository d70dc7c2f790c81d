"""The engine's own numbers as a page asks for them, by name and label: what was not observed is None, never 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bowerbird.core.gauge import Sample
from bowerbird.dashboard.asked import Books
from bowerbird.dashboard.metrics import SAMPLES, unpacked

UNITS = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Gauges:
    """Every number that the engine said lately; none if it is silent."""

    samples: Sequence[Sample]

    def one(self, name: str, **labels: str) -> float | None:
        """The value of the one with these labels."""
        return next((s.value for s in self.samples if s.name == name and dict(s.labels) == labels), None)

    def by(self, name: str, label: str) -> Mapping[str, float]:
        """The values by one of their labels."""
        return {s.labels[label]: s.value for s in self.samples if s.name == name}


async def gauges(books: Books, *, now: int) -> Gauges:
    """What the engine said, unless it is old."""
    return Gauges(unpacked(await books.snapshot(SAMPLES), now=now))


def size(n: float | None) -> str | None:
    """Say how much room something takes, such as ``3.4 MB``; nothing about what was not measured."""
    if n is None:
        return None
    for unit in UNITS:
        if n < 1000 or unit == UNITS[-1]:
            return f"{n:.0f} {unit}" if unit == "B" or n >= 100 else f"{n:.1f} {unit}"
        n /= 1000
    raise AssertionError("the last unit takes everything")


def percent(ratio: float | None) -> str | None:
    """Say a share as ``97 %``, and never 100 % of what is not all of it."""
    if ratio is None:
        return None
    return f"{100 * ratio:.0f} %" if ratio in (0, 1) else f"{min(99.0, max(1.0, 100 * ratio)):.0f} %"

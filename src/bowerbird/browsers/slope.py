"""When a browser has grown enough to be replaced: by its measured slope, not by a count of its pages. Pure.

Measured over 2,000 pages Chromium itself stops to grow after fifty or so, however often its contexts are thrown
away (4 % were gained by throwing them away each fiftieth); what grows for ever is the driver, by 0.1 to 0.4 MB a
page. So the pair is replaced when the driver has doubled, or when both together will reach their share of the
budget within a quarter of an hour. What grows as it has to is no reason: a browser that is young, and one that was
given another page.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, takewhile

SAMPLES = 30
"""So many of the last samples count."""
SAMPLES_MIN = 10
"""With fewer nothing is concluded."""
AHEAD_S = 900.0
"""A browser that will reach its share within so many seconds is replaced."""
DRIVER_TIMES = 2.0
"""A driver so many times as large as at its start is replaced."""
DRIVER_MIN_MB = 240.0
"""A driver smaller than this is let alone, whatever it was at its start."""
YOUNG_S, YOUNG_LEASES = 600.0, 50
"""Before it is so many seconds old, and has served so often, nobody asks where its slope leads; nor is one that was
just replaced replaced again before."""
STEEP_MB_S = 0.02
"""What grows more slowly than this does not grow: the noise of a page that is loaded is larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What a browser and its driver took at an instant.

    Args:
        at: monotonic seconds.
        tree_mb: proportional memory of the browser with all its processes, megabytes.
        driver_mb: resident memory of the driver, megabytes.
        leases: how many it has served so far. `pages`: how many are open.
    """

    at: float
    tree_mb: float
    driver_mb: float
    leases: int = 0
    pages: int = 0

    @property
    def mb(self) -> float:
        """Both together."""
        return self.tree_mb + self.driver_mb


def theil_sen(points: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes between all pairs of points: a third of them may be wild, and it stays.

    Source: Sen 1968, "Estimates of the regression coefficient based on Kendall's tau".
    """
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 != x1]
    return statistics.median(slopes) if slopes else 0.0


def slope_mb_s(samples: Sequence[Grown]) -> float:
    """Megabytes a second that both together grow by; 0 while too little is known."""
    last = samples[-SAMPLES:]
    return theil_sen([(each.at, each.mb) for each in last]) if len(last) >= SAMPLES_MIN else 0.0


def why_recycle(samples: Sequence[Grown], share_mb: float) -> str:
    """Say why a browser should be replaced now; empty if it should not.

    Args:
        samples: of its whole life, oldest first.
        share_mb: what it may take of the budget, megabytes.
    """
    if len(samples) < SAMPLES_MIN:
        return ""
    first, now = samples[0], samples[-1]
    if now.driver_mb > max(DRIVER_MIN_MB, DRIVER_TIMES * first.driver_mb):
        return f"its driver grew from {first.driver_mb:.0f} to {now.driver_mb:.0f} MB"
    slope = slope_mb_s(_steady(samples))
    if slope > STEEP_MB_S and now.mb + slope * AHEAD_S > share_mb:
        return f"it takes {now.mb:.0f} MB, grows by {slope * 60:.1f} MB a minute, and may take {share_mb:.0f} MB"
    return ""


def _steady(samples: Sequence[Grown]) -> list[Grown]:
    """The last samples that can be compared: of one that is no longer young, and with as many pages as it has now."""
    first, now = samples[0], samples[-1]
    last = takewhile(lambda each: each.pages == now.pages, reversed(samples))
    return [each for each in last if each.at - first.at >= YOUNG_S and each.leases >= YOUNG_LEASES][::-1]

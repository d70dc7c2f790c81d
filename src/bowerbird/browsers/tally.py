"""What the pool counts: waits by class, restarts by cause, calls that did not come back. Pure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from bowerbird.browsers.line import Cls, quantile_of

WAITS_MAX = 200
"""So many of the last waits of each class count."""
EVENTS_MAX = 20
"""So many of the last starts and ends are told in words."""


@dataclass
class Tally:
    """Counters since the pool was made; they only rise.

    Args:
        lost_one: is called when a browser was lost, so that nobody need look to hear of it.
    """

    leases: Counter[Cls] = field(default_factory=Counter)
    lost: Counter[Cls] = field(default_factory=Counter)
    refused: Counter[Cls] = field(default_factory=Counter)
    timeouts: Counter[str] = field(default_factory=Counter)
    restarts: Counter[str] = field(default_factory=Counter)
    events: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=EVENTS_MAX))
    ends: Counter[tuple[int, str]] = field(default_factory=Counter)
    cut: int = 0
    listeners: int = 0
    lost_one: Callable[[], object] = lambda: None
    _waits: dict[Cls, deque[float]] = field(default_factory=lambda: {cls: deque(maxlen=WAITS_MAX) for cls in Cls})

    def waited(self, cls: Cls, seconds: float) -> None:
        """A lease of this class was had after so many seconds."""
        self.leases[cls] += 1
        self._waits[cls].append(seconds)

    def wait_s(self, cls: Cls, quantile: float) -> float | None:
        """How long this class waits, by quantile, seconds; None if nobody had a lease yet."""
        return quantile_of(self._waits[cls], quantile) if self._waits[cls] else None

    def of_seat(self, seat: int) -> dict[str, int]:
        """How often the browser on one seat was replaced, by cause."""
        return {cause: n for (number, cause), n in self.ends.items() if number == seat}

    def restarted(self, seat: int, cause: str, why: str, *, at: int) -> None:
        """A browser was replaced.

        Args:
            cause: one word of a few: browser_died, driver_died, frozen, hung, memory, grown. `why`: a sentence's end.
            at: UTC microseconds.
        """
        self.restarts[cause] += 1
        if cause != "grown":
            self.lost_one()
        self.ends[seat, cause] += 1
        self.events.append((at, f"The browser on seat {seat + 1} was replaced: {why}."))

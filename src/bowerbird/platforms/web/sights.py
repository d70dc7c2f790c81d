"""How pages were read, until whoever judges it asks: a short list that all drivers of a process share."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from bowerbird.core.findings import Sighting

SIGHTS_MAX = 500
"""Pages kept until they are asked for; the oldest are forgotten first."""


@dataclass
class Sights:
    """The list."""

    _seen: deque[Sighting] = field(default_factory=lambda: deque(maxlen=SIGHTS_MAX))

    def note(self, sighting: Sighting) -> None:
        """Put one more on it."""
        self._seen.append(sighting)

    def take(self) -> list[Sighting]:
        """Return them, oldest first; the list is empty afterwards."""
        seen = list(self._seen)
        self._seen.clear()
        return seen

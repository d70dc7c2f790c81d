"""Whether work comes round at all: something that should change every few seconds, and how long it has not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bowerbird.core.ports import Clock

STILL_S = 30.0
"""Nothing comes round for this long, in seconds: no job lives, whatever its task says."""


@dataclass
class Progress:
    """Watches a mark that changes whenever a piece of work has ended; judged on the monotonic clock.

    Args:
        mark: what is compared, such as the ends of all jobs' last runs.
        still_s: without a change for this long, nothing moves.
    """

    mark: Callable[[], object]
    clock: Clock
    still_s: float = STILL_S
    count: int = 0
    _last: object = None
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._at = self.clock.monotonic()

    def look(self) -> bool:
        """Look once; return whether anything has moved within `still_s`."""
        mark, now = self.mark(), self.clock.monotonic()
        if mark != self._last:
            self._last, self._at = mark, now
            self.count += 1
        return now - self._at < self.still_s

    def begin(self) -> None:
        """Count from now, because the work was just begun."""
        self._at = self.clock.monotonic()

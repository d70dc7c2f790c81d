"""How often a browser may be started again: quickly at first, then with growing waits, and never for ever. Pure.

One that ran and was lost is started at once, the third time within a minute after half a second, then after twice
as long each time, up to eight; after `RESTARTS_MAX` losses in ten minutes it is tried every `SPENT_S` seconds. One
that could not even be started is tried after half a second, then after twice as long, up to five seconds: whoever
mends it need not wait.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

RESTARTS_MAX = 5
"""So many browsers may be lost on one seat within `WINDOW_S`."""
WINDOW_S = 600.0
QUICK_S = 60.0
"""Losses within so many seconds make the wait grow."""
FIRST_S, LOST_MAX_S, FAILED_MAX_S = 0.5, 8.0, 5.0
"""The first wait, and the longest after a loss and after a start that failed, seconds."""
SPENT_S = 30.0
"""When too many were lost, one is tried so often, seconds: with the look that notices that it is time, the start, and
the probes of what waits for it, whoever is mended then is back within a minute."""


@dataclass
class Starts:
    """What one seat has been through.

    Args:
        most: losses within ten minutes, after which it is tried every `SPENT_S` seconds only.
        failed_max_s: the longest wait after a start that failed, seconds.
    """

    most: int = RESTARTS_MAX
    failed_max_s: float = FAILED_MAX_S
    _lost: deque[float] = field(default_factory=deque)
    _failed: int = 0
    _failed_at: float = 0.0

    def lost(self, now: float) -> None:
        """A browser that ran is gone (`now` in monotonic seconds)."""
        self._lost.append(now)

    def failed(self, now: float) -> None:
        """One could not be started."""
        self._failed, self._failed_at = self._failed + 1, now

    def began(self) -> None:
        """One was started."""
        self._failed = 0

    def spent(self, now: float) -> bool:
        """Whether more were lost than may be."""
        while self._lost and self._lost[0] < now - WINDOW_S:
            self._lost.popleft()
        return len(self._lost) > self.most

    def wait_s(self, now: float) -> float:
        """How long until another may be tried, seconds; whoever asks earlier is told that there is none."""
        waits = [0.0]
        if self._failed:
            waits.append(self._failed_at + _grown_s(self._failed - 1, self.failed_max_s) - now)
        if self.spent(now):
            waits.append(self._lost[-1] + SPENT_S - now)
        return max(waits)

    def pause_s(self, now: float) -> float:
        """How long to breathe before the next start, seconds: so short that whoever needs a browser waits for it."""
        quick = sum(at > now - QUICK_S for at in self._lost)
        if quick <= 2:
            return 0.0
        return max(0.0, self._lost[-1] + _grown_s(quick - 3, LOST_MAX_S) - now)


def _grown_s(times: int, most_s: float) -> float:
    """The first wait doubled so many times, at most `most_s`; ten are enough, a thousand no float can hold."""
    return min(most_s, FIRST_S * 2.0 ** min(times, 10))

"""How often an account may do something: a sliding window of instants."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

SECOND_US = 1_000_000
LIMIT_MAX = 100_000


@dataclass(slots=True)
class Window:
    """At most `limit` acts in any `window_s` seconds.

    Sliding, not fixed, so that "never more than n in an hour" is judged for every hour there is.
    """

    limit: int
    window_s: float
    acts: deque[int] = field(default_factory=deque)

    def note(self, at: int) -> None:
        """Count one act."""
        self.acts.append(at)
        while len(self.acts) > LIMIT_MAX:
            self.acts.popleft()

    def remaining(self, now: int) -> int:
        """Return how many acts are still free."""
        self._forget(now)
        return max(0, self.limit - len(self.acts))

    def reset_at(self, now: int) -> int:
        """Return when the next act becomes free (now, when one is)."""
        self._forget(now)
        surplus = len(self.acts) - self.limit
        if surplus < 0 or not self.acts:
            return now
        return self.acts[min(surplus, len(self.acts) - 1)] + int(self.window_s * SECOND_US)

    def headers(self, now: int) -> dict[str, str]:
        """Return the headers that tell a client where it stands; `reset` in epoch seconds, rounded up."""
        return {
            "ratelimit-policy": f"{self.limit};w={max(1, round(self.window_s))}",
            "ratelimit-limit": str(self.limit),
            "ratelimit-remaining": str(self.remaining(now)),
            "ratelimit-reset": str(-(-self.reset_at(now) // SECOND_US)),
        }

    def _forget(self, now: int) -> None:
        horizon = now - int(self.window_s * SECOND_US)
        while self.acts and self.acts[0] <= horizon:
            self.acts.popleft()

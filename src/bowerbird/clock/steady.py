"""Notice that somebody stepped the wall clock, from pairs of readings alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The wall clock moved by `seconds` more (or less, if negative) than time did; noticed at `at`."""

    seconds: float
    at: int


@dataclass(slots=True, kw_only=True)
class Steady:
    """Compares the wall clock with one that nobody can set; feed it every few seconds.

    A laptop that slept for a night is no step: feed it `Clock.boottime`, which counts while the machine sleeps.
    Only neighbouring readings are compared, so that the slow correction of a drifting clock is no step.

    Args:
        step_max_s: a difference of more than this many seconds between two readings is a step.
        calm_s: for this long after a step the wall is not trusted.
    """

    step_max_s: float = 30.0
    calm_s: float = 60.0
    _last: tuple[int, float] | None = None
    _trusted_from: float = float("-inf")

    def feed(self, now: int, boottime: float) -> Step | None:
        """Take a reading (`now` in µs, `boottime` in seconds); return the step, if there was any."""
        last, self._last = self._last, (now, boottime)
        if last is None:
            return None
        moved_s = (now - last[0]) / 1_000_000 - (boottime - last[1])
        if abs(moved_s) <= self.step_max_s:
            return None
        self._trusted_from = boottime + self.calm_s
        return Step(seconds=moved_s, at=now)

    @property
    def trusted(self) -> bool:
        """True if the last reading is at least `calm_s` after the last step."""
        return self._last is None or self._last[1] >= self._trusted_from

"""Judge from outside whether a process is alive: by whether its heartbeat changes, on one's own monotonic clock.

Only the standard library, and no clock of its own: what it is told is all it knows. The wall clock does not come
into it, so a step of an hour in either direction is nothing. Nor does time in which nobody looked: a guardian that was
stopped together with its engine, or that got no turn on a busy machine, must not take its own absence for silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

TELL_S = 4.0
"""After so many seconds of silence it is told; the heart beats every second."""
START_S = 20.0
"""How much longer a process may take to its first beat, seconds: to load a program takes a while on a busy machine."""
STARTING_S = 6.0
"""And how much longer one may be silent that beats, and says that it is still starting."""
LOOK_MAX_S = 1.0
"""Between two looks at most so many seconds count as silence; more means that the looker itself was away."""


class Verdict(Enum):
    """What is to be done about it."""

    HEARD = "heard"
    WAIT = "wait"
    TELL = "tell"
    KILL = "kill"


@dataclass
class Silence:
    """Listens to one process.

    Args:
        kill_s: after so many seconds of silence nothing but a restart will help.
        mark: the beat seen last; heard: whether this process has beaten at all since it was started.
        silent_s: how long it has been silent; steady_s: for how long it has been heard without a break.
    """

    kill_s: float = 30.0
    mark: object = None
    heard: bool = False
    silent_s: float = 0.0
    steady_s: float = 0.0
    _looked: float | None = None

    def begin(self, mark: object) -> None:
        """A process was just started; `mark` is what an earlier one left behind, and is no beat of this one."""
        self.mark, self.heard, self.silent_s, self.steady_s, self._looked = mark, False, 0.0, 0.0, None

    def look(self, mark: object, now: float, *, starting: bool = False) -> Verdict:
        """Take what is there at `now` (monotonic seconds).

        Args:
            mark: changes with every beat, None if there is none.
            starting: with its last beat it said that it is still starting.
        """
        passed = min(LOOK_MAX_S, now - self._looked) if self._looked is not None else 0.0
        self._looked = now
        if mark is not None and mark != self.mark:
            self.mark, self.heard, self.silent_s = mark, True, 0.0
            self.steady_s += passed
            return Verdict.HEARD
        self.silent_s += passed
        grace_s = (STARTING_S if starting else 0.0) if self.heard else START_S
        if self.silent_s >= TELL_S + grace_s:
            self.steady_s = 0.0
            return Verdict.KILL if self.silent_s >= self.kill_s + grace_s else Verdict.TELL
        self.steady_s += passed if self.heard else 0.0
        return Verdict.HEARD if self.heard else Verdict.WAIT

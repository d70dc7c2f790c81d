"""The failpoints of a world: which trouble arms which place in the code, and what happens there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bowerbird.resilience.failpoints import Fault
from bowerbird.simulation.years.engine import LIVING
from bowerbird.simulation.years.troubles import JOBS_HIT, MONITORS_HIT, Trouble

FAILPOINTS = frozenset({"job_raises", "job_hangs", "timer_dropped", "monitor_dies"})


@dataclass
class Armed:
    """The failpoints of a world.

    Args:
        faults: what happens where, and the kind of trouble with its number.
        bite: told of each that happens.
    """

    bite: Callable[[str, int], None]
    faults: dict[str, tuple[Fault, str, int]] = field(default_factory=dict)

    def take(self, name: str) -> Fault | None:
        """What happens at this place."""
        found = self.faults.get(name)
        if found is None or ((process := LIVING.get()) is not None and process.dead):
            return None
        fault, kind, number = found
        self.bite(kind, number)
        return fault


def place_of(trouble: Trouble) -> tuple[str, Fault] | None:
    """The failpoint that a trouble arms, if any."""
    turn = int(trouble.start_s)
    job, monitor = JOBS_HIT[turn % len(JOBS_HIT)], MONITORS_HIT[turn % len(MONITORS_HIT)]
    match trouble.kind:
        case "job_raises":
            return f"job.{job}", Fault("raise")
        case "job_hangs":
            return f"job.{job}", Fault("hang")
        case "timer_dropped":
            return f"jobs.timer.{job}", Fault("drop")
        case "monitor_dies":
            return f"monitor.{monitor}", Fault("raise")
    return None

"""A year of simulated time, spread over many seeds: what broke, what was reached, and what a run costs."""

from __future__ import annotations

import gc
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from bowerbird.clock import SystemClock
from bowerbird.core.work import Outcome
from bowerbird.simulation.report import Findings
from bowerbird.simulation.spread import bar, spread
from bowerbird.simulation.years.plots import YEAR_S, draw_plot
from bowerbird.simulation.years.sometimes import SOMETIMES, recoveries
from bowerbird.simulation.years.troubles import TROUBLES
from bowerbird.simulation.years.verdict import judge
from bowerbird.simulation.years.world import World, run_plot

COMPLETE_FROM_S = YEAR_S / 2
"""From so much simulated time on, a trouble or a recovery that never happened fails the campaign."""
RUNS = (Outcome.DONE, Outcome.FAILED, Outcome.CUT_OFF)
"""How a run ends that was a run: a slot that was skipped is none."""


@dataclass(slots=True, kw_only=True)
class YearReport(Findings):
    """What a campaign of years found.

    Args:
        day_s: simulated seconds of each world before it calms down.
        runs: turns of jobs by the real runner. cpu_s: of all processes together, start-up left out.
    """

    day_s: float
    wall_s: float = 0.0
    runs: int = 0
    posts: int = 0
    messages: int = 0

    ASKED: ClassVar = {
        "faults": {name: kind.says for name, kind in TROUBLES.items()}, "sometimes": dict.fromkeys(SOMETIMES, ""),
    }  # fmt: skip
    UNIT: ClassVar = "runs"

    @property
    def large(self) -> bool:
        """True from half a year on."""
        return self.simulated_s >= COMPLETE_FROM_S

    def again(self, seed: int) -> str:
        """The command that lives one world again."""
        years = self.worlds * self.day_s / YEAR_S
        return f"bowerbird simulate --years {years:g} --seeds {self.worlds} --seed {seed} --story"

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON values, with what a year costs."""
        costs = {name: round(getattr(self, name), 1) for name in ("runs", "cpu_s", "wall_s", "posts", "messages")}
        return Findings.as_dict(self) | costs


def run_years(years: float, seeds: int, first: int = 0, jobs: int = 1) -> YearReport:
    """Run so many years, dealt out over so many seeds, on so many processes."""
    clock = SystemClock()
    began_s, day_s = clock.monotonic(), years * YEAR_S / seeds
    report = YearReport(seed=first, day_s=day_s)
    with bar(seeds) as advance:
        for part in spread(partial(run_seed, day_s=day_s), range(first, first + seeds), jobs):
            report.add(part)
            advance(part.worlds)
    report.wall_s = clock.monotonic() - began_s
    return report


def run_seed(seed: int, day_s: float) -> YearReport:
    """Run one world, and judge it."""
    gc.collect()
    gc.disable()  # a world is one graph that lives to its end; looking through it again and again frees nothing
    try:
        began_s = time.process_time()
        world = run_plot(draw_plot(seed, day_s=day_s))
        cpu_s = time.process_time() - began_s
        return _counted(world, day_s, cpu_s)
    finally:
        gc.enable()


def _counted(world: World, day_s: float, cpu_s: float) -> YearReport:
    pulses = [pulse for engine in world.engines for pulse in engine.jobs.runner.pulses.values()]
    return YearReport(
        seed=world.plot.seed,
        day_s=day_s,
        worlds=1,
        simulated_s=world.clock.boottime(),
        cpu_s=cpu_s,
        runs=sum(pulse.ended[outcome] for pulse in pulses for outcome in RUNS),
        posts=len(world.shelf.by_id),
        messages=len(world.messages),
        faults=world.faults,
        crash_points=world.crashes,
        sometimes=Counter(recoveries(world)),
        broken=[(world.plot.seed, violation) for violation in judge(world)],
    )

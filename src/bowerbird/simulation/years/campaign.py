"""A year of simulated time, spread over many seeds: what broke, what was reached, and what a run costs."""

from __future__ import annotations

import gc
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from bowerbird.clock import SystemClock
from bowerbird.core.work import Outcome
from bowerbird.simulation.judge import Violation
from bowerbird.simulation.years.plots import YEAR_S, draw_plot
from bowerbird.simulation.years.sometimes import SOMETIMES, recoveries
from bowerbird.simulation.years.troubles import TROUBLES
from bowerbird.simulation.years.verdict import judge
from bowerbird.simulation.years.world import World, run_plot

COMPLETE_FROM_S = YEAR_S / 2
"""From so much simulated time on, a trouble or a recovery that never happened fails the campaign."""
RUNS = (Outcome.DONE, Outcome.FAILED, Outcome.CUT_OFF)
"""How a run ends that was a run: a slot that was skipped is none."""
TOLD_MAX = 20
"""Violations told in words; all are counted."""


@dataclass(slots=True, kw_only=True)
class YearReport:
    """What a campaign found.

    Args:
        seed: the first; worlds: how many. day_s: simulated seconds of each world before it calms down.
        runs: turns of jobs by the real runner. cpu_s: of all processes together, start-up left out.
    """

    seed: int
    day_s: float
    worlds: int = 0
    simulated_s: float = 0.0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    runs: int = 0
    posts: int = 0
    messages: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    crash_points: Counter[str] = field(default_factory=Counter)
    sometimes: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[int, Violation]] = field(default_factory=list)

    def add(self, other: YearReport) -> None:
        """Take in what another process found."""
        for name in ("worlds", "simulated_s", "cpu_s", "runs", "posts", "messages"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.faults += other.faults
        self.crash_points += other.crash_points
        self.sometimes += other.sometimes
        self.broken += other.broken

    @property
    def never(self) -> list[str]:
        """Troubles and recoveries that never happened."""
        asked = ((TROUBLES, self.faults), (SOMETIMES, self.sometimes))
        return [name for names, counted in asked for name in names if not counted[name]]

    @property
    def ok(self) -> bool:
        """True if nothing broke and, in a large campaign, nothing is missing."""
        return self.worlds > 0 and not self.broken and (not self.never or self.simulated_s < COMPLETE_FROM_S)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return {
            "worlds": self.worlds,
            "violations": len(self.broken),
            "faults": {name: self.faults[name] for name in TROUBLES},
            "crash_points": dict(sorted(self.crash_points.items())),
            "sometimes": {name: self.sometimes[name] for name in SOMETIMES},
            "simulated_h": round(self.simulated_s / 3_600, 1),
            "runs": self.runs,
            "runs_per_cpu_s": round(self.runs / self.cpu_s) if self.cpu_s else None,
            "cpu_s": round(self.cpu_s, 1),
            "wall_s": round(self.wall_s, 1),
            "posts": self.posts,
            "messages": self.messages,
            "seed": self.seed,
            "never": self.never,
            "broken": self.broken_in_words,
            "ok": self.ok,
        }

    def as_json(self) -> str:
        """The report as one line."""
        return json.dumps(self.as_dict())

    def as_text(self) -> str:
        """The report for people."""
        lines = [*self.broken_in_words, "troubles:"]
        lines += [f"  {self.faults[name]:7} {name}: {kind.says}" for name, kind in TROUBLES.items()]
        lines += ["recoveries, in worlds:", *(f"  {self.sometimes[name]:7} {name}" for name in SOMETIMES)]
        lines.append(
            f"{self.worlds} worlds, {self.simulated_s / 3_600:.0f} simulated hours, {self.runs} runs of jobs, "
            f"{len(self.broken)} violations, {self.runs / max(self.cpu_s, 1e-9):.0f} runs per CPU second"
        )
        return "\n".join(lines)

    @property
    def broken_in_words(self) -> list[str]:
        """What broke, each with the command that shows it again; the first `TOLD_MAX`."""
        again = f"bowerbird simulate --years {self.worlds * self.day_s / YEAR_S:g} --seeds {self.worlds}"
        return [
            f"seed {seed}: {v.rule}: {v.subject} {v.sentence}; again: {again} --seed {seed} --story"
            for seed, v in sorted(self.broken, key=lambda found: found[0])[:TOLD_MAX]
        ]


def run_years(years: float, seeds: int, first: int = 0, jobs: int = 1) -> YearReport:
    """Run so many years, dealt out over so many seeds, on so many processes."""
    clock = SystemClock()
    began_s, day_s = clock.monotonic(), years * YEAR_S / seeds
    report = YearReport(seed=first, day_s=day_s)
    for part in _run_all(range(first, first + seeds), day_s, jobs):
        report.add(part)
    report.wall_s = clock.monotonic() - began_s
    return report


def _run_all(seeds: range, day_s: float, jobs: int) -> Iterator[YearReport]:
    if jobs <= 1:
        yield from (run_seed(seed, day_s) for seed in seeds)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(run_seed, seeds, [day_s] * len(seeds))


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

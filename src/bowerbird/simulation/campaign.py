"""Many worlds, one verdict: which promises broke, and whether everything that can happen has happened."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import ClassVar

from bowerbird.core.post import SECOND_US
from bowerbird.simulation.endings import Ending
from bowerbird.simulation.faults import CRASH_POINTS, FAULTS, FAULTS_MIN
from bowerbird.simulation.judge import judge
from bowerbird.simulation.report import TOLD_MAX, Findings
from bowerbird.simulation.sometimes import SOMETIMES, recoveries
from bowerbird.simulation.spread import bar, spread
from bowerbird.simulation.worlds import run_world

CHUNK = 20
"""Worlds that one process takes at a time."""
COMPLETE_FROM = 2_000
"""From this many worlds on, a fault, crash point or recovery that never happened fails the campaign."""


@dataclass(slots=True, kw_only=True)
class Report(Findings):
    """What a campaign of days found.

    Args:
        tame: seeds of worlds without a crash, or with fewer than five faults.
    """

    tame: list[int] = field(default_factory=list)

    ASKED: ClassVar = {
        "faults": FAULTS, "crash_points": dict.fromkeys(CRASH_POINTS, ""), "sometimes": dict.fromkeys(SOMETIMES, ""),
    }  # fmt: skip

    @property
    def large(self) -> bool:
        """True from two thousand worlds on."""
        return self.worlds >= COMPLETE_FROM

    @property
    def counts(self) -> bool:
        """True if there was a world, and none was tame."""
        return self.worlds > 0 and not self.tame

    def again(self, seed: int) -> str:
        """The command that lives one world again."""
        return f"bowerbird simulate --seed {seed} --story"

    def as_text(self) -> str:
        """The report for people, with the worlds that were too tame."""
        tame = [f"seed {seed}: too tame to count" for seed in sorted(self.tame)[:TOLD_MAX]]
        return "\n".join([*tame, Findings.as_text(self)])


def run_campaign(seeds: int, first: int = 0, jobs: int = 1) -> Report:
    """Run the worlds `first` to `first + seeds - 1` on `jobs` processes, with a bar where there is a terminal.

    1. Deal out the seeds in chunks, only as many ahead as there are processes.
    2. Add up what comes back, in whatever order: the sum does not depend on it.
    """
    report = Report(seed=first)
    chunks = [range(n, min(n + CHUNK, first + seeds)) for n in range(first, first + seeds, CHUNK)]
    with bar(seeds) as advance:
        for part in spread(run_chunk, chunks, jobs):
            report.add(part)
            advance(part.worlds)
    return report


def run_chunk(seeds: range) -> Report:
    """Run these worlds, in this process."""
    report, began_s = Report(seed=seeds.start), time.process_time()
    for seed in seeds:
        _count(report, run_world(seed))
    report.cpu_s = time.process_time() - began_s
    return report


def _count(report: Report, ending: Ending) -> None:
    report.worlds += 1
    report.simulated_s += (ending.ended_at - ending.began_at) / SECOND_US
    report.faults += ending.faults
    report.crash_points += ending.crashes
    report.sometimes.update(recoveries(ending))
    report.broken += [(ending.seed, violation) for violation in judge(ending)]
    if ending.faults.total() < FAULTS_MIN or not ending.crashes:
        report.tame.append(ending.seed)

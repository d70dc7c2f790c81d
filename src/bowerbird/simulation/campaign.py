"""Many worlds, one verdict: which promises broke, and whether everything that can happen has happened."""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bowerbird.core.post import SECOND_US
from bowerbird.simulation.endings import Ending
from bowerbird.simulation.faults import CRASH_POINTS, FAULTS, FAULTS_MIN
from bowerbird.simulation.judge import Violation, judge
from bowerbird.simulation.sometimes import SOMETIMES, recoveries
from bowerbird.simulation.worlds import run_world

CHUNK = 20
"""Worlds that one process takes at a time."""
COMPLETE_FROM = 2_000
"""From this many worlds on, a fault, crash point or recovery that never happened fails the campaign."""
TOLD_MAX = 20
"""Violations told in words; all are counted."""


@dataclass(slots=True, kw_only=True)
class Report:
    """What a campaign found.

    Args:
        seed: the first one; `worlds`: how many from there on.
        faults, crash_points: how often each happened; `sometimes`: in how many worlds each was reached.
        broken: (seed, violation), in the order of seeds.
        tame: seeds of worlds without a crash, or with fewer than five faults.
    """

    seed: int
    worlds: int = 0
    simulated_s: float = 0.0
    cpu_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    crash_points: Counter[str] = field(default_factory=Counter)
    sometimes: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[int, Violation]] = field(default_factory=list)
    tame: list[int] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Take in what another process found."""
        self.worlds += other.worlds
        self.simulated_s += other.simulated_s
        self.cpu_s += other.cpu_s
        self.faults += other.faults
        self.crash_points += other.crash_points
        self.sometimes += other.sometimes
        self.broken = sorted(self.broken + other.broken, key=lambda found: found[0])
        self.tame = sorted(self.tame + other.tame)

    @property
    def never(self) -> list[str]:
        """Faults, crash points and recoveries that never happened."""
        asked = ((FAULTS, self.faults), (CRASH_POINTS, self.crash_points), (SOMETIMES, self.sometimes))
        return [name for names, counted in asked for name in names if not counted[name]]

    @property
    def ok(self) -> bool:
        """True if nothing broke, every world was wild enough and, in a large campaign, nothing is missing."""
        complete = not self.never or self.worlds < COMPLETE_FROM
        return self.worlds > 0 and not self.broken and not self.tame and complete

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON values; its schema is in the documentation of `simulate`."""
        return {
            "worlds": self.worlds,
            "violations": len(self.broken),
            "faults": {name: self.faults[name] for name in FAULTS},
            "crash_points": {name: self.crash_points[name] for name in CRASH_POINTS},
            "sometimes": {name: self.sometimes[name] for name in SOMETIMES},
            "simulated_h": round(self.simulated_s / 3_600, 1),
            "runs_per_cpu_s": round(self.worlds / self.cpu_s, 1) if self.cpu_s else None,
            "seed": self.seed,
            "never": self.never,
            "broken": self.broken_in_words,
            "ok": self.ok,
        }

    def as_json(self) -> str:
        """The report as one line."""
        return json.dumps(self.as_dict())

    def as_text(self) -> str:
        """The report for people: what broke and how to see it again, what happened how often."""
        lines = self.broken_in_words + [f"seed {seed}: too tame to count" for seed in self.tame[:TOLD_MAX]]
        lines += _table("faults", FAULTS, self.faults)
        lines += _table("crashes", CRASH_POINTS, self.crash_points)
        lines += _table("recoveries, in worlds", SOMETIMES, self.sometimes)
        lines.append(
            f"{self.worlds} worlds, {self.simulated_s / 3_600:.0f} simulated hours, "
            f"{len(self.broken)} violations, {self.worlds / max(self.cpu_s, 1e-9):.0f} worlds per CPU second"
        )
        return "\n".join(lines)

    @property
    def broken_in_words(self) -> list[str]:
        """What broke, each with the command that shows it again; the first `TOLD_MAX`."""
        return [
            f"seed {seed}: {v.rule}: {v.subject} {v.sentence}; again: bowerbird simulate --seed {seed} --story"
            for seed, v in self.broken[:TOLD_MAX]
        ]


def _table(title: str, names: dict[str, Any] | tuple[str, ...], counted: Counter[str]) -> list[str]:
    return [f"{title}:", *(f"  {counted[name]:7} {name}" for name in names)]


def run_campaign(seeds: int, first: int = 0, jobs: int = 1) -> Report:
    """Run the worlds `first` to `first + seeds - 1` on `jobs` processes, with a bar where there is a terminal.

    1. Deal out the seeds in chunks, only as many ahead as there are processes.
    2. Add up what comes back, in whatever order: the sum does not depend on it.
    """
    report = Report(seed=first)
    chunks = [range(n, min(n + CHUNK, first + seeds)) for n in range(first, first + seeds, CHUNK)]
    with _bar(seeds) as advance:
        for part in _run_all(chunks, jobs):
            report.add(part)
            advance(part.worlds)
    return report


def _run_all(chunks: list[range], jobs: int) -> Iterator[Report]:
    if jobs <= 1:
        yield from (run_chunk(chunk) for chunk in chunks)
        return
    waiting, running = iter(chunks), set[Future[Report]]()
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        while True:
            while len(running) < 2 * jobs and (chunk := next(waiting, None)) is not None:
                running.add(pool.submit(run_chunk, chunk))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


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


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    """Show how far the campaign is, on stderr, if somebody can see it."""
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        yield lambda worlds: None
        return
    columns = (TextColumn("worlds"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("worlds", total=total)
        yield lambda worlds: progress.advance(task, worlds)

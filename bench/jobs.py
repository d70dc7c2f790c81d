"""What it costs to run jobs on time, against APScheduler: ``python -m bench.jobs [--json]``.

40 jobs that do nothing run once a second each, on a SQLite file, first on one side and then on the other, in a process
of their own, again and again until each side has had its time.

* Ours: the embedded runner with a lease on every run (a transaction before it), every run recorded, the watch over the
  timers and the snapshot for the page. APScheduler: `AsyncIOScheduler` with `SQLAlchemyJobStore`, which writes each
  job's next run and keeps no record of runs.
* Both: write-ahead log and ``synchronous=FULL``, so what is committed survives a power cut; the same period and the
  same offsets within it; the work is one line that looks at the clock.
* Lateness is from the instant a run was meant for to the instant its work begins. CPU is the whole process's, after
  the first seconds, per 1,000 runs.

APScheduler is none of what Bowerbird needs to run; `make anchors` brings it for the bench.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.report import Anchor, Row, report
from bowerbird.clock import SeededChance, SystemClock
from bowerbird.jobs.health import monitors
from bowerbird.jobs.monitors import Supervisor
from bowerbird.jobs.runner import Runner, Work
from bowerbird.jobs.table import Job
from bowerbird.storage.sqlite import SqliteStorage

RATIO_MAX = 1.0
JOBS = 40
PERIOD_S = 1.0
WARM_S = 2.0
"""Seconds at the beginning of a turn that are not counted."""
SEED = 7
SIDES = ("ours", "theirs")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedJob(Job):
    """A job whose runs are all claimed, however often it looks."""

    @property
    def claimed(self) -> bool:
        """Always."""
        return True


class Stopwatch:
    """Collects how late each run began, in seconds, and the CPU that was used meanwhile."""

    def __init__(self) -> None:
        self.late_s: list[float] = []
        self._on = False
        self._cpu = 0.0

    def tick(self, late_s: float) -> None:
        """Note one run."""
        if self._on:
            self.late_s.append(late_s)

    async def measure(self, seconds: float) -> dict[str, Any]:
        """Wait until all is warm, then measure for so long."""
        await asyncio.sleep(WARM_S)
        self._on, self._cpu = True, time.process_time()
        await asyncio.sleep(seconds)
        self._on, cpu_s = False, time.process_time() - self._cpu
        return {"late_s": self.late_s, "cpu_s": cpu_s}


WATCH = Stopwatch()
_PHASES: list[float] = []


async def tick(number: int) -> None:
    """The work of a job of APScheduler, which finds it by this name: look how late it is."""
    WATCH.tick((time.time() - _PHASES[number]) % PERIOD_S)


def offsets() -> list[float]:
    """When each job runs first, in seconds from the start: the runner's own draws, for both sides."""
    spread = SeededChance(SEED).stream("start")
    return [spread.uniform(0, min(PERIOD_S, 1.0)) for _ in range(JOBS)]


async def ours(folder: Path, seconds: float) -> dict[str, Any]:
    """Measure the embedded runner."""
    clock = SystemClock()
    books = await SqliteStorage.open(folder / "books.db", key_file=folder / "key", clock=clock, engine=True)
    lane = ("posting", "settling", "reading", "thinking")
    jobs = [
        LeasedJob(name=f"job-{n}", every_s=PERIOD_S, lane=lane[n % 4], timeout_s=30, why="Looks how late it is.")
        for n in range(JOBS)
    ]

    def work(name: str) -> Work:
        async def look() -> bool:
            WATCH.tick(time.monotonic() - runner.pulses[name].next_slot)
            return False

        return look

    runner = Runner(jobs, {job.name: work(job.name) for job in jobs}, books, clock, SeededChance(SEED), "bench")
    supervisor = Supervisor(monitors(lambda: runner), clock, runner.book.keep)
    watching, running = asyncio.create_task(supervisor.run()), asyncio.create_task(runner.run())
    measured = await WATCH.measure(seconds)
    runner.stop()
    await running
    watching.cancel()
    measured["recorded"] = sum(pulse.ended.total() for pulse in runner.pulses.values())
    await books.close()
    return measured


async def theirs(folder: Path, seconds: float) -> dict[str, Any]:
    """Measure APScheduler."""
    import sqlalchemy as sa
    from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    engine = sa.create_engine(f"sqlite:///{folder / 'jobs.db'}")
    sa.event.listen(engine, "connect", _durable)
    scheduler = AsyncIOScheduler(timezone=UTC)
    scheduler.add_jobstore(SQLAlchemyJobStore(engine=engine))
    start = time.time() + 0.5
    _PHASES.extend(start + offset for offset in offsets())
    for n, phase in enumerate(_PHASES):
        scheduler.add_job(
            "bench.jobs:tick", "interval", args=(n,), id=f"job-{n}", seconds=PERIOD_S,
            start_date=datetime.fromtimestamp(phase, UTC), coalesce=True, misfire_grace_time=60,
        )  # fmt: skip
    scheduler.start()
    measured = await WATCH.measure(seconds)
    scheduler.shutdown()
    engine.dispose()
    return measured


def _durable(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def main() -> int:
    """Measure both sides, print them, and return 0 if every bar holds."""
    asked = _arguments().parse_args()
    if asked.side:
        with tempfile.TemporaryDirectory(prefix="bowerbird-bench-") as folder:
            measure = ours if asked.side == "ours" else theirs
            print(json.dumps(asyncio.run(measure(Path(folder), asked.seconds / asked.turns))))
        return 0
    try:
        anchor = version("apscheduler")
    except PackageNotFoundError:
        print("APScheduler is not installed: run make anchors", file=sys.stderr)
        return 2
    found: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for turn in range(asked.turns):
        for side in SIDES if turn % 2 == 0 else reversed(SIDES):
            found[side].append(_turn(side, asked.seconds, asked.turns))
    rows = [
        _row("dispatch lateness p99", "ms", found, _late_ms, anchor),
        _row("CPU per 1,000 runs", "ms", found, _cpu_ms, anchor),
    ]
    figures = {"lateness_p99_ratio": rows[0].ratio, "cpu_ratio": rows[1].ratio}
    return report("jobs", rows, as_json=asked.json, seed=SEED, figures=figures)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("bench.jobs", description="What it costs to run jobs on time.")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--seconds", type=float, default=30.0, help="measured seconds per side")
    parser.add_argument("--turns", type=int, default=5, help="turns into which they are divided")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    return parser


def _turn(side: str, seconds: float, turns: int) -> dict[str, Any]:
    """Let one side run, in a process of its own."""
    start = "import sys; from bench.jobs import main; sys.exit(main())"  # not -m: `tick` must be found by its name
    command = [sys.executable, "-c", start, "--side", side, "--seconds", str(seconds), "--turns", str(turns)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    measured: dict[str, Any] = json.loads(told.splitlines()[-1])
    return measured


def _row(
    name: str, unit: str, found: dict[str, list[dict[str, Any]]], of: Callable[[dict[str, Any]], float], anchor: str
) -> Row:
    mine, held = (statistics.median(of(turn) for turn in found[side]) for side in SIDES)
    ratio = mine / held
    runs = sum(len(turn["late_s"]) for turn in found["ours"])
    return Row(
        name=name, value=mine, unit=unit, bar=RATIO_MAX, ok=ratio <= RATIO_MAX, n=runs,
        anchor=Anchor(name="APScheduler", version=anchor, value=held), ratio=ratio,
    )  # fmt: skip


def _late_ms(turn: dict[str, Any]) -> float:
    late = sorted(turn["late_s"])
    return float(late[math.ceil(0.99 * len(late)) - 1] * 1000)


def _cpu_ms(turn: dict[str, Any]) -> float:
    return float(turn["cpu_s"] / len(turn["late_s"]) * 1_000_000)


if __name__ == "__main__":
    sys.exit(main())

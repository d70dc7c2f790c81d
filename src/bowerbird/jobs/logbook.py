"""Write down how runs went: together, at most once a second, and no more than is worth a line.

* A run that was claimed has a row already; its end is always written. A crash in the second before that leaves the
  row as running, and the next process writes that it was cut off: at worst a run that ended is called cut off.
* Whatever found nothing, or failed once more, is written once a minute, and no more than ten such lines a minute.
* What the books refuse is kept, bounded, and goes with the next write that they take.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bowerbird.core.books import Batch, Lost, Recorder
from bowerbird.core.errors import BowerbirdError
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Clock
from bowerbird.core.work import Outcome, Run
from bowerbird.jobs.table import Job

QUIET_S = 60.0
"""A run that found nothing to do, or failed once more, is written at most this often per job."""
FAILURES_TOLD = 3
"""So many failed runs in a row are written one by one."""
LINES_MAX = 10
"""Runs in which nothing was done, written per job and minute: so many has a job that fails every other time."""
TOGETHER_S = 1.0
"""Runs that end within this time are written in one transaction."""
KEPT_MAX = 500
"""Runs, and facts, kept while the books cannot be written; the oldest go first."""
RECALLED = 300
"""Runs of earlier processes that are looked at when the first line is written."""


class Books(Recorder, Protocol):
    """What the runner needs of the storage."""

    async def claim_run(self, run: Run) -> bool:
        """Write the start of a run; False if this job, scope and slot has one already."""

    async def runs(self, *, job: str = "", limit: int = 100) -> list[Run]:
        """Runs, newest first."""


@dataclass(slots=True)
class Lines:
    """What was written of one job lately: how it ended and when, and how many lines since when (monotonic seconds)."""

    outcome: Outcome | None = None
    last: float = -math.inf
    minute: float = -math.inf
    count: int = 0


@dataclass
class Logbook:
    """Collects runs and facts, and writes them.

    Args:
        owner: the process that writes; rows of others that are still running were cut off.
    """

    storage: Books
    clock: Clock
    owner: str
    error: str = ""
    _runs: deque[Run] = field(default_factory=lambda: deque(maxlen=KEPT_MAX))
    _facts: deque[Fact] = field(default_factory=lambda: deque(maxlen=KEPT_MAX))
    _lines: dict[str, Lines] = field(default_factory=dict)
    _written: float = -math.inf
    _recalled: bool = False
    _writing: bool = False

    def add(self, run: Run, *, failures: int, claimed: bool) -> None:
        """Take a run that ended, if it is worth a line; the first failure in a row is a fact besides."""
        ended_at = run.ended_at or run.started_at
        first = run.outcome is Outcome.FAILED and failures == 1
        if self._worth(run, failures, claimed=claimed):
            self._runs.append(run)
            if first:
                data = {"error": run.error, "attempt": run.attempt}
                self._facts.append(Fact(kind="job_failed", at=ended_at, by=run.job, data=data))

    def note(self, kind: str, job: Job, **data: Any) -> None:
        """Take a fact about a job; it is written within about a second."""
        self._facts.append(Fact(kind=kind, at=self.clock.now(), by="jobs", data={"job": job.name, **data}))

    def take(self, fact: Fact) -> None:
        """Take a fact about something else than a job; it is written within about a second."""
        self._facts.append(fact)

    async def keep(self, fact: Fact) -> None:
        """Take a fact, as the supervisor gives it; never fails."""
        self.take(fact)

    def due(self) -> bool:
        """True if something waits, and the last write was long enough ago."""
        waits = bool(self._runs or self._facts)
        return waits and not self._writing and self.clock.monotonic() - self._written >= TOGETHER_S

    async def write(self) -> list[Run]:
        """Write everything that waits, in one transaction; return runs of earlier processes, the first time.

        Never raises: what the books refuse stays, and `error` says why.
        """
        self._writing = True
        try:
            earlier = [] if self._recalled else await self._recall()
            await self._write(tuple(self._runs), tuple(self._facts))
            self.error = ""
            return earlier
        except BowerbirdError as error:
            self.error = str(error)
            return []
        finally:
            self._writing, self._written = False, self.clock.monotonic()

    async def _write(self, runs: tuple[Run, ...], facts: tuple[Fact, ...]) -> None:
        if not runs and not facts:
            return
        if isinstance(await self.storage.record(Batch(runs=runs, facts=facts)), Lost):
            # One of them has a slot that somebody else has run: that one is left out, the others are true all the same.
            for run in runs:
                await self.storage.record(Batch(runs=(run,)))
            await self.storage.record(Batch(facts=facts))
        written = {id(each) for each in (*runs, *facts)}
        for kept in (self._runs, self._facts):
            while kept and id(kept[0]) in written:
                kept.popleft()

    async def _recall(self) -> list[Run]:
        now = self.clock.now()
        earlier = [run for run in await self.storage.runs(limit=RECALLED) if run.owner != self.owner]
        cut = {
            run.id: replace(run, outcome=Outcome.CUT_OFF, ended_at=now, error="its process ended")
            for run in earlier
            if run.outcome is Outcome.RUNNING
        }
        if cut:
            await self.storage.record(Batch(runs=tuple(cut.values())))
        self._recalled = True
        return [cut.get(run.id, run) for run in earlier]

    def _worth(self, run: Run, failures: int, *, claimed: bool) -> bool:
        """Tell whether a run is worth a line, and count it if so.

        1. Nothing done, or failed once more: once a minute is enough. 2. Whatever else is empty: ten times a minute.
        """
        now, lines = self.clock.monotonic(), self._lines.get(run.job)
        if lines is None:
            lines = self._lines[run.job] = Lines()
        if now - lines.minute >= QUIET_S:
            lines.minute, lines.count = now, 0
        again = failures > FAILURES_TOLD if run.outcome is Outcome.FAILED else run.units == 0
        same = again and lines.outcome is run.outcome and now - lines.last < QUIET_S
        if not claimed and (same or (run.units == 0 and lines.count >= LINES_MAX)):
            return False
        lines.count += 1
        lines.outcome, lines.last = run.outcome, now
        return True

"""How one job is, in memory: for the heartbeat's reason, the numbers, the graph and the page.

Ages are monotonic seconds, so that a step of the wall clock makes nothing old; `*_at` are UTC microseconds, for people.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from bowerbird.core.gauge import Sample
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Outcome, Run
from bowerbird.jobs.table import Job

STILL_S = 45.0
"""Work that gives no sign of life for so long, or for as long as it said, stands still, in seconds: every call that it
makes is such a sign and stands under a deadline, so only what waits for nothing that can end is silent for longer."""
BARS = 30
"""Runs shown as heartbeat bars."""
WINDOW = 100
"""Runs from which quantiles and the share of good ones are taken."""


class Bar(NamedTuple):
    """One run as the page shows it: when it ended (microseconds), how, and how long it took in seconds."""

    at: int
    outcome: Outcome
    seconds: float
    units: int = 0


@dataclass(slots=True)
class Lately:
    """How long something took in the last runs, seconds."""

    values: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _ordered: list[float] | None = None

    def add(self, value: float) -> None:
        """Take in one more; the oldest goes when there are too many."""
        self.values.append(value)
        self._ordered = None

    def quantile(self, share: float) -> float | None:
        """So long at most did this share of them take, by nearest rank; None before the first."""
        if not self.values:
            return None
        if self._ordered is None:  # asked every second, and changed by a run that ends
            self._ordered = sorted(self.values)
        return self._ordered[min(len(self._ordered) - 1, int(share * len(self._ordered)))]


@dataclass(slots=True)
class Pulse:
    """One job.

    Args:
        born: since when it is watched; next_slot: when it is due (both monotonic seconds).
        woke: when the machine last woke from sleep: nobody is late for what it slept through (monotonic seconds).
        waiting, busy: since when it waits for a seat, or works; None if it does not.
        good: end of its last good run, None before the first; good_at: the same on the wall clock.
        last_at: end of its last run. slot_at: the slot of its newest run, rising also if the wall steps back.
        failures: failed runs in a row; failing_at: when the first of them began; error: what went wrong last.
        late_why: why its next run will be late, where somebody knows; missed: slots counted for the run under way.
        lateness_s, duration_s: of the last run. durations, delays: how long the last ones took, how late they began.
        ended: runs by how they ended. skips: slots that were skipped, by reason, all and since they were told.
        revived: how often its timer was started again. strays: pieces that would not end.
        overdue_at: when it was first seen overdue (monotonic), None while it is not. blocked_by, blocked_at: what its
            graph said last.
        still: since when its work has stood still, as far as anybody knows; None once a piece has ended by itself.
        quiet_until: so long its silence means nothing (both monotonic seconds). hung: a piece was cut off that had
            stood still, and none has ended by itself since. cut: the piece at work was told to let go.
        told: the numbers that were last made of it, and what they were made from.
    """

    born: float = 0.0
    next_slot: float = 0.0
    woke: float = float("-inf")
    waiting: float | None = None
    busy: float | None = None
    good: float | None = None
    good_at: int | None = None
    last_at: int | None = None
    slot_at: int = 0
    failures: int = 0
    failing_at: int | None = None
    error: str = ""
    late_why: str = ""
    missed: int = 0
    rung: bool = False
    lateness_s: float | None = None
    duration_s: float | None = None
    ended: Counter[Outcome] = field(default_factory=Counter)
    skips: Counter[str] = field(default_factory=Counter)
    untold: Counter[str] = field(default_factory=Counter)
    skips_told: float | None = None
    skipped_why: str = ""
    revived: int = 0
    strays: int = 0
    overdue_at: float | None = None
    overdue_told: bool = False
    blocked_by: str = ""
    blocked_at: int | None = None
    still: float | None = None
    quiet_until: float = 0.0
    hung: bool = False
    cut: bool = False
    bars: deque[Bar] = field(default_factory=lambda: deque(maxlen=BARS))
    durations: Lately = field(default_factory=Lately)
    delays: Lately = field(default_factory=Lately)
    went_well: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))
    told: tuple[tuple[object, ...], list[Sample]] | None = None

    def record(self, run: Run, *, now: float, took_s: float) -> None:
        """Take in a run that has just ended."""
        ended_at = run.ended_at or run.started_at
        good = run.outcome is Outcome.DONE
        self.last_at, self.duration_s, self.error = ended_at, took_s, run.error
        self.ended[run.outcome] += 1
        self.bars.append(Bar(ended_at, run.outcome, took_s, run.units))
        self.durations.add(took_s)
        if self.lateness_s is not None:
            self.delays.add(self.lateness_s)
        self.went_well.append(good)
        self.overdue_at, self.overdue_told, self.skipped_why = None, False, ""
        if good:
            self.good, self.good_at, self.failures, self.failing_at = now, ended_at, 0, None
        else:
            self.failures += 1
            self.failing_at = self.failing_at or run.started_at

    def recall(self, run: Run) -> None:
        """Take in a run of an earlier process, newest first."""
        if len(self.bars) < BARS and run.ended_at is not None:
            seconds = (run.ended_at - run.started_at) / SECOND_US
            self.bars.appendleft(Bar(run.ended_at, run.outcome, seconds, run.units))

    def skip(self, why: str, slots: int) -> None:
        """Count slots that nobody will run."""
        self.ended[Outcome.SKIPPED] += slots
        self.skips[why] += slots
        self.untold[why] += slots

    # --- whether its work moves -----------------------------------------------------------------------------

    def begin(self, now: float) -> None:
        """A piece begins; where the one before it hung, this one has to show that it does not."""
        self.cut, self.quiet_until = False, now + STILL_S
        self.still = now if self.still is None else self.still

    def move(self, now: float, quiet_s: float = 0.0) -> None:
        """The piece gave a sign of life, and its next one may take so many seconds."""
        self.quiet_until = max(self.quiet_until, now + max(STILL_S, quiet_s + 1.0))
        if self.still is not None and not self.hung:
            self.still = now

    def end(self, now: float, *, cut_off: bool, timeout_s: float) -> None:
        """A piece ended: by itself, or cut off because it stood still, or merely because it had much to do."""
        still_s = 0.0 if self.still is None else now - self.still
        self.hung = cut_off and (self.hung or self.cut or still_s >= timeout_s / 2)
        self.still = self.still if self.hung else None

    def silent(self, now: float) -> bool:
        """True if the piece at work should have given a sign of life by now."""
        return self.busy is not None and self.still is not None and now >= self.quiet_until

    def stuck_s(self, now: float) -> float:
        """For how long its work has stood still, in seconds, once that is `STILL_S` and it should not; else 0.

        Pieces that are cut off and begun anew change nothing, until one of them ends by itself.
        """
        still_s = 0.0 if self.still is None else now - self.still
        return still_s if still_s >= STILL_S and (self.hung or now >= self.quiet_until) else 0.0

    def overdue_s(self, job: Job, now: float) -> float:
        """How long it is past its slot, in seconds, once that is more than its slack; else 0. Work is no delay."""
        late = now - max(self.next_slot, self.woke)
        return late if self.busy is None and late > job.slack_s else 0.0

    def stale(self, job: Job, now: float) -> bool:
        """True if its last good run is too old for those that live on it, and it is not merely resting."""
        trouble = self.failures > 0 or self.overdue_s(job, now) > 0 or bool(self.skipped_why)
        since = self.born if self.good is None else self.good
        return trouble and now - since > job.serves_s

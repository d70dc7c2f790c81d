"""Random schedules before the seats of the browsers: nobody waits longer than is proved, and due posts go first.

1. A schedule draws seats, how long a lease may last, and who comes when, for what and for whom; some are mean: posts
   without end, one account for everything, leases that all last as long as they may, people who leave the line.
2. It is played against the real `Line`, in time that costs nothing.
3. Each wait is held against the bound of its docstring, and each turn against the rule that due posts go first.
4. Beside them, an hour of 100 jobs on 3 seats, in which posts are due: none may be late.
"""

from __future__ import annotations

import heapq
import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import count

from bowerbird.browsers.line import BEHIND_S, CLASSES, FLOOR, TURNS, URGENT, Cls, Line, TurnedAway, Waiting, bound_s
from bowerbird.clock import SeededChance
from bowerbird.simulation.spread import bar, spread

CHUNK = 1_000
"""Schedules in one piece of work."""
LATE_S = 30.0
"""A post that waits so long for a seat is late, seconds: it is to be out within its minute."""
POST_S, JOB_S = 4.0, 60.0
"""How long leases last at most in that hour, seconds."""
HOUR_S = 3_600.0
JOBS, SEATS = 100, 3
BACKGROUND = tuple(cls for cls in CLASSES if cls not in URGENT)
ADDED = ("schedules", "requests", "violations", "turned_away", "left", "late_posts", "posts", "runs_by_jobs")
"""What is added up over several schedules; of the rest the largest counts."""
TOLD_MAX = 5
"""So many violations are told in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asks:
    """Somebody who comes.

    Args:
        at: when, seconds. `lasts_s`: how long the lease will be. `leaves_s`: how long it waits at most.
    """

    at: float
    cls: Cls
    key: str
    lasts_s: float
    leaves_s: float


@dataclass(slots=True)
class Tally:
    """What was seen."""

    schedules: int = 0
    requests: int = 0
    violations: int = 0
    turned_away: int = 0
    left: int = 0
    nearest: float = 0.0
    late_posts: int = 0
    longest_post_s: float = 0.0
    posts: int = 0
    runs_by_jobs: int = 0
    told: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take over what somebody else saw."""
        for name in (
            "schedules",
            "requests",
            "violations",
            "turned_away",
            "left",
            "late_posts",
            "posts",
            "runs_by_jobs",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.nearest = max(self.nearest, other.nearest)
        self.longest_post_s = max(self.longest_post_s, other.longest_post_s)
        self.told = [*self.told, *other.told][:TOLD_MAX]


def drawn(rng: random.Random) -> tuple[int, float, list[Asks]]:
    """Draw a schedule: seats, the longest lease in seconds, and who comes, in order."""
    seats, longest_s = rng.randint(1, 6), rng.choice((1.0, 10.0, 60.0))
    keys = rng.choice((1, 3, 10, 1_000))
    weights = rng.choice(((1, 1, 1, 1, 1), (20, 1, 1, 1, 1), (1, 20, 1, 1, 1), (1, 0, 0, 5, 5), (30, 0, 0, 0, 1)))
    gap_s = longest_s / seats * rng.choice((0.2, 0.9, 1.5))
    full, impatient = rng.random() < 0.3, rng.random() < 0.3
    at, found = 0.0, []
    for _ in range(rng.randint(20, 80)):
        at += 0.0 if rng.random() < 0.2 else rng.expovariate(1.0) * gap_s
        found.append(
            Asks(
                at=at,
                cls=rng.choices(CLASSES, weights)[0],
                key=str(rng.randrange(keys)),
                lasts_s=longest_s if full else rng.uniform(0.01, 1.0) * longest_s,
                leaves_s=rng.uniform(0.0, 20 * longest_s) if impatient and rng.random() < 0.3 else float("inf"),
            )
        )
    return seats, longest_s, found


@dataclass
class Play:
    """One schedule, played to its end."""

    seats: int
    longest_s: float
    seed: str
    tally: Tally
    _line: Line = field(init=False)
    _events: list[tuple[float, int, str, object]] = field(default_factory=list)
    _order: count[int] = field(default_factory=count)
    _asks: dict[int, Asks] = field(default_factory=dict)
    _own: dict[int, int] = field(default_factory=dict)
    _waiting: dict[int, Waiting] = field(default_factory=dict)
    _over: int = 0

    def __post_init__(self) -> None:
        self._line = Line(self.seats)

    def run(self, asks: Sequence[Asks]) -> None:
        """Play it; whoever stays must have had a turn at the end."""
        for each in asks:
            self._put(each.at, "comes", each)
        while self._events:
            at, _, kind, what = heapq.heappop(self._events)
            getattr(self, f"_{kind}")(at, what)
            while (turn := self._line.call(now=at)) is not None:
                self._goes(at, turn)
        if self._waiting:
            self._broken(f"{len(self._waiting)} never had a turn")

    def _put(self, at: float, kind: str, what: object) -> None:
        heapq.heappush(self._events, (at, next(self._order), kind, what))

    def _comes(self, at: float, asks: Asks) -> None:
        self.tally.requests += 1
        try:
            waiting = self._line.admit(asks.cls, asks.key, now=at, wait_s=float("inf"))
        except TurnedAway:
            self.tally.turned_away += 1
            return
        self._asks[waiting.number], self._waiting[waiting.number] = asks, waiting
        self._own[waiting.number] = sum(each.key == asks.key for each in self._line.sitting.values())
        if asks.leaves_s < float("inf"):
            self._put(at + asks.leaves_s, "leaves", waiting)

    def _leaves(self, at: float, waiting: Waiting) -> None:
        if self._waiting.pop(waiting.number, None) is not None:
            self.tally.left += 1
            self._line.leave(waiting)

    def _ends(self, at: float, waiting: Waiting) -> None:
        self._line.done(waiting, now=at)

    def _goes(self, at: float, waiting: Waiting) -> None:
        del self._waiting[waiting.number]
        allowed = bound_s(waiting.ahead, self.seats, self.longest_s, self._own[waiting.number])
        waited = at - waiting.since
        self.tally.nearest = max(self.tally.nearest, waited / allowed)
        if waited > allowed + 1e-6:
            self._broken(f"{waiting.cls} waited {waited:.1f} s, and {allowed:.1f} s are proved")
        self._first(waiting)
        for each in self._waiting.values():
            self._own[each.number] += each.key == waiting.key
        self._put(at + self._asks[waiting.number].lasts_s, "ends", waiting)

    def _first(self, waiting: Waiting) -> None:
        """Of those who came after a post's own turn, at most the four other classes that are owed one go before it."""
        sitting = {each.key for each in self._line.sitting.values()}
        due = [each.since for each in self._waiting.values() if each.cls is Cls.POST and each.key not in sitting]
        over = due and waiting.since + BEHIND_S[waiting.cls] > min(due)
        self._over = self._over + 1 if over and waiting.cls is not Cls.POST else 0
        if self._over > TURNS - FLOOR:
            self._broken(f"{self._over} in a row went before a post that was due")

    def _broken(self, why: str) -> None:
        self.tally.violations += 1
        if len(self.tally.told) < TOLD_MAX:
            self.tally.told.append(f"schedule {self.seed}: {why}")


@dataclass
class Hour:
    """An hour of 100 jobs that come again and again, on 3 seats, with a post each ten seconds or so."""

    rng: random.Random
    tally: Tally
    _line: Line = field(default_factory=lambda: Line(SEATS))
    _events: list[tuple[float, int, Cls, str, Waiting | None]] = field(default_factory=list)
    _order: count[int] = field(default_factory=count)

    def run(self) -> None:
        """Live it."""
        at = 0.0
        while (at := at + self.rng.expovariate(0.1)) < HOUR_S:
            self._put(at, Cls.POST, f"account{self.rng.randrange(50)}")
        for job in range(JOBS):
            self._put(self.rng.uniform(0.0, 30.0), BACKGROUND[job % len(BACKGROUND)], f"job{job}")
        while self._events:
            at, _, cls, key, done = heapq.heappop(self._events)
            if done is None:
                self._line.admit(cls, key, now=at, wait_s=float("inf"))
            else:
                self._line.done(done, now=at)
                if cls not in URGENT and at < HOUR_S:
                    self._put(at + self.rng.uniform(0.0, 30.0), cls, key)
            while (turn := self._line.call(now=at)) is not None:
                self._goes(at, turn)

    def _put(self, at: float, cls: Cls, key: str, done: Waiting | None = None) -> None:
        heapq.heappush(self._events, (at, next(self._order), cls, key, done))

    def _goes(self, at: float, turn: Waiting) -> None:
        longest_s = POST_S if turn.cls is Cls.POST else JOB_S
        self._put(at + self.rng.uniform(0.5, longest_s), turn.cls, turn.key, turn)
        if turn.cls is not Cls.POST:
            self.tally.runs_by_jobs += 1
            return
        self.tally.posts += 1
        self.tally.longest_post_s = max(self.tally.longest_post_s, at - turn.since)
        self.tally.late_posts += at - turn.since > LATE_S


def play(first: int, many: int) -> Tally:
    """Play so many schedules, from this seed on, and one hour of jobs with them."""
    tally = Tally()
    Hour(SeededChance(f"hour/{first}").stream("jobs"), tally).run()
    for seed in range(first, first + many):
        seats, longest_s, asks = drawn(SeededChance(f"schedule/{seed}").stream("people"))
        Play(seats, longest_s, str(seed), tally).run(asks)
        tally.schedules += 1
    return tally


def run_schedules(schedules: int, first: int = 0, jobs: int = 1) -> Report:
    """Play them all, on so many processes."""
    pieces = [(at, min(CHUNK, first + schedules - at)) for at in range(first, first + schedules, CHUNK)]
    total, cpu_s = Tally(), 0.0
    with bar(schedules) as advance:
        for tally, took_s in spread(_timed, pieces, jobs):
            total.add(tally)
            cpu_s += took_s
            advance(tally.schedules)
    return Report(total, seed=first, runs_per_cpu_s=round(schedules / max(cpu_s, 1e-9), 1))


def _timed(piece: tuple[int, int]) -> tuple[Tally, float]:
    began = time.process_time()
    return play(*piece), time.process_time() - began


@dataclass(frozen=True, slots=True)
class Report:
    """What all schedules came to."""

    tally: Tally
    seed: int
    runs_per_cpu_s: float

    @property
    def ok(self) -> bool:
        """No wait beyond the bound, and no post late; with waits near enough to the bound to say something."""
        return self.tally.violations == 0 and self.tally.late_posts == 0

    def as_json(self) -> str:
        """One line for machines."""
        seen = asdict(self.tally)
        seen["nearest"] = round(seen["nearest"], 3)
        seen["longest_post_s"] = round(seen["longest_post_s"], 2)
        line = {**seen, "jobs": JOBS, "seats": SEATS, "runs_per_cpu_s": self.runs_per_cpu_s, "seed": self.seed}
        return json.dumps({**line, "ok": self.ok})

    def as_text(self) -> str:
        """A few lines for people."""
        seen = self.tally
        jobs = f"{JOBS} jobs on {SEATS} seats: {seen.posts:,} posts, {seen.late_posts} of them late"
        lines = [
            f"{seen.schedules:,} schedules before the browsers' seats, {seen.requests:,} leases asked for.",
            f"Longest wait: {seen.nearest:.0%} of what is proved. Beyond it: {seen.violations}.",
            f"{jobs}; the longest waited {seen.longest_post_s:.1f} s.",
            *seen.told,
        ]
        return "\n".join(lines)

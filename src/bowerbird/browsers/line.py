"""The line before the seats: who goes next, who is turned away at once, and how long anybody can wait. Pure.

Rule 1: whoever waits has a rank, the instant at which it came plus `BEHIND_S` of its class; the smallest goes first.
        So a post overtakes a reply that came within the last 15 seconds, and background work of ten minutes.
Rule 2: a class of which somebody could have gone `FLOOR` - 1 times, and did not, is owed the next seat: a stream of
        posts without end starves nobody.
Rule 3: an account sits on one seat at a time; whoever wants a second one waits, and keeps nobody else.
Rule 4: where there are two seats or more, one is kept from the background (verify, metrics, harvest): a post that is
        due never waits for background work alone.
Rule 5: who cannot have his turn in time, as things usually go, is told so at once, with the reason. What is usual is
        told by leases that ended well: one that was cut off tells how patient somebody was, and would turn away all
        who are as patient. And as nothing is learned from who is turned away, each `FLOOR`th in a row is let in.
Rule 6: spare work (drawing cards, reading pages for a bank) is background that is owed nothing: it has a seat that
        nobody else could take now, or none, and gives it up for who is urgent.

**The bound**, for everybody but spare work. Let K seats work, B = max(1, K - 1), and let no lease last longer than S
seconds. Who comes when n of its own class wait waits W = ceil((n + 1) * G / B) * S at most, where G = `FLOOR` + 4, and
2 * S more for each lease of its own account that begins meanwhile or is under way when it comes. For

* in every S seconds in which it could go but does not, at least B seats are given to others that it could have had:
  all leases end within S, and each end gives a seat that it could have, unless the background has its K - 1 already,
  and then those K - 1 end as well;
* of any G such seats its class gets one: after `FLOOR` - 1 it is owed, and the four other classes, each owed before
  it at most once (none is owed twice within so few), go before it;
* within a class nobody overtakes, so its turn is the (n + 1)th of its class at the latest;
* a lease of its own account takes S, and breaks one stretch of S in which seats were counted;
* spare work is given no seat while anybody else could have it; what it has when somebody comes ends within S, too.

``bowerbird simulate --schedules 100000`` holds this bound against random schedules.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Cls(StrEnum):
    """What a lease is for, most urgent first."""

    POST = "post"
    REPLY = "reply"
    VERIFY = "verify"
    METRICS = "metrics"
    HARVEST = "harvest"
    SPARE = "spare"


CLASSES = tuple(cls for cls in Cls if cls is not Cls.SPARE)
"""Classes for which the bound holds."""
URGENT = frozenset({Cls.POST, Cls.REPLY})
"""Classes that may take every seat."""
BEHIND_S = {Cls.POST: 0.0, Cls.REPLY: 15.0, Cls.VERIFY: 600.0, Cls.METRICS: 615.0, Cls.HARVEST: 630.0,
            Cls.SPARE: math.inf}  # fmt: skip
"""So many seconds longer a class must have waited to go before a post."""
FLOOR = 8
"""Of so many seats that it could have, a class that waits gets one."""
TURNS = FLOOR + len(CLASSES) - 1
"""The G of the bound: of so many seats that it could have, a class that waits gets one, whoever else is owed."""
DEPTH_MAX = 64
"""So many of one class wait at most."""
LASTED_MAX = 50
"""Leases of each class from which is told how long one usually lasts."""

CLASS_OF = {
    "publish": Cls.POST, "delete": Cls.POST, "reply": Cls.REPLY, "resolve": Cls.VERIFY, "own_posts": Cls.VERIFY,
    "whoami": Cls.VERIFY, "counts": Cls.METRICS, "mentions": Cls.HARVEST, "search": Cls.HARVEST,
    "card": Cls.SPARE, "source": Cls.SPARE,
}  # fmt: skip
"""The class of each kind of call to a platform, and of what is done in spare time."""


class TurnedAway(Exception):
    """There will be no turn in time; the words say why."""


@dataclass(slots=True, eq=False)
class Waiting:
    """Somebody in line, and later on a seat.

    Args:
        key: whose pages it wants; one lease at a time for each.
        since: when it came, monotonic seconds. `rank`: the smallest goes first.
        ahead: how many of its class waited when it came.
    """

    number: int
    cls: Cls
    key: str
    since: float
    rank: float
    ahead: int
    began: float = math.nan


@dataclass
class Line:
    """Who waits and who sits; every method takes the time, and none waits.

    Args:
        seats: how many there are; may change at any time.
    """

    seats: int
    sitting: dict[int, Waiting] = field(default_factory=dict)
    _waiting: dict[Cls, list[Waiting]] = field(default_factory=lambda: {cls: [] for cls in Cls})
    _passed: dict[Cls, int] = field(default_factory=lambda: dict.fromkeys(Cls, 0))
    _lasted: dict[Cls, deque[float]] = field(default_factory=lambda: {cls: deque(maxlen=LASTED_MAX) for cls in Cls})
    _turned_away: dict[Cls, int] = field(default_factory=lambda: dict.fromkeys(Cls, 0))
    _number: int = 0

    def admit(self, cls: Cls, key: str, *, now: float, wait_s: float, left_s: float = math.inf) -> Waiting:
        """Join the line.

        Args:
            wait_s: how long the caller would wait for a seat, seconds. `left_s`: how long it has altogether.

        Raises:
            TurnedAway: the class has `DEPTH_MAX` in line, or the turn would usually come too late.
        """
        ahead = len(self._waiting[cls])
        if ahead >= DEPTH_MAX:
            raise TurnedAway(f"{ahead} wait already for {cls}")
        rank = now + BEHIND_S[cls]
        late = self._late(cls, rank, wait_s, left_s)
        self._turned_away[cls] = (self._turned_away[cls] + 1) % FLOOR if late else 0
        if self._turned_away[cls]:
            raise TurnedAway(late)
        self._number += 1
        waiting = Waiting(self._number, cls, key, now, rank, ahead)
        self._waiting[cls].append(waiting)
        return waiting

    def _late(self, cls: Cls, rank: float, wait_s: float, left_s: float) -> str:
        """Why it would usually come too late; empty if it would not."""
        usual_s = self.forecast_s(cls, rank)
        if usual_s > wait_s:
            return f"{self._before(rank)} wait before it, usually {usual_s:.0f} s, and it has {wait_s:.0f} s"
        needs_s = usual_s + self.lasts_s(cls)
        if needs_s > left_s:
            return f"waiting and working take {needs_s:.0f} s together, and {left_s:.0f} s are left"
        return ""

    def leave(self, waiting: Waiting) -> None:
        """Leave the line, or the seat; doing it twice is not an error."""
        if waiting in self._waiting[waiting.cls]:
            self._waiting[waiting.cls].remove(waiting)
            if not self._waiting[waiting.cls]:
                self._passed[waiting.cls] = 0
        self.sitting.pop(waiting.number, None)

    def done(self, waiting: Waiting, *, now: float, well: bool = True) -> None:
        """Give the seat back, and remember how long it was taken if all went well."""
        if self.sitting.pop(waiting.number, None) is not None and well:
            self._lasted[waiting.cls].append(now - waiting.began)

    def call(self, *, now: float) -> Waiting | None:
        """Give a seat to whoever goes next; None if no seat is free or nobody can go.

        1. The first of each class whose account does not sit already, and whose class may have a seat; of spare work
           only where there is nobody else.
        2. Of those classes that are owed one, the one that is owed it longest; else the smallest rank.
        """
        if len(self.sitting) >= self.seats:
            return None
        fronts = self._fronts()
        if not fronts:
            return None
        owed = [cls for cls in fronts if self._passed[cls] >= FLOOR - 1]
        if owed:
            chosen = max(owed, key=lambda cls: (self._passed[cls], -fronts[cls].rank))
        else:
            chosen = min(fronts, key=lambda cls: (fronts[cls].rank, fronts[cls].number))
        for cls in fronts:
            self._passed[cls] += 1
        self._passed[chosen] = 0
        waiting = fronts[chosen]
        self._waiting[chosen].remove(waiting)
        waiting.began = now
        self.sitting[waiting.number] = waiting
        return waiting

    def _fronts(self) -> dict[Cls, Waiting]:
        """The next of each class that could have a seat now."""
        keys = {each.key for each in self.sitting.values()}
        background = sum(each.cls not in URGENT for each in self.sitting.values())
        full = self.seats > 1 and background >= self.seats - 1
        found = {}
        for cls, waiting in self._waiting.items():
            if waiting and not (full and cls not in URGENT):
                front = next((each for each in waiting if each.key not in keys), None)
                if front is not None:
                    found[cls] = front
        if len(found) > 1:
            found.pop(Cls.SPARE, None)
        return found

    # --- what is told about it --------------------------------------------------------------------------------

    def depth(self, cls: Cls) -> int:
        """How many of this class wait."""
        return len(self._waiting[cls])

    def oldest_s(self, cls: Cls, *, now: float) -> float:
        """How long the first of this class has waited, seconds; 0 if nobody waits."""
        return now - self._waiting[cls][0].since if self._waiting[cls] else 0.0

    def _before(self, rank: float) -> int:
        return sum(each.rank <= rank for waiting in self._waiting.values() for each in waiting)

    def forecast_s(self, cls: Cls, rank: float) -> float:
        """How long somebody with this rank waits as things usually go, seconds; rather too short than too long.

        Before it go those of smaller rank, but no more of them than until its class is owed so many seats.
        """
        usable = max(1, self.seats if cls in URGENT else self.seats - 1)
        owed = math.inf if cls is Cls.SPARE else (len(self._waiting[cls]) + 1) * FLOOR
        lasted = [self.lasts_s(each) for each in Cls if self._lasted[each]]
        return min(self._before(rank), owed) * min(lasted, default=0.0) / usable

    def lasts_s(self, cls: Cls) -> float:
        """How long a lease of this class usually lasts, by the last `LASTED_MAX`, seconds; 0 if unknown."""
        return quantile_of(self._lasted[cls], 0.5)


def bound_s(ahead: int, seats: int, longest_s: float, own: int = 0) -> float:
    """The W of the bound above, seconds.

    Args:
        ahead: how many of its class waited when it came.
        longest_s: how long a lease may last.
        own: leases of its own account that were under way when it came or began before it.
    """
    return math.ceil((ahead + 1) * TURNS / max(1, seats - 1)) * longest_s + 2 * own * longest_s


def quantile_of(values: Sequence[float] | deque[float], quantile: float) -> float:
    """The quantile of a few values, by rank; 0 of none."""
    if not values:
        return 0.0
    if quantile == 0.5:
        return statistics.median(values)
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, math.ceil(quantile * len(ranked)) - 1)]

"""What can go wrong in a simulated year, as plain rows: when, what, for how long, and to which account.

A list of such rows is a complete schedule, so hypothesis can shrink one that breaks a promise, and a seed can draw
one; the world that carries it out is the same.

* `TROUBLES`   every kind, with its sentence
* `Trouble`    one row
* `deal`       the kinds of a seed
* `draw`       its rows
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from bowerbird.clock import SeededChance

HOUR_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of trouble.

    Args:
        says: what goes wrong, in a sentence.
        least_s, most_s: how long it lasts, seconds; both 0 for what is over in an instant.
    """

    says: str
    least_s: float = 0.0
    most_s: float = 0.0


TROUBLES: dict[str, Kind] = {
    # the platform
    "down": Kind("The platform's host cannot be reached.", 120, 1_800),
    "slow": Kind("The platform's host takes half a minute for each answer.", 300, 1_800),
    "broken": Kind("The platform's host answers 500; what is sent may have arrived.", 120, 1_800),
    "busy": Kind("The platform says 429 to everybody, and when to come again.", 120, 900),
    "halved": Kind("The platform takes half as many posts an hour as is configured.", 6 * HOUR_S, 24 * HOUR_S),
    "revoked": Kind("The account's session is no longer valid until a person signs in again.", 300, 2 * HOUR_S),
    "lost": Kind("Posts are accepted, their answers are lost, and they are shown late.", 120, 1_200),
    "dropped": Kind("Posts vanish on the way, and nobody answers.", 120, 1_200),
    "phantom": Kind("The platform says that it took a post, and did not.", 600, 3_600),
    "foreign": Kind("Somebody else posts from the account."),
    # the books, the words and the browser
    "books_busy": Kind("The books cannot be read or written.", 20, 300),
    "books_full": Kind("The books cannot be written; reads go on.", 60, 600),
    "writer_down": Kind("The provider of words does not answer.", 600, 2 * HOUR_S),
    "browser_down": Kind("The browser does not start.", 120, 1_800),
    # the engine
    "job_raises": Kind("A job fails each time, for a reason that nobody foresaw.", 300, 1_800),
    "job_hangs": Kind("A job hangs until it is cut off.", 300, 1_200),
    "timer_dropped": Kind("A job's timer never rings.", 600, 1_800),
    "monitor_dies": Kind("A monitor dies.", 5, 60),
    "crash": Kind("The engine dies in the middle of whatever it does, and is started again."),
    "frozen": Kind("The engine stands still, and goes on as if nothing had happened.", 5, 90),
    "suspended": Kind("The whole machine sleeps.", HOUR_S, 9 * HOUR_S),
    "wall_steps": Kind("The wall clock jumps by an hour, and is set right after a while.", 60, 900),
    # those who tell
    "channel_down": Kind("The first channel of alerts takes nothing.", 600, 2 * HOUR_S),
}
"""Every kind of trouble; a campaign that leaves one at 0 has not tested it."""


JOBS_HIT = ("plan", "publish", "settle", "measure", "harvest", "learn", "sweep")
"""Jobs that fail, hang or lose their timer, in turn."""
MONITORS_HIT = ("alerts", "lag", "timers", "breakers", "outbox")
"""Monitors that die, in turn."""


@dataclass(frozen=True, slots=True, order=True)
class Trouble:
    """One row: `start_s` seconds after the beginning, for `lasts_s` seconds, to the account of this number."""

    start_s: float
    kind: str
    lasts_s: float = 0.0
    account: int = 0

    @property
    def end_s(self) -> float:
        """When it is over, in seconds after the beginning."""
        return self.start_s + self.lasts_s


def draw(
    rng: random.Random, *, kinds: Sequence[str], day_s: float, accounts: int, hurts_s: Sequence[float] = ()
) -> list[Trouble]:
    """Draw a row for each of these kinds, some of them on top of one another.

    Args:
        day_s: how long the days last, all together, seconds. hurts_s: the seconds of a day at which trouble hurts most.
    """
    troubles: list[Trouble] = []
    for kind in kinds:
        start_s = _start(rng, troubles, day_s=day_s, hurts_s=hurts_s)
        row = TROUBLES[kind]
        lasts_s = rng.uniform(row.least_s, row.most_s)
        troubles.append(Trouble(round(start_s, 1), kind, round(lasts_s, 1), rng.randrange(accounts)))
    return sorted(troubles)


def deal(*, first: int, number: int) -> list[str]:
    """The kinds of a seed, dealt from shuffled packs that go round all seeds: no kind comes twice before all came.

    Args:
        first: how many were dealt to the seeds before this one.
    """
    return [_pack(at // len(TROUBLES))[at % len(TROUBLES)] for at in range(first, first + number)]


def _pack(number: int) -> list[str]:
    return SeededChance(number).stream("pack").sample([*TROUBLES], len(TROUBLES))


def _start(rng: random.Random, troubles: Sequence[Trouble], *, day_s: float, hurts_s: Sequence[float]) -> float:
    """Any time, on top of another trouble, or just before something is due."""
    kind = rng.random()
    if troubles and kind < 0.2:
        return rng.choice(troubles).start_s + rng.uniform(0, 120)
    if hurts_s and kind < 0.6:
        day = rng.randrange(max(1, int(day_s // 86_400)))
        return max(60.0, day * 86_400 + rng.choice(hurts_s) - rng.uniform(0, 90))
    return rng.uniform(0.02, 0.95) * day_s

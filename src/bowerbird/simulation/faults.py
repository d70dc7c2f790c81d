"""What can go wrong in a world, drawn from its seed before it begins, so that a seed is a complete story.

* `FAULTS`        every kind, with its sentence
* `Fate`          what happens to one call to a platform
* `Schedule`      everything that is planned against one world
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

SECOND_US = 1_000_000
HOUR_S = 3_600.0

ON_PUBLISH: dict[str, str] = {
    "refused": "The platform will never accept this post.",
    "rate_limited": "The platform says 429 and when to come again.",
    "unreachable": "No connection: certain that nothing was written.",
    "error_after_accept": "The platform accepts the post and answers 500.",
    "timeout_before_accept": "The platform hangs, and never accepts.",
    "answer_dropped": "The platform accepts, and the answer is lost on the way.",
    "slow": "The platform takes longer than the attempt, and accepts all the same.",
    "late_appearance": "The platform accepts, loses the answer, and shows the post only after a while.",
    "signed_out": "The session is no longer valid, for a while.",
    "unforeseen_before": "An exception nobody foresaw, before anything was sent.",
    "unforeseen_after": "An exception nobody foresaw, after the platform accepted.",
    "cancelled": "The worker's task is cancelled in the middle of the send.",
    "swallowed": "The platform swallows this post each time, without a word.",
}
"""Faults of one send."""
ELSEWHERE: dict[str, str] = {
    "unmakeable": "The exact message cannot be made, for a reason nobody foresaw.",
    "slow_look": "A look takes longer than it may.",
    "blind": "For a time, a look cannot see.",
    "removed": "The platform removes a post that was published.",
    "frozen": "A process stands still for a while, and then goes on as if nothing had happened.",
    "books_busy": "The books cannot be written for a moment.",
}
"""Faults of anything else."""
FAULTS: dict[str, str] = ON_PUBLISH | ELSEWHERE
"""Every kind of fault; a campaign that leaves one at 0 has not tested it."""

CALLS: tuple[str, ...] = (
    "storage.beat",
    "storage.due_accounts",
    "storage.account",
    "storage.said_elsewhere",
    "storage.learned",
    "storage.claim_post",
    "storage.used",
    "storage.thread",
    "storage.post",
    "storage.record",
    "storage.cursor",
    "storage.lapsed_posts",
    "storage.claim_doubt",
    "storage.late_posts",
    "storage.orphaned_posts",
    "storage.posts",
    "storage.holds",
    "platform.prepare",
    "platform.publish",
    "platform.resolve",
    "platform.whoami",
)
"""Every port call that the posting room makes."""
CRASH_POINTS: tuple[str, ...] = tuple(f"{call}:{side}" for call in CALLS for side in ("before", "after"))
"""Where a process can die: before and after every port call."""

FAULTS_MIN = 5
"""Faults that every world meets at least; one that met fewer is too tame to count."""
BLIND_FOR_GOOD_S = 60 * HOUR_S
"""Longer than any world lasts."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one send: which fault, and how long it lasts where it lasts (seconds)."""

    fault: str
    lasts_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Blind:
    """From when until when (microseconds) nobody can look at an account's posts."""

    account: int
    begins_at: int
    ends_at: int


@dataclass(slots=True, kw_only=True)
class Schedule:
    """Everything planned against one world.

    Args:
        fates: by the number of the send, counted over the whole world.
        swallowed: indices of posts that are swallowed each time.
        unmakeable: numbers of the `prepare` calls that fail; `slow_looks`: of the looks that take too long.
        blinds: when nobody can look.
        crashes: (point, n): a process dies when the point is passed for the nth time in this world.
        crash_at: a process dies at the nth point passed, whichever it is, counted from 1.
        wild_after_s: if after this many seconds nobody has died, or too little has gone wrong, the next call makes up
            for it; None for never.
        freezes: (point, n) -> seconds for which the process stands still.
        busy: (verb, n): this call of this verb finds the books busy.
        removals: how many published posts the platform removes.
    """

    fates: dict[int, Fate] = field(default_factory=dict)
    swallowed: frozenset[int] = frozenset()
    unmakeable: frozenset[int] = frozenset()
    slow_looks: frozenset[int] = frozenset()
    blinds: tuple[Blind, ...] = ()
    crashes: frozenset[tuple[str, int]] = frozenset()
    crash_at: int | None = None
    wild_after_s: float | None = None
    freezes: dict[tuple[str, int], float] = field(default_factory=dict)
    busy: frozenset[tuple[str, int]] = frozenset()
    removals: int = 0


_LASTS_S: dict[str, tuple[float, float]] = {
    "rate_limited": (5.0, 1_500.0),
    "slow": (30.0, 150.0),
    "signed_out": (60.0, 5_400.0),
    "timeout_before_accept": (61.0, 600.0),
}


def draw_fate(rng: random.Random) -> Fate:
    """Draw what happens to one send that goes wrong."""
    fault = rng.choice([kind for kind in ON_PUBLISH if kind != "swallowed"])
    return Fate(fault, rng.uniform(*_LASTS_S[fault]) if fault in _LASTS_S else rng.random())


def draw_schedule(rng: random.Random, *, start_at: int, day_s: float, posts: int, accounts: int) -> Schedule:
    """Draw a schedule for a world of `posts` posts: many faults early, so that every world meets enough."""
    sends = rng.sample(range(14), rng.randint(8, 11)) + rng.sample(range(14, 50), 10)
    return Schedule(
        fates={n: draw_fate(rng) for n in sends},
        swallowed=_some(rng, posts, chance=0.25),
        unmakeable=_some(rng, 20, chance=0.2),
        slow_looks=_some(rng, 12, chance=0.3),
        blinds=tuple(_draw_blinds(rng, start_at, day_s, accounts)),
        crashes=frozenset(_draw_point(rng) for _ in range(rng.randint(2, 5))),
        wild_after_s=day_s / 2,
        freezes={_draw_freeze(rng): rng.uniform(3.0, 150.0) for _ in range(rng.randint(0, 3))},
        busy=frozenset((rng.choice(_BUSY), rng.randint(1, 40)) for _ in range(rng.randint(0, 3))),
        removals=rng.choice((0, 0, 1, 2)),
    )


_BUSY = ("record", "record", "claim_post", "due_accounts", "claim_doubt", "thread", "lapsed_posts", "beat")
_AROUND_THE_SEND = (
    "platform.publish:after",
    "platform.publish:before",
    "platform.prepare:after",
    "storage.record:before",
)
_RARE = (
    "storage.used",
    "storage.post",
    "storage.cursor",
    "storage.thread",
    "platform.whoami",
    "platform.resolve",
    "storage.claim_doubt",
)


def _draw_point(rng: random.Random) -> tuple[str, int]:
    point = rng.choice((*CRASH_POINTS, "storage.post:before", "storage.post:after"))
    return point, rng.randint(1, 2 if point.startswith(_RARE) else 12)


def _draw_freeze(rng: random.Random) -> tuple[str, int]:
    """Most often around the send, where standing still does most harm."""
    return (rng.choice(_AROUND_THE_SEND), rng.randint(1, 12)) if rng.random() < 0.6 else _draw_point(rng)


def _some(rng: random.Random, below: int, *, chance: float) -> frozenset[int]:
    return frozenset({rng.randrange(below)}) if rng.random() < chance else frozenset()


def _draw_blinds(rng: random.Random, start_at: int, day_s: float, accounts: int) -> list[Blind]:
    blinds = []
    for account in range(accounts):
        if rng.random() < 0.2:
            begins_at = start_at + int(rng.uniform(0, day_s * 0.9) * SECOND_US)
            for_good = rng.random() < 0.2
            lasts_s = BLIND_FOR_GOOD_S if for_good else rng.uniform(600.0, 3 * HOUR_S)
            blinds.append(Blind(account, begins_at, begins_at + int(lasts_s * SECOND_US)))
    return blinds

"""A place for a browser in the pool: which seat stands there now, who sits on it, and how it has grown."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from bowerbird.browsers.budget import Starts
from bowerbird.browsers.line import Waiting
from bowerbird.browsers.seat import TRIAL, Chair
from bowerbird.browsers.slope import SAMPLES, Grown, slope_mb_s

LATER_MAX = 2 * SAMPLES
"""So many of the last weights of a seat are kept, and the first."""
STUCK = ("hung", "a page would not close")
"""Why a browser is replaced that does not let go of a page: cause and words."""


@dataclass(eq=False)
class Place:
    """One place.

    Args:
        seat: what stands there; None before the first use, and while nothing can be started.
        taken: who has it; from the turn in line until the seat is well again after the lease.
        down: why nothing stands there though it should; empty otherwise.
        cause, why: of the next restart, if it is known better than by looking.
        worn: cause and why, once it is to be replaced by the one that stands by, when nobody sits there.
        served: leases of this seat so far. `lives`: seats that have stood here, also those that were revived.
        looks: how often one of its idle pages was looked at.
        up_at, taken_at: since when, UTC microseconds.
    """

    number: int
    starts: Starts
    seat: Chair | None = None
    taken: Waiting | None = None
    down: str = ""
    cause: str = ""
    why: str = ""
    worn: tuple[str, str] | None = None
    served: int = 0
    lives: int = 0
    looks: int = 0
    wanted: bool = False
    up_at: int = 0
    taken_at: int = 0
    cpu_s: float = 0.0
    first: Grown | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    later: deque[Grown] = field(default_factory=lambda: deque(maxlen=LATER_MAX))

    @property
    def up(self) -> bool:
        """Whether a browser runs there, as far as anybody knows without asking."""
        return self.seat is not None and self.seat.up

    @property
    def idle(self) -> list[str]:
        """The accounts whose pages there nobody uses now, the one that was used longest ago first."""
        busy = {TRIAL, self.taken.key if self.taken else ""}
        return [each for each in self.seat.warm if each not in busy] if self.seat else []

    def held_by(self, token: int) -> bool:
        """Whether the lease with this token has it, and not a later one."""
        return self.taken is not None and self.taken.number == token

    def put(self, seat: Chair, *, at: int) -> None:
        """Let this seat stand here from now on (`at` in UTC microseconds)."""
        self.up_at = at
        self.seat, self.down, self.cause, self.why, self.worn, self.served = seat, "", "", "", None, 0
        self.lives += 1
        self.first = None
        self.later.clear()

    def weighed(self, grown: Grown) -> None:
        """Remember how large it is."""
        self.first = self.first or grown
        self.later.append(grown)

    @property
    def grown(self) -> list[Grown]:
        """Its first weight, and the last ones."""
        if self.first is None:
            return []
        return [*([] if self.later and self.later[0] is self.first else [self.first]), *self.later]

    @property
    def mb(self) -> float:
        """What it took when it was last weighed, megabytes."""
        return self.later[-1].mb if self.later else 0.0

    @property
    def slope_mb_s(self) -> float:
        """By how much it grows, megabytes a second."""
        return slope_mb_s(list(self.later))

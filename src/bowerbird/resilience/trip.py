"""What a breaker judges by: what an outcome says, when it opens, and how it finds back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

HEALED_MAX_S = 60.0
"""A dependency that is healthy for so long is found closed, whatever happened before."""
LEASE_MAX_S = 30.0
"""The longest lease of a probe."""


class Says(StrEnum):
    """What the outcome of a call says about the dependency."""

    UP = "up"  # it answered, whatever it answered
    DOWN = "down"
    NOTHING = "nothing"  # it was not really asked


def errors_count(outcome: object) -> Says:
    """Weigh an outcome as if every error were the dependency's."""
    return Says.DOWN if isinstance(outcome, Exception) else Says.UP


Weigh = Callable[[object], Says]
"""Judges what a call returned or raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """When a breaker opens, and how it finds back.

    Args:
        window_calls, window_s: the calls that are judged: so many, none older than this; ``inf`` for any age.
        calls_min: fewer calls than this never open it.
        failed_max: the share of failed calls at which it opens.
        slow_s, slow_max: a call of this length is slow, and the share of slow calls at which it opens; above 1: never.
        wait_s, wait_max_s: the first wait before a probe, doubled with each failure, and the longest. Each wait is
            drawn between half of it and all of it.
        lease_s: how long a probe may take.
        probes: so many probes in a row have to succeed.

    Raises:
        ValueError: a healthy dependency would be found later than promised.
    """

    window_calls: int = 10
    window_s: float = 120.0
    calls_min: int = 3
    failed_max: float = 0.5
    slow_s: float = 8.0
    slow_max: float = 0.8
    wait_s: float = 2.0
    wait_max_s: float = 35.0
    lease_s: float = 10.0
    probes: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.lease_s <= LEASE_MAX_S or self.healed_s > HEALED_MAX_S:
            raise ValueError(f"a healthy dependency would be found only after {self.healed_s:g} s")
        if not 1 <= self.calls_min <= self.window_calls or not 0 < self.wait_s <= self.wait_max_s or self.probes < 1:
            raise ValueError("calls_min fits into the window, waits are above 0, and one probe is the least")

    @property
    def healed_s(self) -> float:
        """The longest a healthy dependency stays shut out: a probe that hung before, one wait, and the probes."""
        return self.lease_s + self.wait_max_s + self.probes * self.lease_s

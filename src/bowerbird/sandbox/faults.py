"""What can be made to go wrong, and what is going wrong at the moment.

A fault is armed for the next `count` requests it fits or for `for_s` seconds, for one account or all, on writes
(posting and deleting, by API or page), reads, sign-ins or any.

    429            refused, with Retry-After
    500            fails before anything is accepted
    slow           answered `slow_s` later
    drop_before    the connection is closed; nothing was accepted
    drop_answer    accepted, and the connection is closed without an answer
    loop, leak     the page comes with a script that never ends, or that takes ever more memory
    empty          a search answers 200 and finds nothing, as it does without a session, though the page knows us
    late           accepted, but timelines, searches and looks by key have it `late_s` later
    session_revoked, remove_post, variant    happen at once and are not kept
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from bowerbird.sandbox.limits import SECOND_US

FAULTS_MAX = 100
COUNT_MAX = 10_000
FOR_MAX_S = 86_400.0
SLOW_MAX_S = 120.0


class Kind(StrEnum):
    """Faults that stay armed until they have happened."""

    LIMITED = "429"
    BROKEN = "500"
    SLOW = "slow"
    DROP_BEFORE = "drop_before"
    DROP_ANSWER = "drop_answer"
    LATE = "late"
    LOOP = "loop"
    LEAK = "leak"
    EMPTY = "empty"


class On(StrEnum):
    """The requests a fault fits."""

    WRITE = "write"
    READ = "read"
    SIGN_IN = "sign_in"
    ANY = "any"


@dataclass(slots=True)
class Fault:
    """One armed fault.

    Args:
        left: how many requests it will still hit; None when it lasts until `until`.
        until: the end, UTC microseconds; None when it lasts for `left` requests.
        delay_s: seconds to wait (`slow`), to hide the post (`late`), or to send as Retry-After (`429`).
    """

    id: int
    kind: Kind
    on: On
    account: str | None
    left: int | None
    until: int | None
    delay_s: float
    hits: int = 0

    def fits(self, on: On, account: str | None) -> bool:
        """Whether it hits such a request of this account."""
        return self.on in (on, On.ANY) and self.account in (None, account)

    def over(self, now: int) -> bool:
        """Whether it has happened often or long enough."""
        return self.left == 0 or (self.until is not None and now >= self.until)


class Faults:
    """The faults armed at the moment, oldest first."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._armed: list[Fault] = []
        self._made = 0

    def arm(
        self,
        kind: Kind,
        *,
        on: On = On.WRITE,
        account: str | None = None,
        count: int | None = None,
        for_s: float | None = None,
        delay_s: float = 2.0,
    ) -> Fault:
        """Arm a fault: for `for_s` seconds, or else for `count` requests (one unless said)."""
        self._made += 1
        until = None if for_s is None else self._now() + int(min(for_s, FOR_MAX_S) * SECOND_US)
        left = None if for_s is not None else min(count or 1, COUNT_MAX)
        fault = Fault(self._made, kind, on, account, left, until, min(delay_s, SLOW_MAX_S))
        self._armed = [*self.active(), fault][-FAULTS_MAX:]
        return fault

    def find(self, kind: Kind, on: On, account: str | None) -> Fault | None:
        """Return the first armed fault of this kind that fits, without using it up."""
        return next((f for f in self.active() if f.kind is kind and f.fits(on, account)), None)

    def take(self, kind: Kind, on: On, account: str | None) -> Fault | None:
        """Return the first armed fault of this kind that fits, and count the hit."""
        fault = self.find(kind, on, account)
        if fault is not None:
            self.hit(fault)
        return fault

    @staticmethod
    def hit(fault: Fault) -> None:
        """Count a hit."""
        fault.hits += 1
        if fault.left is not None:
            fault.left -= 1

    def active(self) -> list[Fault]:
        """Return what is still armed."""
        now = self._now()
        self._armed = [fault for fault in self._armed if not fault.over(now)]
        return list(self._armed)

    def clear(self) -> None:
        """Disarm all."""
        self._armed = []

    def rows(self) -> list[dict[str, Any]]:
        """Return what is armed, as plain values."""
        return [asdict(fault) for fault in self.active()]

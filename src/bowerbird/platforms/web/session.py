"""How one account's session is, told from every answer that is seen, and when it will end.

    unknown    nothing was seen yet
    valid      the site knows us
    expiring   it does, but sessions like this one have ended at this age, or its cookies say so
    expired    it does not, or there have been three bad signs without a good one
    locked     the site wants a person

Rule 1: a good sign takes half a point off, a bad one adds one, and three points are an end; a page that says in plain
        words that nobody is signed in needs no points.
Rule 2: an account that is expired or locked is not asked again by itself for ten minutes, unless there is a new
        session or a new password: a site that turns us away is not knocked at.
Rule 3: a lock that the site's own API tells is opened by a person who signs in anew, and by nothing else: pages know us
        all the same, and whoever goes on after such a word loses the account.
Rule 4: when a session will end is a guess from how old others grew; only what was measured counts, and no session
        that was ended in its first hour.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bowerbird.core.post import SECOND_US

BAD, GOOD, END = 1.0, -0.5, 3.0
"""Points of a bad and of a good sign, and how many are an end."""
PROBE_S = 600.0
"""An account that was turned away is asked again by itself at most this often, seconds."""
AGES_MAX = 20
"""Measured ages of sessions that are kept, the newest."""
EARLY = 0.2
"""The share of sessions that ended before the age that is forecast: rather too early than too late."""
WARN_SHARE, WARN_LEAST_S = 0.1, 3_600.0
"""A session is expiring in the last tenth of its forecast age, and in its last hour at the least."""


class State(StrEnum):
    """How a session is."""

    UNKNOWN = "unknown"
    VALID = "valid"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    LOCKED = "locked"


@dataclass
class Session:
    """One account's session. Instants are UTC microseconds, `*_s` on the monotonic clock are seconds.

    Args:
        born_at: when it began; None while nobody knows.
        cookies_end_at: when the first of its cookies expires; None where they say nothing.
        ages_s: how old earlier ones grew, in seconds, oldest first.
        why: the last thing that was wrong, in a sentence.
        sealed: it is locked, and a page that knows us says nothing about that.
    """

    born_at: int | None = None
    cookies_end_at: int | None = None
    ages_s: list[float] = field(default_factory=list)
    points: float = 0.0
    seen: bool = False
    ended: bool = False
    is_locked: bool = False
    sealed: bool = False
    why: str = ""
    _probed_s: float = float("-inf")
    _keys: str = ""

    def state(self, now: int) -> State:
        """How it is now."""
        if self.is_locked:
            return State.LOCKED
        if self.ended:
            return State.EXPIRED
        if not self.seen:
            return State.UNKNOWN
        left = self.left_s(now)
        soon_s = max(WARN_LEAST_S, WARN_SHARE * self._age_s(self.ends_at() or now))
        return State.EXPIRING if left is not None and left < soon_s else State.VALID

    def good(self, now: int) -> None:
        """A page or an answer knew us."""
        if self.sealed:
            return
        if self.ended or self.is_locked or self.born_at is None:
            self.begin(now)
        self.points = max(0.0, self.points + GOOD)
        self.seen, self.ended, self.is_locked, self.why = True, False, False, ""

    def bad(self, now: int, why: str) -> None:
        """Something looked as if nobody knew us; three times is an end."""
        self.points, self.why = self.points + BAD, why
        if self.points >= END:
            self.end(now, why)

    def end(self, now: int, why: str) -> None:
        """It is over; its age is remembered, once."""
        if not self.ended and self.seen and self.born_at is not None:
            self.ages_s = [*self.ages_s, self._age_s(now)][-AGES_MAX:]
        self.seen, self.ended, self.why = True, True, why

    def lock(self, now: int, why: str, *, sealed: bool = False) -> None:
        """The site wants a person; `sealed` where its pages will go on as if nothing were."""
        self.seen, self.is_locked, self.sealed, self.why = True, True, sealed or self.sealed, why

    def begin(self, now: int) -> None:
        """A new one began, by a password or by hand."""
        self.born_at, self.points, self.ended, self.is_locked, self.sealed = now, 0.0, False, False, False

    def may_ask(self, keys: str, now_s: float) -> bool:
        """Whether the site may be asked now; a yes for an account that was turned away counts as its probe.

        Args:
            keys: what we would show it: the digest of session and password (`digest`).
        """
        turned_away = self.ended or self.is_locked
        fresh, self._keys = keys != self._keys, keys
        self.sealed = self.sealed and not fresh
        if not turned_away or fresh or (not self.sealed and now_s - self._probed_s >= PROBE_S):
            self._probed_s = now_s if turned_away else self._probed_s
            return True
        return False

    def shown(self, keys: str) -> None:
        """Remember what the site has been shown, so that only something new is a reason to ask early."""
        self._keys = keys

    def ends_at(self) -> int | None:
        """When it will end, as far as can be told: by its cookies or by its age, whichever is first."""
        return forecast(self.born_at, self.ages_s, self.cookies_end_at)

    def age_s(self, now: int) -> float | None:
        """How old it is, in seconds; None where nobody knows or it is over."""
        return None if self.born_at is None or self.ended or self.is_locked else self._age_s(now)

    def left_s(self, now: int) -> float | None:
        """Seconds until then, None where nothing is known or it is over."""
        ends_at = self.ends_at()
        return None if ends_at is None or self.ended or self.is_locked else (ends_at - now) / SECOND_US

    def _age_s(self, now: int) -> float:
        return max(0, now - (now if self.born_at is None else self.born_at)) / SECOND_US

    def kept(self) -> str:
        """Everything that a restart must not forget, as JSON."""
        told = {"born_at": self.born_at, "ages_s": self.ages_s, "ended": self.ended, "locked": self.is_locked}
        sealed = {"sealed": True, "keys": self._keys} if self.sealed else {}
        return json.dumps({**told, **sealed, "cookies_end_at": self.cookies_end_at, "why": self.why})

    @classmethod
    def recalled(cls, kept: str | None) -> Session:
        """Return the session as it was kept; a new one where nothing was, or nothing that can be read."""
        try:
            told = json.loads(kept) if kept else {}
            ages = [float(age) for age in told.get("ages_s", [])][-AGES_MAX:]
        except (ValueError, TypeError, AttributeError):
            told, ages = {}, []
        over = bool(told.get("ended") or told.get("locked"))
        return cls(
            born_at=_whole(told.get("born_at")), cookies_end_at=_whole(told.get("cookies_end_at")), ages_s=ages,
            ended=bool(told.get("ended")), is_locked=bool(told.get("locked")), seen=over, why=str(told.get("why", "")),
            sealed=bool(told.get("sealed")), _keys=str(told.get("keys", "")),
        )  # fmt: skip


def forecast(born_at: int | None, ages_s: Sequence[float], cookies_end_at: int | None) -> int | None:
    """Return when a session will end, UTC microseconds; None where nothing was measured and nothing says so.

    The age at which a fifth of those before it had ended, or the end of its cookies if that is earlier. One that ended
    within its first hour did not grow old: somebody ended it, and no warning an hour before could have been in time.
    """
    ends = [] if cookies_end_at is None else [cookies_end_at]
    rising = sorted(age for age in ages_s if age >= WARN_LEAST_S)
    if born_at is not None and rising:
        ends.append(born_at + int(rising[int(EARLY * (len(rising) - 1))] * SECOND_US))
    return min(ends, default=None)


def cookies_end(state: str | None, names: Sequence[str]) -> int | None:
    """Return when the first of these cookies of a storage state expires, UTC microseconds; None where none says."""
    ends = [row.get("expires") for row in cookies(state) if row.get("name") in names]
    known = [end for end in ends if isinstance(end, int | float) and end > 0]
    return int(min(known) * SECOND_US) if known else None


def cookies(state: str | None) -> list[Mapping[str, Any]]:
    """Return the cookies of a storage state; none where it cannot be read."""
    try:
        rows = json.loads(state).get("cookies", []) if state else []
    except (ValueError, AttributeError):
        return []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def digest(*keys: str | None) -> str:
    """Return what tells these keys from others without telling them."""
    return hashlib.sha256("\0".join(key or "" for key in keys).encode()).hexdigest()[:16]


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None

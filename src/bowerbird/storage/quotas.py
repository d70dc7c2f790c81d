"""Limits over sliding windows: how much is gone, and when enough of it will have come back.

A spend counts while its `at` lies inside the window (`at > now - window`). What is reserved for a post has no
end yet, so it lies at `NEVER`; settling moves it to an instant at or after the arrival on the platform. So
the platform, which counts arrivals, never sees more than we count, in whichever window it looks.

What is reserved for something that is not a post (a call to a provider) lies one hour ahead: a call whose
process died is counted for a while, and then forgotten, rather than held against the budget for ever.
"""

from __future__ import annotations

from collections.abc import Iterable

from bowerbird.core.account import Limited, Quota
from bowerbird.core.post import SECOND_US

NEVER = 2**62
"""The instant of a spend that is reserved for a post: inside every window."""

CALL_MAX_US = 3600 * SECOND_US
"""No call to a provider takes longer than this (microseconds)."""

NOBODY = ""
"""Stands for one more subject where it is only asked whether there would be room."""

_DUST = 1e-9


def window_us(quota: Quota) -> int:
    """The window's length in microseconds."""
    return round(quota.window_s * SECOND_US)


def limited(quota: Quota, spends: Iterable[tuple[int, float]], *, need: float, now: int) -> Limited | None:
    """Tell whether `need` more does not fit, and when it will.

    Args:
        quota: the limit.
        spends: (at, amount) of what counts at `now`, oldest first.
        need: how much is wanted, in the quota's unit; nothing wanted always fits.
        now: UTC microseconds.
    """
    counted = list(spends)
    used = sum(amount for _, amount in counted)
    room = quota.max - used
    if need <= 0 or need <= room + _DUST:
        return None
    for at, amount in counted:
        room += amount
        if at < NEVER and need <= room + _DUST:
            return Limited(quota=quota, used=used, retry_at=at + window_us(quota))
    return Limited(quota=quota, used=used, retry_at=now + window_us(quota))


def worst(refusals: Iterable[Limited]) -> Limited | None:
    """The refusal that lasts longest, or None if nothing refused."""
    return max(refusals, key=lambda refusal: refusal.retry_at, default=None)

"""The day's budget of a provider: a quota like any other, in dollars or, where its prices are unknown, in tokens."""

from __future__ import annotations

from bowerbird.core.account import Quota

DAY_S = 86_400.0
"""The window of a budget, seconds."""


def day_quota(
    name: str, *, price_in: float, price_out: float, day_max: float, tokens_day_max: float, cost: float = 0.0
) -> Quota:
    """The most that a provider may cost in any 24 hours.

    Args:
        name: as the ledger counts by it.
        price_in, price_out: dollars per million tokens; 0 means unknown, and the cap is in tokens.
        day_max: in dollars; `tokens_day_max` in tokens.
        cost: to be taken from it, in the same unit.
    """
    unit, most = ("dollars", day_max) if priced(price_in, price_out) else ("tokens", tokens_day_max)
    return Quota(scope="app", key=f"writer:{name}", window_s=DAY_S, max=most, unit=unit, cost=cost)


def priced(price_in: float, price_out: float) -> bool:
    """True if both prices are known."""
    return price_in > 0 and price_out > 0

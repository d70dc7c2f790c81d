"""Limits in words: how much of each is used, why it is lower than configured, and when there is room again.

Every page that shows limits is made from here, by the same rules by which posting takes them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bowerbird.core.account import Account, Learned, Quota, Used
from bowerbird.core.books import Ledger
from bowerbird.core.story import span
from bowerbird.dashboard.asked import SettingRow
from bowerbird.posting.pacing import Shared, quotas_for, regained_at, risen
from bowerbird.writers.budget import day_quota

Spot = tuple[str, str, float]
"""What tells one limit from another: its key, its unit and its window in seconds."""
OF = {"account": "of this account", "app": "of every account on the platform"}
"""Whose posts a limit counts; all other limits are a server's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRow:
    """One limit: how much of it is used, in its unit, and why it is lower than configured, if it is.

    Args:
        lowered: what it was learned from, while it is below `configured`; empty where nothing was learned.
        configured: the owner's or the platform's own number; None where only a refusal told of this window.
        back_at: when it is at `configured` again unless something is refused before; None while it is.
        full, room_at: whether a post does not fit just now, and when one will (microseconds).
    """

    used: float
    max: float
    unit: str
    lowered: str = ""
    configured: float | None = None
    back_at: int | None = None
    full: bool = False
    room_at: int | None = None

    @property
    def share(self) -> float:
        """How much of it is used, 0 to 1 and over; 1 of a limit that allows nothing."""
        return self.used / self.max if self.max > 0 else 1.0


def spot(limit: Quota | Learned) -> Spot:
    """Return what tells this limit from others."""
    return limit.key, limit.unit, limit.window_s


def shared(settings: Sequence[SettingRow]) -> Shared:
    """The owner's limits that several accounts share, as in force; 0 is none."""
    values = {row.name: row.value for row in settings}
    return Shared(*(_number(values.get(f"posting.{name}_hour_max", "")) or math.inf for name in ("app", "host")))


def money(settings: Sequence[SettingRow]) -> Quota | None:
    """The day's budget of the writer that is asked for words; None where only the bank writes."""
    values = {row.name: row.value for row in settings}
    if not values.get("writer.url") or not values.get("writer.model"):
        return None
    numbers = {name: _number(values.get(f"writer.{name}", "")) for name in ("price_in", "price_out", "day_max")}
    tokens = _number(values.get("writer.tokens_day_max", ""))
    return day_quota(values["writer.model"], **numbers, tokens_day_max=tokens)


def _number(words: str) -> float:
    try:
        found = float(words)
    except ValueError:
        return 0.0
    return found if math.isfinite(found) else 0.0


def quotas_of(
    accounts: Iterable[Account], common: Shared, learned: Sequence[Learned], now: int
) -> tuple[list[Quota], Mapping[Spot, float]]:
    """Every limit that posts of these accounts have to pass, each once, and the configured number of each."""
    quotas: dict[Spot, Quota] = {}
    configured: dict[Spot, float] = {}
    for account in accounts:
        configured |= {spot(quota): quota.max for quota in quotas_for(account, shared=common)}
        quotas |= {spot(quota): quota for quota in quotas_for(account, shared=common, learned=learned, now=now)}
    return list(quotas.values()), configured


async def rows_of(
    books: Ledger, quotas: Sequence[Quota], configured: Mapping[Spot, float], learned: Sequence[Learned], now: int
) -> dict[Spot, LimitRow]:
    """Read how much of each of these limits is used, in one look, and of those that are full when there is room."""
    used = await books.used(quotas, now=now)
    tight = [one.quota for one in used if one.used + one.quota.cost > one.quota.max]
    room = {spot(one.quota): one.retry_at for one in await books.full(tight, now=now)} if tight else {}
    by_spot = {spot(row): row for row in learned}
    return {
        (place := spot(one.quota)): limit_row(
            one, by_spot.get(place), now, configured=configured.get(place), room_at=room.get(place)
        )
        for one in used
    }


def limit_row(
    found: Used, learned: Learned | None, now: int, *, configured: float | None = None, room_at: int | None = None
) -> LimitRow:
    """Put a limit into words: of whom, within what time, and what it was learned from."""
    quota = found.quota
    low = learned if learned is not None and risen(learned, now) < 1 else None
    words = quota.unit if quota.key.startswith("writer:") else f"{quota.unit} {OF.get(quota.scope, 'to the server')}"
    return LimitRow(
        used=plain(found.used, quota.unit), max=plain(quota.max, quota.unit),
        unit=f"{words} within {span(quota.window_s)}",
        lowered=low.why if low else "", back_at=regained_at(low) if low else None,
        configured=None if configured is None else plain(configured),
        full=found.used + quota.cost > quota.max, room_at=room_at,
    )  # fmt: skip


def by_key(rows: Mapping[Spot, LimitRow]) -> dict[str, list[LimitRow]]:
    """The windows of whatever is counted together, side by side."""
    found: dict[str, list[LimitRow]] = {}
    for place, row in rows.items():
        found.setdefault(place[0], []).append(row)
    return found


def plain(n: float, unit: str = "") -> float:
    """A number without a tail: whole, or with one decimal; dollars with two, and less than one with three."""
    if not math.isfinite(n):
        return 0
    digits = 3 if abs(n) < 1 else 2 if unit == "dollars" else 1
    return int(n) if float(n).is_integer() else round(n, digits)

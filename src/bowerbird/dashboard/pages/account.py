"""Everything about one account: how it stands, what comes and went out, its limits, incidents, lesson and settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bowerbird.core.account import Account
from bowerbird.core.incident import Incident
from bowerbird.core.lifecycle import State
from bowerbird.core.lists import Order, Wanted
from bowerbird.core.ports import Clock
from bowerbird.core.story import clock_time, count, span
from bowerbird.dashboard.asked import Asked, Books, SettingRow
from bowerbird.dashboard.cards import cards
from bowerbird.dashboard.limits import LimitRow, quotas_of, rows_of, shared
from bowerbird.dashboard.standing import MODES, look, standing

COMING_MAX = 10
"""Posts to come that are shown."""
DONE_MAX = 10
"""Published posts that are shown."""
OVER_MAX = 5
"""Incidents that are over and shown."""
INCIDENTS_MAX = 200
"""Newest incidents looked through for them."""


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any] | None:
    """Everything about one account; None if there is none of that name."""
    account = await books.account(asked.params["account_id"])
    if account is None:
        return None
    about = await look(books, clock)
    coming = await books.posts(
        states=(State.QUEUED, State.PROPOSED), account_id=account.id, limit=COMING_MAX, newest_first=False
    )
    out = Wanted(states=(State.PUBLISHED,), account_id=account.id)
    done = await books.find_posts(out, order=Order.PUBLISHED, limit=DONE_MAX)
    advice = await books.advice(account.id)
    incidents = await books.incidents(limit=INCIDENTS_MAX)
    return {
        "now": about.now,
        "row": standing(account, about),
        "coming": await cards(books, coming, [account]),
        "done": await cards(books, done.posts, [account]),
        "limits": await _limits(books, account, asked.settings, about.now),
        "over": _over(incidents, account.id),
        "advice": advice,
        "settings": settings_of(account),
    }


def _over(incidents: Sequence[Incident], account_id: str) -> list[Incident]:
    return [one for one in incidents if one.scope == account_id and one.closed_at is not None][:OVER_MAX]


async def _limits(books: Books, account: Account, settings: Sequence[SettingRow], now: int) -> list[LimitRow]:
    learned = await books.learned()
    quotas, configured = quotas_of([account], shared(settings), learned, now)
    return list((await rows_of(books, quotas, configured, learned, now)).values())


def settings_of(account: Account) -> list[tuple[str, str]]:
    """The account's own settings, in words."""
    every = f"one each {span(account.every_s)}" if account.every_s else ", ".join(account.slots) or "none"
    label = f"yes, run by {account.operator}" if account.labelled and account.operator else "not attested"
    return [
        ("Approval", f"{account.mode}: {MODES[account.mode]}"),
        ("Times of day", every),
        ("Time zone", account.zone),
        ("Queue kept full", f"{account.cover_h:g} h ahead"),
        ("At most", f"{count(account.posts_per_hour_max, 'post')} an hour, {account.posts_per_day_max:,} a day"),
        ("Labelled as automated", "a rehearsal needs no label" if account.rehearsal else label),
        ("Looks for", ", ".join(account.searches) or "nothing; no searches are set"),
        ("Instead, while its driver is down", account.other_driver or "nothing: its posts wait"),
        ("Server", account.url or "the platform's own"),
        ("Connected", f"{clock_time(account.created_at)} UTC" if account.created_at else "not written down"),
    ]

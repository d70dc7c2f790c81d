"""Everything that waits for a person's yes: a whole week at once, by day and account, each as its platform shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from bowerbird.core.errors import BadInput
from bowerbird.core.lifecycle import DAY_S, State
from bowerbird.core.lists import Wanted
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US, Post
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.cards import Card, cards, shared_reason
from bowerbird.dashboard.pages.posts import place_of
from bowerbird.dashboard.preview import Preview, gates_said, preview
from bowerbird.planning.calendar import zone_of

PROPOSED_MAX = 60
"""Posts on a page; the others follow as these are decided, and on the next page."""
WEEK_US = int(7 * DAY_S * SECOND_US)
FACTS_MAX = 300
"""Newest plans looked through for what the gates found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A post that waits, with its thread.

    Args:
        local: when it is due, by the clock of its account.
        parts: every part as the platform will show it; those that wait are decided together.
        expires_at: when it is dropped unless somebody decides.
        gates: what the gates found when it was planned.
        shown: its id and the version of each part, for approving it together with others.
    """

    card: Card
    parts: Sequence[Preview]
    local: datetime
    expires_at: int
    gates: Sequence[str]
    shown: str

    @property
    def post(self) -> Post:
        """The part by which it is decided."""
        return self.card.post


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What one account would say on one day, in the order of its times."""

    account: str
    platform: str
    items: Sequence[Item]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day in the accounts' own time."""

    name: str
    key: str
    groups: Sequence[Group]

    @property
    def items(self) -> list[Item]:
        """Everything of the day, for one press."""
        return [item for group in self.groups for item in group.items]


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """A week of what waits, soonest due first; what is later follows on the next page."""
    now, account_id = clock.now(), asked.query.get("account", "")
    accounts = await books.accounts()
    wanted = Wanted(states=(State.PROPOSED,), account_id=account_id)
    after = place_of(asked.query.get("after", ""))
    found = await books.find_posts(wanted, newest_first=False, after=after, limit=PROPOSED_MAX)
    page = [post for post in found.posts if after or post.due < now + WEEK_US] or list(found.posts)
    threads = await books.threads({post.thread_id for post in page if post.parts > 1})
    told = await _told(books)
    zones = await asyncio.to_thread(_zones, {account.zone for account in accounts})
    leads = [post for post in page if _leads(post, threads)]
    shown = await cards(books, leads, accounts)
    items = [_item(card, threads.get(card.post.thread_id, [card.post]), told, zones) for card in shown]
    waiting = sum(
        n
        for (of, state), n in (await books.count_posts()).items()
        if state is State.PROPOSED and account_id in ("", of)
    )
    last = page[-1] if page else None
    more = f"{last.due}-{last.id}" if last and (found.after or len(page) < len(found.posts)) else ""
    return {
        "now": now,
        "days": days(items, now),
        "n": len(items),
        "shared": shared_reason(shown),
        "accounts": [("", "Every account"), *((account.id, account.handle) for account in accounts)],
        "account": account_id,
        "later": 0 if after else waiting - len(page),
        "first": path(account_id) if after else "",
        "next": path(account_id, more) if more else "",
    }


async def _told(books: Books) -> Mapping[str, Mapping[str, object]]:
    """What was written down when posts were planned, by post, as far as was looked."""
    return {fact.post_id: fact.data for fact in await books.newest_facts(kinds=("planned",), limit=FACTS_MAX)}


def _leads(post: Post, threads: Mapping[str, Sequence[Post]]) -> bool:
    """Tell whether a post is the first of its thread that waits; the others are decided with it."""
    waiting = [part.id for part in threads.get(post.thread_id, [post]) if part.state is State.PROPOSED]
    return not waiting or waiting[0] == post.id


def _item(
    card: Card, thread: Sequence[Post], told: Mapping[str, Mapping[str, object]], zones: Mapping[str, tzinfo]
) -> Item:
    post, account = card.post, card.account
    return Item(
        card=card, parts=[preview(part, account) for part in thread],
        local=datetime.fromtimestamp(post.due / SECOND_US, zones[account.zone] if account else UTC),
        expires_at=max(post.due, post.not_before), gates=gates_said(post, account, told.get(post.id, {})),
        shown=" ".join([post.id, *(str(part.version) for part in thread)]),
    )  # fmt: skip


def days(items: Sequence[Item], now: int) -> list[Day]:
    """Put posts under the day on which they are due in their account's own time, and there under their account."""
    dated = sorted(items, key=lambda item: (item.local.date(), item.post.account_id, item.post.due, item.post.id))
    made = []
    for date, of_day in groupby(dated, key=lambda item: item.local.date()):
        groups = [_group(list(each)) for _, each in groupby(of_day, key=lambda item: item.post.account_id)]
        made.append(Day(name=_name(groups[0].items[0].local, now), key=f"day-{date}", groups=groups))
    return made


def _group(items: Sequence[Item]) -> Group:
    account = items[0].card.account
    platform = account.platform if account else "a platform that is gone"
    return Group(account=account.handle if account else items[0].post.account_id, platform=platform, items=items)


def _name(local: datetime, now: int) -> str:
    """Today, tomorrow, or the day of the week and the date."""
    ahead = local.date() - datetime.fromtimestamp(now / SECOND_US, local.tzinfo).date()
    word = {0: "Today, ", 1: "Tomorrow, "}.get(ahead.days, "")
    return f"{word}{local:%A} {local.day} {local:%B}"


def _zones(names: Collection[str]) -> dict[str, tzinfo]:
    """The zones of these names; one that this machine does not know is UTC. Reads files."""
    found: dict[str, tzinfo] = {}
    for name in names:
        try:
            found[name] = zone_of(name)
        except BadInput:
            found[name] = UTC
    return found


def path(account_id: str, after: str = "") -> str:
    """Return the address of the same page, from a place on."""
    kept = {name: value for name, value in (("account", account_id), ("after", after)) if value}
    return f"/approvals?{urlencode(kept)}" if kept else "/approvals"

"""How fresh the numbers are, which looks are overdue or come next, how many went well, and why the others did not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bowerbird.core.account import Account
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Reading
from bowerbird.core.lifecycle import State
from bowerbird.core.lists import Order, Wanted
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US, Post
from bowerbird.core.story import clock_time, span
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.gauges import Gauges, gauges, percent
from bowerbird.dashboard.head import head
from bowerbird.dashboard.layers import LOOK_LATE_S, measuring
from bowerbird.dashboard.picture import DONE_MAX, ground, latest

POSTS_MAX = 25
"""Newest published posts whose numbers are shown."""
LOOKS_MAX = 60
"""Looks to come that are read; beyond them the page says so."""
NEXT_MAX = 6
"""Looks to come that are shown."""
FACTS_MAX = 200
"""Last looks counted."""
BARS_MAX = 28
"""Of which so many stand as bars."""
ACCOUNTS_MAX = 20
"""Accounts in the table, the most overdue first."""
REASONS_MAX = 6
"""Reasons told."""
FRESH_S = 86_400.0
"""A post is fresh for so long, in seconds: by then nine tenths of what happens to it have happened."""


@dataclass(frozen=True, slots=True)
class Line:
    """A published post with its newest reading, if there is one."""

    post: Post
    reading: Reading | None


@dataclass(frozen=True, slots=True)
class Bar:
    """One look: how it went, and when."""

    outcome: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The last looks of one account; `overdue` in words, None where it is not measured."""

    account_id: str
    read: int
    failed: int
    overdue: str | None

    @property
    def share(self) -> str | None:
        """How many of them went well."""
        looks = self.read + self.failed
        return percent(self.read / looks) if looks else None


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Everything about measuring that is known."""
    found = await books.find_posts(Wanted(states=(State.PUBLISHED,)), order=Order.PUBLISHED, limit=POSTS_MAX)
    newest = await latest(books, found.posts)
    coming = await books.coming_looks(limit=LOOKS_MAX)
    looks = await books.newest_facts(kinds=("measured", "unmeasured"), limit=FACTS_MAX)
    accounts = await books.accounts()
    p = await ground(books, clock, asked.beside)
    known = await gauges(books, now=p.now)
    seen = [newest[post.id] for post in found.posts[:DONE_MAX] if post.id in newest]
    p = replace(
        p, published=found.posts[:DONE_MAX], newest=max(seen, key=lambda reading: reading.observed_at, default=None)
    )
    late = overdue(coming, now=p.now)
    lines = [Line(post, newest.get(post.id)) for post in found.posts]
    good = sum(fact.kind == "measured" for fact in looks)
    return {
        "now": p.now,
        "head": head(p, measuring(p)),
        "fresh": fresh(lines, now=p.now),
        "lines": lines,
        "late": late,
        "late_more": len(late) == LOOKS_MAX,
        "next": [post for post in coming if post not in late][:NEXT_MAX],
        "beats": bars(looks),
        "looks": len(looks),
        "share": percent(good / len(looks)) if looks else None,
        "reasons": reasons(looks),
        "tallies": tallies(accounts, looks, known),
        "sources": sources(newest.values()),
    }


def overdue(coming: Sequence[Post], *, now: int) -> list[Post]:
    """Looks that should have been long ago, the oldest first."""
    return [post for post in coming if post.look_at is not None and now - post.look_at > LOOK_LATE_S * SECOND_US]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """The fresh posts among those shown: how many, how many were read, and the newest and the oldest of their readings.

    Of each post only its newest reading counts.
    """

    posts: int
    read: int
    newest_at: int | None
    oldest_at: int | None


def fresh(lines: Sequence[Line], *, now: int) -> Fresh:
    """Say how fresh the numbers of fresh posts are."""
    young = [each for each in lines if now - (each.post.published_at or 0) <= FRESH_S * SECOND_US]
    seen = [each.reading.observed_at for each in young if each.reading is not None]
    return Fresh(
        posts=len(young), read=len(seen), newest_at=max(seen, default=None), oldest_at=min(seen, default=None)
    )  # fmt: skip


def bars(looks: Sequence[Fact]) -> list[Bar]:
    """A bar for each of the last looks, oldest first."""
    return [_bar(fact) for fact in reversed(looks[:BARS_MAX])]


def _bar(fact: Fact) -> Bar:
    went = "read" if fact.kind == "measured" else "failed"
    return Bar(went, f"{clock_time(fact.at)} UTC: {went}")


def reasons(looks: Sequence[Fact]) -> list[tuple[str, str, int, int]]:
    """Why looks failed: the code, the newest sentence for it, how often, and when last; the commonest first."""
    failed = [fact for fact in looks if fact.kind == "unmeasured"]
    newest: dict[str, Fact] = {}
    for fact in failed:
        newest.setdefault(_code(fact), fact)
    common = Counter(map(_code, failed)).most_common(REASONS_MAX)
    return [(code, str(newest[code].data.get("sentence", "")), n, newest[code].at) for code, n in common]


def _code(fact: Fact) -> str:
    return str(fact.data.get("reason") or "it did not say")


def tallies(accounts: Sequence[Account], looks: Sequence[Fact], known: Gauges) -> list[Tally]:
    """The last looks by account, the most overdue first."""
    went = Counter((fact.account_id, fact.kind) for fact in looks)
    late = known.by("bowerbird_reading_overdue_seconds", "account")
    ids = {account.id for account in accounts}
    order = sorted(ids, key=lambda account_id: (-late.get(account_id, -1.0), account_id))
    return [
        Tally(
            account_id=each, read=went[each, "measured"], failed=went[each, "unmeasured"], overdue=_late(late.get(each))
        )
        for each in order[:ACCOUNTS_MAX]
    ]


def _late(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return f"by {span(seconds)}" if seconds > LOOK_LATE_S else "no"


def sources(readings: Any) -> Mapping[str, int]:
    """By which way the newest numbers came, such as ``api``."""
    return dict(Counter(reading.counts.source for reading in readings).most_common())

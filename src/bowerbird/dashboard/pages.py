"""What each page needs, read from the books and put into words; no HTML here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bowerbird.core.account import Account, Hold
from bowerbird.core.findings import Reading, TargetState
from bowerbird.core.health import Health
from bowerbird.core.lifecycle import NEXT, Event, State
from bowerbird.core.ports import Clock, Findings, Journal, Ledger, Posts, Recorder
from bowerbird.core.post import SECOND_US, Post
from bowerbird.core.story import STATES, Line, numbers, span, story
from bowerbird.core.work import Run
from bowerbird.dashboard.layers import Picture, cover_h, layers, overall

NEXT_MAX = 8
"""Upcoming posts on the overview."""
DONE_MAX = 10
"""Published posts on the overview."""
RUNS_MAX = 200
"""Runs looked at for the newest of each job."""


class Books(Recorder, Posts, Findings, Ledger, Journal, Protocol):
    """What the face reads, and where it writes its commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting as a person may see it."""

    name: str
    value: str
    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Card:
    """A post on a page: with its state in words and its latest numbers."""

    post: Post
    account: Account | None
    state: str
    numbers: str
    reading: Reading | None


async def look(books: Books, clock: Clock) -> Picture:
    """Read everything that the overview shows."""
    began = clock.monotonic()
    accounts = await books.accounts()
    runs: dict[str, Run] = {}
    for run in await books.runs(limit=RUNS_MAX):
        runs.setdefault(run.job, run)
    upcoming = await books.posts(states=(State.QUEUED, State.PROPOSED), limit=200, newest_first=False)
    published = await books.posts(states=(State.PUBLISHED,), limit=DONE_MAX)
    advice = [found for account in accounts if (found := await books.advice(account.id)) is not None]
    read = [reading for post in published for reading in await books.readings(post_id=post.id)]
    newest = max(read, key=lambda reading: reading.observed_at) if read else None
    targets = await books.targets(states=(TargetState.OPEN, TargetState.DRAFTED), limit=50)
    counts = await books.count_posts()
    now = clock.now()
    holds, owners = await books.holds(now=now), await books.owners()
    return Picture(
        now=now, read_ms=(clock.monotonic() - began) * 1000, accounts=accounts, holds=holds, owners=owners, runs=runs,
        counts=counts, upcoming=upcoming, published=published, newest=newest, targets=targets, advice=advice,
    )  # fmt: skip


async def cards(books: Books, posts: Sequence[Post], accounts: Sequence[Account]) -> list[Card]:
    """Put posts on cards, each with its latest reading."""
    by_id = {account.id: account for account in accounts}
    found = []
    for post in posts:
        readings = await books.readings(post_id=post.id) if post.state is State.PUBLISHED else []
        last = readings[-1] if readings else None
        shown = f"{numbers(last.counts)}, at {span(last.age_s)}" if last else "not measured yet"
        found.append(Card(post, by_id.get(post.account_id), STATES[post.state], shown, last))
    return found


async def overview(books: Books, clock: Clock) -> dict[str, Any]:
    """The first page: one light, ten layers, what comes, what went, and whom we may answer."""
    picture = await look(books, clock)
    health: list[Health] = layers(picture)
    needs = await books.posts(states=(State.PARKED, State.UNSURE), limit=20, newest_first=False)
    return {
        "now": picture.now,
        "light": overall(health),
        "layers": health,
        "next": await cards(books, picture.upcoming[:NEXT_MAX], picture.accounts),
        "done": await cards(books, picture.published, picture.accounts),
        "needs": await cards(books, needs, picture.accounts),
        "proposed": sum(n for (_, state), n in picture.counts.items() if state is State.PROPOSED),
        "targets": picture.targets[:6],
        "empty": not picture.accounts,
    }


async def approvals(books: Books, clock: Clock) -> dict[str, Any]:
    """Everything that waits for a person's yes, soonest due first."""
    posts = await books.posts(states=(State.PROPOSED,), limit=100, newest_first=False)
    heads = [post for post in posts if post.part == 0]
    threads = {post.id: await books.thread(post.thread_id) for post in heads if post.parts > 1}
    return {"now": clock.now(), "cards": await cards(books, heads, await books.accounts()), "threads": threads}


async def trace(books: Books, clock: Clock, post_id: str) -> dict[str, Any] | None:
    """One post's whole story, with its numbers and the steps a person may take; None if there is no such post."""
    post = await books.post(post_id)
    if post is None:
        return None
    facts = await books.facts(post_id=post.id)
    readings = await books.readings(post_id=post.id)
    advice = await books.advice(post.account_id)
    lines: list[Line] = story(post, facts, readings, learned=advice.sentence if advice else "")
    card = (await cards(books, [post], await books.accounts()))[0]
    steps = NEXT[post.state]
    return {
        "now": clock.now(),
        "card": card,
        "story": lines,
        "readings": readings,
        "thread": await books.thread(post.thread_id) if post.parts > 1 else [],
        "may_approve": Event.APPROVED in steps,
        "may_reject": Event.TURNED_DOWN in steps,
        "may_edit": Event.EDITED in steps,
        "may_withdraw": Event.WITHDRAWN in steps or post.state in (State.SENDING, State.UNSURE),
        "may_settle": Event.SEEN in steps,
    }


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account with what holds it, how far its queue reaches and what comes next."""

    account: Account
    holds: list[Hold]
    cover: str
    published: int
    proposed: int
    next: Post | None


async def accounts(books: Books, clock: Clock) -> dict[str, Any]:
    """Every account, the worst first."""
    picture = await look(books, clock)
    rows = []
    for account in picture.accounts:
        holds = [hold for hold in picture.holds if hold.account_id == account.id]
        first = next((post for post in picture.upcoming if post.account_id == account.id), None)
        cover = span(cover_h(picture, account) * 3600)
        published = picture.counts.get((account.id, State.PUBLISHED), 0)
        proposed = picture.counts.get((account.id, State.PROPOSED), 0)
        rows.append(AccountRow(account, holds, cover, published, proposed, first))
    rows.sort(key=lambda row: (-len(row.holds), row.account.id))
    return {"now": picture.now, "rows": rows}


async def opportunities(books: Books, clock: Clock) -> dict[str, Any]:
    """Whom a person may answer, best first."""
    found = await books.targets(states=(TargetState.OPEN, TargetState.DRAFTED), limit=100)
    return {"now": clock.now(), "targets": found}


def ago(now: int, at: int | None) -> str:
    """Say how long ago an instant was, or how far ahead it is."""
    if at is None:
        return "never"
    seconds = (now - at) / SECOND_US
    return f"{span(seconds)} ago" if seconds >= 0 else f"in {span(-seconds)}"

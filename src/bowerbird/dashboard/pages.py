"""What each page needs, read from the books and put into words; no HTML here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bowerbird.core.account import Account, Hold, HoldKind, Mode
from bowerbird.core.books import Alarms, Findings, Journal, Ledger, Posts, Recorder
from bowerbird.core.findings import Reading, TargetState
from bowerbird.core.health import Health, Light
from bowerbird.core.incident import Incident, Severity
from bowerbird.core.lifecycle import NEXT, Event, State
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US, Kind, Post
from bowerbird.core.story import STATES, Line, count, numbers, span, story
from bowerbird.core.work import Run
from bowerbird.dashboard.layers import Picture, cover_h, layers, overall, startup
from bowerbird.dashboard.loop import steps
from bowerbird.dashboard.metrics import SAMPLES, unpacked

NEXT_MAX = 8
"""Upcoming posts on the overview."""
DONE_MAX = 10
"""Published posts on the overview."""
PROPOSED_MAX = 40
"""Posts on the page of approvals; the others follow as these are decided."""
RUNS_MAX = 200
"""Runs looked at for the newest of each job."""
COMMANDS_MAX = 50
"""Buttons looked through for the one that was just pressed."""
PLACES = {
    "Incidents": "/incidents",
    "Jobs": "/jobs",
    "Engine": "/engine",
    "Content": "/approvals",
    "Posting": "/accounts",
    "Harvesting": "/opportunities",
}
"""The page where something can be done about a layer."""
MODES: dict[Mode, str] = {
    Mode.ASK: "you approve every post",
    Mode.ASK_NEW: "you approve what is not from the bank",
    Mode.VETO: "posts go unless you say no in time",
    Mode.AUTO: "posts go without asking you",
}
"""Each way of approving as the end of a sentence."""


class Books(Recorder, Posts, Findings, Ledger, Alarms, Journal, Protocol):
    """What the face reads, and where it writes its commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting as a person may see it."""

    name: str
    value: str
    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Flash:
    """What became of the button that was just pressed.

    Args:
        kept: the words a person typed where the button could not do it, so that nothing typed is lost: by the
            field's name, of the post or account named in `about`.
    """

    sentence: str
    bad: bool = False
    about: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Card:
    """A post on a page: with its state in words and its latest numbers."""

    post: Post
    account: Account | None
    state: str
    numbers: str
    reading: Reading | None


async def flash(books: Books, command_id: str) -> Flash | None:
    """Return what became of a button, or None if there is none of that name."""
    found = next((each for each in await books.commands(limit=COMMANDS_MAX) if each.id == command_id), None)
    if found is None:
        return None
    if found.done_at is None:
        return Flash("Written down. The engine does it as soon as it runs.")
    words = {name: str(value) for name, value in found.args.items() if name.startswith(("text", "reason"))}
    about = str(found.args.get("post_id") or found.args.get("account_id") or "")
    return Flash(found.answer, bad=not found.ok, about=about, kept={} if found.ok else words)


async def engine(books: Books, clock: Clock) -> Health:
    """How the engine is; every page says so when it is silent."""
    now = clock.now()
    nothing = Picture(
        now=now, read_ms=0, accounts=(), holds=(), owners=await books.owners(), runs={}, counts={}, upcoming=(),
        published=(), newest=None, targets=(), advice=(), stopped_at=await _stopped_at(books),
    )  # fmt: skip
    return startup(nothing)


async def _stopped_at(books: Books) -> int | None:
    newest = await books.newest_facts(kinds=("started", "stopped"), limit=1)
    return newest[0].at if newest and newest[0].kind == "stopped" else None


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
    read = (await _latest(books, published)).values()
    targets = await books.targets(states=(TargetState.OPEN, TargetState.DRAFTED), limit=50)
    counts, stopped_at = await books.count_posts(), await _stopped_at(books)
    now = clock.now()
    holds, owners = await books.holds(now=now), await books.owners()
    samples = unpacked(await books.snapshot(SAMPLES), now=now)
    return Picture(
        now=now, read_ms=(clock.monotonic() - began) * 1000, accounts=accounts, holds=holds, owners=owners, runs=runs,
        counts=counts, upcoming=upcoming, published=published, targets=targets, advice=advice, stopped_at=stopped_at,
        newest=max(read, key=lambda reading: reading.observed_at, default=None), samples=samples,
    )  # fmt: skip


async def _latest(books: Books, posts: Sequence[Post]) -> dict[str, Reading]:
    """The newest reading of each of these posts that has one."""
    found = {post.id: await books.readings(post_id=post.id) for post in posts if post.state is State.PUBLISHED}
    return {post_id: readings[-1] for post_id, readings in found.items() if readings}


async def cards(books: Books, posts: Sequence[Post], accounts: Sequence[Account]) -> list[Card]:
    """Put posts on cards, each with its latest reading."""
    by_id = {account.id: account for account in accounts}
    latest = await _latest(books, posts)
    return [
        Card(post, by_id.get(post.account_id), STATES[post.state], told(post, latest.get(post.id)), latest.get(post.id))
        for post in posts
    ]


def told(post: Post, last: Reading | None) -> str:
    """Say a post's latest numbers, and how old it was then; the age of an answer matters to nobody."""
    if last is None:
        return "not measured yet"
    return numbers(last.counts) + ("" if post.kind is Kind.REPLY else f", at {span(last.age_s)}")


def shared_reason(found: Sequence[Card]) -> str:
    """The reason that at least half of the cards, and two of them, have in common: told once for all; else empty."""
    reasons = Counter(card.post.choice.because for card in found if card.post.choice.because)
    reason, n = reasons.most_common(1)[0] if reasons else ("", 0)
    return reason if n > 1 and 2 * n >= len(found) else ""


async def overview(books: Books, clock: Clock) -> dict[str, Any]:
    """The first page: one light, the loop, ten layers, what comes and what went."""
    picture = await look(books, clock)
    health: list[Health] = layers(picture)
    needs = await books.posts(states=(State.PARKED, State.UNSURE), limit=20, newest_first=False)
    light = foremost(overall(health), await books.incidents(open_only=True))
    heads = [post for post in picture.upcoming if post.part == 0]
    coming = await cards(books, heads[:NEXT_MAX], picture.accounts)
    done = await cards(books, picture.published, picture.accounts)
    return {
        "now": picture.now,
        "light": light,
        "place": PLACES.get(light.part, "") if light.light is not Light.GREEN else "",
        "layers": health,
        "loop_steps": steps(picture, {card.post.id: card.reading for card in done if card.reading}),
        "next": coming,
        "shared": shared_reason(coming),
        "done": done,
        "needs": await cards(books, needs, picture.accounts),
        "proposed": sum(n for (_, state), n in picture.counts.items() if state is State.PROPOSED),
        "empty": not picture.accounts,
    }


def foremost(light: Health, found: Sequence[Incident]) -> Health:
    """The one light: an open incident that is a root speaks for everything, unless something is worse."""
    roots = [one for one in found if not one.root and one.severity is not Severity.INFO]
    if not roots:
        return light
    worst = max(roots, key=lambda one: (one.severity is Severity.CRITICAL, -one.opened_at))
    color = Light.RED if worst.severity is Severity.CRITICAL else Light.AMBER
    if light.light is Light.RED and color is not Light.RED:
        return light
    more = f" And {count(len(roots) - 1, 'more incident')}." if len(roots) > 1 else ""
    return Health(part="Incidents", light=color, sentence=f"{worst.title.rstrip('.')}.{more}", since=worst.opened_at)


async def approvals(books: Books, clock: Clock) -> dict[str, Any]:
    """Everything that waits for a person's yes, soonest due first; a thread stands under its head."""
    posts = await books.posts(states=(State.PROPOSED,), limit=PROPOSED_MAX, newest_first=False)
    heads = [post for post in posts if post.part == 0]
    threads = {post.id: await books.thread(post.thread_id) for post in heads if post.parts > 1}
    found = await cards(books, heads, await books.accounts())
    waiting = sum(n for (_, state), n in (await books.count_posts()).items() if state is State.PROPOSED)
    later = waiting - len(posts)
    return {"now": clock.now(), "cards": found, "threads": threads, "shared": shared_reason(found), "later": later}


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
        "may_retry": post.state in (State.DROPPED, State.REJECTED),
    }


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account with what holds it, how far its queue reaches and what comes next."""

    account: Account
    holds: list[Hold]
    paused: bool
    mode: str
    cover: str
    published: int
    proposed: int
    next: Post | None


async def accounts(books: Books, clock: Clock) -> dict[str, Any]:
    """Every account, the worst first."""
    picture = await look(books, clock)
    rows = [_account_row(picture, account) for account in picture.accounts]
    rows.sort(key=lambda row: (-len(row.holds), row.account.id))
    return {"now": picture.now, "rows": rows}


def _account_row(p: Picture, account: Account) -> AccountRow:
    holds = [hold for hold in p.holds if hold.account_id == account.id]
    hours = cover_h(p, account)
    return AccountRow(
        account=account,
        holds=holds,
        paused=any(hold.kind is HoldKind.PAUSED for hold in holds),
        mode=MODES[account.mode],
        cover=f"The queue reaches {span(hours * 3600)} ahead" if hours else "Nothing is approved ahead",
        published=p.counts.get((account.id, State.PUBLISHED), 0),
        proposed=p.counts.get((account.id, State.PROPOSED), 0),
        next=next((post for post in p.upcoming if post.account_id == account.id), None),
    )


def without_credentials(rows: Sequence[SettingRow]) -> list[SettingRow]:
    """Hide a password that somebody wrote into an address, such as ``https://me:secret@host``."""
    return [replace(row, value=re.sub(r"//[^/@\s]*@", "//(hidden)@", row.value)) for row in rows]


async def opportunities(books: Books, clock: Clock) -> dict[str, Any]:
    """Whom a person may answer, best first."""
    found = await books.targets(states=(TargetState.OPEN, TargetState.DRAFTED), limit=100)
    return {"now": clock.now(), "targets": found}


def ago(now: int, at: int | None) -> str:
    """Say how long ago an instant was, or how far ahead it is."""
    if at is None:
        return "never"
    seconds = (now - at) / SECOND_US
    if abs(seconds) < 1:
        return "now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"

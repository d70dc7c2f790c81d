"""The queue: what is due and why it waits, how far each account reaches, who sits in the lanes, what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from bowerbird.core.account import Account, Limited, host_of
from bowerbird.core.breaker import BreakerState, Position
from bowerbird.core.facts import Fact
from bowerbird.core.health import Light
from bowerbird.core.lifecycle import State
from bowerbird.core.lists import Place, Wanted
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US, Post
from bowerbird.core.story import TELL, count, span
from bowerbird.dashboard.asked import Asked, Books, SettingRow
from bowerbird.dashboard.drawing import title_of
from bowerbird.dashboard.layers import COVER_MIN_SHARE
from bowerbird.dashboard.limits import shared
from bowerbird.dashboard.seats import JOBS, LaneRow, lanes
from bowerbird.dashboard.skips import reasons
from bowerbird.dashboard.standing import RANKS, About, cover_h, look
from bowerbird.dashboard.waits import Around, Wait, why
from bowerbird.posting.pacing import quotas_for

DUE_MAX = 20
"""Posts that are due and shown."""
COMING_MAX = 12
"""Posts to come that are shown."""
COUNTED_MAX = 100
"""Posts to come that are counted."""
AHEAD_H = 6
"""So many hours ahead they are counted."""
COVERS_MAX = 50
"""Accounts shown, those with the least cover."""
LEFT_MAX = 15
"""Skips shown, and posts that were not sent."""
POSTING = "posting"
"""The lane in which posts are sent."""
NOT_SENT = ("missed", "expired", "forbidden", "withdrawn")
"""Facts that tell of a post which was not sent and will not be."""
DROPPED_MAX = 30
"""Posts looked through for the words of those that were not sent."""
QUEUED, DROPPED = Wanted(states=(State.QUEUED,)), Wanted(states=(State.DROPPED,))


@dataclass(frozen=True, slots=True)
class DueRow:
    """A post that is due, whose it is, and why it waits."""

    post: Post
    handle: str
    wait: Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverRow:
    """How far one account is covered.

    Args:
        hours, wanted: approved posts without a gap, and how many hours the account wants; words: the same, said.
        proposed: posts that wait for a person's yes.
    """

    account: Account
    light: Light
    word: str
    hours: float
    wanted: float
    words: str
    queued: int
    proposed: int
    next_due: int | None
    href: str


@dataclass(frozen=True, slots=True)
class Left:
    """Something that was left out: when, what, its address or empty, and why."""

    at: int
    what: str
    href: str
    why: str


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """What waits to be sent, and why."""
    about = await look(books, clock)
    now, accounts = about.now, await books.accounts()
    handles = {account.id: account.handle for account in accounts}
    seats = lanes(await books.snapshot(JOBS))
    posts = (await books.find_posts(QUEUED, newest_first=False, limit=DUE_MAX + 1)).posts
    due = [post for post in posts if post.due <= now]
    coming = (await books.find_posts(QUEUED, newest_first=False, after=Place(now + 1, ""), limit=COUNTED_MAX)).posts
    around = await _around(books, due, accounts, about, seats, asked.settings)
    rows = [DueRow(post, handles.get(post.account_id, post.account_id), why(post, around)) for post in due[:DUE_MAX]]
    covers = sorted((cover(account, about) for account in accounts), key=_worst)
    return {
        "now": now,
        "accounts": len(accounts),
        "due": rows,
        "more_due": len(due) > DUE_MAX,
        "summary": summary(rows, more=len(due) > DUE_MAX),
        "covers": covers[:COVERS_MAX],
        "others": max(0, len(covers) - COVERS_MAX),
        "coming": [(post, handles.get(post.account_id, post.account_id)) for post in heads(coming)[:COMING_MAX]],
        "ahead": ahead(coming, now),
        "lanes": seats,
        "skips": [skip(fact) for fact in await books.newest_facts(kinds=("job_skipped",), limit=LEFT_MAX)],
        "unsent": await _unsent(books),
    }


async def _unsent(books: Books) -> list[Left]:
    """The posts that were not sent, newest first, each by its first line where it is among the last that were due."""
    facts = await books.newest_facts(kinds=NOT_SENT, limit=LEFT_MAX)
    dropped = (await books.find_posts(DROPPED, limit=DROPPED_MAX)).posts if facts else ()
    titles = {post.id: title_of(post.payload.text) for post in dropped}
    return [unsent(fact, titles.get(fact.post_id, "A post")) for fact in facts]


async def _around(
    books: Books,
    due: Sequence[Post],
    accounts: Sequence[Account],
    about: About,
    seats: Sequence[LaneRow],
    settings: Sequence[SettingRow],
) -> Around:
    """What may hold these posts back: read once for all of them."""
    now, by_id = about.now, {account.id: account for account in accounts}
    free = [(by_id[post.account_id], post) for post in due if post.account_id in by_id]
    parts = {post.thread_id for post in due if post.part}
    paused = next((lane.paused["sentence"] for lane in seats if lane.name == POSTING and lane.paused), "")
    return Around(
        now=now, holds=about.holds, paused=paused, threads=await books.threads(parts) if parts else {},
        spared=spared([account for account, _ in free], await books.breakers()) if free else {},
        limited=await _limited(books, free, settings, now),
    )  # fmt: skip


def spared(accounts: Iterable[Account], breakers: Sequence[BreakerState]) -> dict[str, str]:
    """Say of each account of which every way to its host has a breaker that is not closed, why nothing goes there."""
    states = {state.name: state for state in breakers}
    found: dict[str, str] = {}
    for account in accounts:
        ways = [states.get(host_of(account, driver)) for driver in (account.platform, account.other_driver) if driver]
        shut = [state for state in ways if state and not _open_way(state, states)]
        if len(shut) == len(ways):
            found[account.id] = f"The breaker {shut[0].name} is not closed, so nothing is asked there."
    return found


def _open_way(state: BreakerState, states: Mapping[str, BreakerState]) -> bool:
    parent = states.get(state.parent)
    return state.position is Position.CLOSED and (parent is None or parent.position is Position.CLOSED)


async def _limited(
    books: Books, due: Sequence[tuple[Account, Post]], settings: Sequence[SettingRow], now: int
) -> dict[str, list[Limited]]:
    """The limits into which these posts do not fit just now: the head of a thread takes them for all its parts."""
    heads = [(account, post) for account, post in due if not post.part]
    if not heads:
        return {}
    learned, common = await books.learned(), shared(settings)
    quotas = {
        post.id: [replace(quota, cost=quota.cost * post.parts)
                  for quota in quotas_for(account, shared=common, learned=learned, now=now)]
        for account, post in heads
    }  # fmt: skip
    asked = dict.fromkeys(quota for mine in quotas.values() for quota in mine)
    full = {one.quota: one for one in await books.full(list(asked), now=now)}
    found = {post_id: [full[quota] for quota in mine if quota in full] for post_id, mine in quotas.items()}
    return {post_id: limits for post_id, limits in found.items() if limits}


def summary(rows: Sequence[DueRow], *, more: bool) -> Wait:
    """How it stands with what is due: the worst reason to wait speaks for all, and is not told again by each."""
    if not rows:
        sentence = "Nothing is due: everything whose time has come was sent."
        return Wait(light=Light.GREEN, word="nothing due", sentence=sentence)
    worst = min((row.wait for row in rows), key=lambda wait: RANKS.index(wait.light))
    n = f"More than {DUE_MAX} posts are" if more else f"{count(len(rows), 'post is', 'posts are')}"
    return replace(worst, sentence=f"{n} due and not sent. {worst.sentence}")


def cover(account: Account, about: About) -> CoverRow:
    """Say how far an account is covered."""
    queue, counts = about.queues.get(account.id), about.counts.get(account.id, {})
    hours = cover_h(about.figures.get(account.id, {}), queue, about.now)
    proposed = counts.get(State.PROPOSED, 0)
    light, word = _covered(hours / account.cover_h if account.cover_h else 1.0, proposed, new=not counts)
    return CoverRow(
        account=account, light=light, word=word, hours=round(hours, 4), wanted=account.cover_h,
        words=f"{span(hours * 3600)} of {span(account.cover_h * 3600)}",
        queued=counts.get(State.QUEUED, 0), proposed=proposed, next_due=queue.next_due if queue else None,
        href=f"/accounts/{quote(account.id, safe=':')}",
    )  # fmt: skip


def _covered(share: float, proposed: int, *, new: bool) -> tuple[Light, str]:
    if share >= COVER_MIN_SHARE:
        return Light.GREEN, "covered"
    if proposed:
        return Light.AMBER, "waits for your yes"
    if new:
        return Light.GREY, "new"
    return (Light.AMBER, "thin") if share else (Light.RED, "empty")


def _worst(row: CoverRow) -> tuple[int, float, str]:
    return RANKS.index(row.light), row.hours / row.wanted if row.wanted else 1.0, row.account.id


def heads(coming: Sequence[Post]) -> list[Post]:
    """The posts, each thread by its first part that is still to come."""
    ordered = sorted(coming, key=lambda post: (post.due, post.thread_id, post.part))
    firsts: dict[str, Post] = {}
    for post in ordered:
        firsts.setdefault(post.thread_id, post)
    return list(firsts.values())


def ahead(coming: Sequence[Post], now: int) -> str:
    """Say how many posts go within the next hours."""
    n = sum(post.due <= now + AHEAD_H * 3600 * SECOND_US for post in coming)
    if not coming:
        return ""
    least = "at least " if n == COUNTED_MAX else ""
    return f"Within the next {AHEAD_H} hours {least}{count(n, 'post goes', 'posts go')}."


def skip(fact: Fact) -> Left:
    """Slots of a job that nobody ran."""
    job, slots = str(fact.data.get("job", "")), int(fact.data.get("slots", 1))
    return Left(fact.at, f"{count(slots, 'run')} of {job}", f"/jobs/{quote(job)}", reasons(fact.data.get("why")))


def unsent(fact: Fact, title: str) -> Left:
    """A post that was not sent."""
    why = f"{fact.account_id}: {TELL[fact.kind][1](fact, fact.data)}"
    return Left(fact.at, title, f"/posts/{quote(fact.post_id)}", why)

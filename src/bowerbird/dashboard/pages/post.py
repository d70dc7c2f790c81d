"""One post's whole story: the same as `bowerbird why` tells, with what can be done about it and where else to look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bowerbird.core.account import Account, host_of
from bowerbird.core.breaker import BreakerState, Position
from bowerbird.core.health import Light
from bowerbird.core.incident import Incident
from bowerbird.core.lifecycle import FINAL, NEXT, Event, State
from bowerbird.core.ports import Clock
from bowerbird.core.post import Post
from bowerbird.core.story import STATES, Line, story
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.attempts import attempts
from bowerbird.dashboard.cards import Card, told
from bowerbird.dashboard.curves import curves
from bowerbird.dashboard.trace import Trace, stops
from bowerbird.posting.again import may_reslot

FACTS_MAX, READINGS_MAX = 500, 500
"""Facts and readings that a story is told from, here and by `bowerbird why`."""
INCIDENTS_MAX, INCIDENTS_SHOWN = 200, 5
"""Newest incidents looked through for those of its time, and how many are shown."""


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any] | None:
    """One post's whole story, with its numbers and the steps a person may take; None if there is no such post."""
    post, now = await books.post(asked.params["post_id"]), clock.now()
    if post is None:
        return None
    facts = await books.facts(post_id=post.id, limit=FACTS_MAX)
    readings = await books.readings(post_id=post.id, limit=READINGS_MAX)
    advice, account = await books.advice(post.account_id), await books.account(post.account_id)
    lines: list[Line] = story(post, facts, readings, learned=advice.sentence if advice else "")
    tries = attempts(facts)
    last = readings[-1] if readings else None
    incidents = await books.incidents(limit=INCIDENTS_MAX)
    return {
        "now": now,
        "card": Card(post, account, STATES[post.state], told(post, last), last),
        "stops": stops(Trace(post, account, facts, lines, readings, advice, tries)),
        "story": lines,
        "cut": len(facts) == FACTS_MAX,
        "attempts": tries,
        "curves": curves(readings),
        "thread": await books.thread(post.thread_id) if post.parts > 1 else [],
        "incidents": concerned(incidents, post, now)[:INCIDENTS_SHOWN],
        "breakers": switches(await books.breakers(), account),
        **deeds(post, now),
    }


def deeds(post: Post, now: int) -> dict[str, bool]:
    """What a person may do about a post, as it is."""
    steps = NEXT[post.state]
    return {
        "may_approve": Event.APPROVED in steps,
        "may_reject": Event.TURNED_DOWN in steps,
        "may_edit": Event.EDITED in steps,
        "may_withdraw": post.state in (State.QUEUED, State.SENDING, State.UNSURE) and not post.withdrawn,
        "may_settle": Event.SEEN in steps,
        "may_retry": post.state in (State.DROPPED, State.REJECTED),
        "may_reslot": may_reslot(post, now),
        "may_retract": post.state is State.PUBLISHED and post.remote is not None,
    }


def switches(breakers: Sequence[BreakerState], account: Account | None) -> list[tuple[BreakerState, Light]]:
    """The breakers that stand between an account and its platform, each with its light."""
    if account is None:
        return []
    drivers = [driver for driver in (account.platform, account.other_driver) if driver]
    names = {host_of(account, driver) for driver in drivers}
    names |= {each.parent for each in breakers if each.name in names and each.parent}
    lights = {Position.OPEN: Light.RED, Position.HALF_OPEN: Light.AMBER, Position.CLOSED: Light.GREEN}
    return [(each, lights[each.position]) for each in breakers if each.name in names]


def concerned(incidents: Sequence[Incident], post: Post, now: int) -> list[Incident]:
    """The incidents of the post's account, or of everything, that were open while it was under way; newest first."""
    ended_at = post.since if post.state in FINAL else now
    return [
        one for one in incidents
        if (one.scope == post.account_id or not (one.scope or one.root))
        and one.opened_at <= max(ended_at, post.due) and (one.closed_at is None or one.closed_at >= post.due)
    ]  # fmt: skip

"""One post's whole story."""

from __future__ import annotations

from typing import Any

from bowerbird.core.lifecycle import NEXT, Event, State
from bowerbird.core.ports import Clock
from bowerbird.core.story import Line, story
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.cards import cards


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any] | None:
    """One post's whole story, with its numbers and the steps a person may take; None if there is no such post."""
    post = await books.post(asked.params["post_id"])
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

"""A person's own post, through the same gates as everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bowerbird.core.account import Account
from bowerbird.core.books import Batch, Committed, Posts, Recorder
from bowerbird.core.errors import BadInput
from bowerbird.core.lifecycle import DAY_S, LATE_S, State
from bowerbird.core.ports import Chance, Clock, Platform
from bowerbird.core.post import SECOND_US, Card, Choice, Media, Post
from bowerbird.core.review import split_thread
from bowerbird.core.text import tidy
from bowerbird.planning.calendar import next_slots
from bowerbird.planning.gate import Passed, open_gate
from bowerbird.planning.rows import facts_of, let_go, make_posts

AHEAD_MAX_S = 366 * DAY_S
"""The farthest a post may be planned ahead."""
PAST_S = 60.0
"""A time that has passed by less than this is meant as now."""
HELD = (State.PROPOSED, State.QUEUED, State.SENDING, State.UNSURE, State.PARKED, State.PUBLISHED)


class Desk(Recorder, Posts, Protocol):
    """What a proposal needs of the books."""


async def propose(
    storage: Desk,
    platform: Platform,
    account: Account,
    text: str,
    *,
    by: str,
    clock: Clock,
    chance: Chance,
    due: int | None = None,
    thread: bool = False,
    late_s: float = LATE_S,
    approved: bool = True,
    media: Sequence[Media] = (),
    card: Card | None = None,
) -> Post:
    """Store a person's post and return it (the head, where it is a thread).

    1. The text is tidied, and cut into a thread if `thread` allows it and it is too long for one post.
    2. It passes the same gates as every candidate.
    3. It is due at `due` (microseconds), or in the next free slot, or now where there are no slots.
    4. It is stored as approved by the person `by`, or as a proposal.

    Raises `BadInput` with every gate's sentence, or when the time is in the past or more than a year away.
    """
    now = clock.now()
    if due is not None and not now - PAST_S * SECOND_US <= due <= now + AHEAD_MAX_S * SECOND_US:
        raise BadInput("the time of a post must lie ahead, by a year at most")
    at = due if due is not None else await next_free(storage, account, now)
    can, text = platform.capabilities, tidy(text)
    texts = split_thread(text, can.text_max, platform.length, bytes_max=can.bytes_max) if thread else [text]
    choice = Choice(writer="person", because=f"Written by {by}.")
    parts = make_posts(
        account, texts, due=at, choice=choice, now=now, chance=chance, late_s=late_s, media=media, card=card
    )
    posts = let_go(parts, by=by if approved else "")
    verdict = await (await open_gate(storage, account, platform)).judge(posts)
    if not isinstance(verdict, Passed):
        raise BadInput(" ".join(rejection.sentence for rejection in verdict))
    facts = tuple(facts_of(posts, by=by, gates=verdict.told()))
    if not isinstance(await storage.record(Batch(new_posts=posts, facts=facts)), Committed):
        raise BadInput("somebody else stored the same post just now; look at the queue and try again")
    return posts[0]


async def next_free(storage: Posts, account: Account, now: int) -> int:
    """Return the instant of the account's next free slot within two weeks, or `now` if there is none."""
    ahead = await storage.posts(states=HELD, account_id=account.id, limit=1_000)
    free = next_slots(account, {post.due for post in ahead}, now, now + int(14 * DAY_S * SECOND_US))
    return free[0].at if free else now

"""From words to rows: one post, or one for each part of a thread, with the facts that say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bowerbird.clock import mint_tid
from bowerbird.core.account import Account
from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import LATE_S, State
from bowerbird.core.ports import Chance
from bowerbird.core.post import Card, Choice, Media, Payload, Post, expiry


def make_posts(
    account: Account,
    texts: Sequence[str],
    *,
    due: int,
    choice: Choice,
    now: int,
    chance: Chance,
    late_s: float = LATE_S,
    media: Sequence[Media] = (),
    card: Card | None = None,
) -> tuple[Post, ...]:
    """Return the rows of a proposal; all parts are due together, pictures and card go with the first."""
    names = [chance.name("post") for _ in texts]
    return tuple(
        Post(
            id=name,
            account_id=account.id,
            workspace_id=account.workspace_id,
            key=mint_tid(now, chance.stream("keys")),
            thread_id=names[0],
            part=part,
            parts=len(texts),
            payload=Payload(text=text, media=() if part else tuple(media), card=None if part else card),
            choice=choice,
            state=State.PROPOSED,
            since=now,
            created_at=now,
            due=due,
            expires_at=expiry(due, late_s=late_s),
        )
        for part, (name, text) in enumerate(zip(names, texts, strict=True))
    )


def let_go(posts: Sequence[Post], *, by: str) -> tuple[Post, ...]:
    """Return new rows as approved by this person or mode from the start; unchanged if `by` is empty."""
    if not by:
        return tuple(posts)
    return tuple(replace(post, state=State.QUEUED, approved_by=by, approved_at=post.created_at) for post in posts)


def facts_of(posts: Sequence[Post], *, by: str, gates: Mapping[str, object] | None = None) -> list[Fact]:
    """Return `planned` for each part, with what the gates found, and `approved` for those that may go."""
    facts = []
    for post in posts:
        about = {"due": post.due, "slot": post.choice.slot, "part": post.part, "because": post.choice.because}
        facts.append(_fact("planned", post, by, {**about, **(gates or {})}))
        if post.approved_by:
            facts.append(_fact("approved", post, by, {"by": post.approved_by, "version": post.version}))
    return facts


def _fact(kind: str, post: Post, by: str, data: dict[str, object]) -> Fact:
    return Fact(kind=kind, at=post.created_at, by=by, account_id=post.account_id, post_id=post.id, data=data)

"""Posts as cards: with the account, the state in words and the latest numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bowerbird.core.account import Account
from bowerbird.core.findings import Reading
from bowerbird.core.post import Kind, Post
from bowerbird.core.story import STATES, numbers, span
from bowerbird.dashboard.asked import Books
from bowerbird.dashboard.picture import latest


@dataclass(frozen=True, slots=True)
class Card:
    """A post on a page: with its state in words and its latest numbers."""

    post: Post
    account: Account | None
    state: str
    numbers: str
    reading: Reading | None


async def cards(books: Books, posts: Sequence[Post], accounts: Sequence[Account]) -> list[Card]:
    """Put posts on cards, each with its latest reading."""
    by_id = {account.id: account for account in accounts}
    newest = await latest(books, posts)
    return [
        Card(post, by_id.get(post.account_id), STATES[post.state], told(post, newest.get(post.id)), newest.get(post.id))
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

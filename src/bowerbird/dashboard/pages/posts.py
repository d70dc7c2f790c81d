"""Every post there is, fifty at a time: narrowed by account, state, kind and words, by due time or by publication."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

from bowerbird.core.lifecycle import State
from bowerbird.core.lists import Order, Place, Wanted
from bowerbird.core.ports import Clock
from bowerbird.core.post import Kind
from bowerbird.core.story import STATES
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.cards import cards

ROWS = 50
"""Posts on a page."""
WORDS_MAX = 100
"""Longest words looked for, in characters."""
ORDERS = {Order.DUE: "When they are due", Order.PUBLISHED: "When they were published"}
KINDS = {Kind.POST: "Posts", Kind.REPLY: "Answers"}

W = TypeVar("W", bound=StrEnum)


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """One page of the list, and where the next one begins."""
    wanted, order = wanted_of(asked.query), one_of(Order, asked.query.get("by", "")) or Order.DUE
    newest_first = asked.query.get("first") != "oldest"
    accounts = await books.accounts()
    after = place_of(asked.query.get("after", ""))
    found = await books.find_posts(wanted, order=order, newest_first=newest_first, after=after, limit=ROWS)
    return {
        "now": clock.now(),
        "cards": await cards(books, found.posts, accounts),
        "accounts": [("", "Every account"), *((account.id, account.handle) for account in accounts)],
        "states": [("", "Every state"), *((state.value, words) for state, words in STATES.items())],
        "kinds": [("", "Posts and answers"), *KINDS.items()],
        "orders": list(ORDERS.items()),
        "directions": [("newest", "Newest first"), ("oldest", "Oldest first")],
        "wanted": wanted,
        "order": order,
        "newest_first": newest_first,
        "count": await _counted(books, wanted),
        "first": path(asked.query) if after else "",
        "next": path(asked.query, found.after) if found.after else "",
    }


def wanted_of(query: Mapping[str, str]) -> Wanted:
    """Return what the list is narrowed to; a word that means nothing narrows nothing."""
    state = one_of(State, query.get("state", ""))
    return Wanted(
        states=(state,) if state else (),
        account_id=query.get("account", ""),
        kind=one_of(Kind, query.get("kind", "")),
        words=query.get("words", "").strip()[:WORDS_MAX],
    )


def one_of(kind: type[W], word: str) -> W | None:
    """Return the member of this name, or None."""
    return next((member for member in kind if member.value == word), None)


def place_of(word: str) -> Place | None:
    """Return the place that a link names (``<microseconds>-<id>``), or None if it names none."""
    at, _, post_id = word.partition("-")
    return Place(int(at), post_id) if at.isascii() and at.isdigit() and len(at) < len(str(2**63)) else None


def path(query: Mapping[str, str], after: Place | None = None) -> str:
    """Return the address of the same list, from a place on."""
    kept = {name: query[name] for name in ("account", "state", "kind", "words", "by", "first") if query.get(name)}
    if after is not None:
        kept["after"] = f"{after.at}-{after.id}"
    return f"/posts?{urlencode(kept)}" if kept else "/posts"


async def _counted(books: Books, wanted: Wanted) -> int | None:
    """How many there are; None where that is not kept, for counting them would take long."""
    if wanted.words or wanted.kind is not None:
        return None
    counts = (await books.count_posts()).items()
    return sum(
        n
        for (account_id, state), n in counts
        if wanted.account_id in {"", account_id} and (not wanted.states or state in wanted.states)
    )

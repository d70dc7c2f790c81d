"""Every account, the worst first, fifty at a time: narrowed by words, and by how they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from bowerbird.core.account import Account
from bowerbird.core.health import Light
from bowerbird.core.ports import Clock
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.standing import RANKS, Standing, look, standing

ROWS = 50
"""Accounts on a page; as many can be ticked."""
SEARCH_FROM = 8
"""With fewer accounts than this nobody needs to search."""
WORDS_MAX = 100
"""Longest words looked for, in characters."""

SHOWN: dict[str, tuple[str, Callable[[Standing], bool]]] = {
    "": ("All", lambda row: True),
    "trouble": ("In trouble", lambda row: row.light in (Light.RED, Light.AMBER)),
    "held": ("Held", lambda row: bool(row.holds)),
    "free": ("Free to post", lambda row: not row.holds),
}
"""The ways to narrow the list, each with its label."""


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """One page of accounts, and where the next one begins."""
    words = asked.query.get("words", "").strip()[:WORDS_MAX]
    shown = asked.query.get("show", "") if asked.query.get("show", "") in SHOWN else ""
    accounts, about = await books.accounts(), await look(books, clock)
    rows = sorted((standing(a, about) for a in accounts if _has(a, words)), key=lambda row: row.place)
    wanted = [row for row in rows if SHOWN[shown][1](row)]
    page, after = _page(wanted, asked.query.get("after", ""))
    return {
        "now": about.now,
        "rows": page,
        "total": len(accounts),
        "search": len(accounts) >= SEARCH_FROM or bool(words),
        "words": words,
        "shown": shown,
        "choices": [
            (path(words, name), f"{label} {sum(map(fits, rows)):,}", name == shown)
            for name, (label, fits) in SHOWN.items()
        ],
        "first": path(words, shown) if asked.query.get("after") else "",
        "next": path(words, shown, after) if after else "",
    }


def _has(account: Account, words: str) -> bool:
    return words.casefold() in f"{account.handle} {account.id}".casefold()


def _page(rows: Sequence[Standing], after: str) -> tuple[Sequence[Standing], str]:
    """The rows after this place, and the place at which they end if there are more."""
    place = _place(after)
    rest = [row for row in rows if row.place > place]
    page = rest[:ROWS]
    return page, f"{page[-1].place[0]}-{page[-1].account.id}" if len(rest) > ROWS else ""


def _place(word: str) -> tuple[int, str]:
    rank, _, account_id = word.partition("-")
    return (int(rank), account_id) if rank in {str(n) for n in range(len(RANKS))} else (-1, "")


def path(words: str, shown: str, after: str = "") -> str:
    """Return the address of the same list, from a place on."""
    kept: Mapping[str, str] = {
        name: value for name, value in (("words", words), ("show", shown), ("after", after)) if value
    }
    return f"/accounts?{urlencode(kept)}" if kept else "/accounts"

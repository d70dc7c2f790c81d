"""Everything that waits for a person's yes."""

from __future__ import annotations

from typing import Any

from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Clock
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.cards import cards, shared_reason

PROPOSED_MAX = 40
"""Posts shown; the others follow as these are decided."""


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Everything that waits for a person's yes, soonest due first; a thread stands under its head."""
    posts = await books.posts(states=(State.PROPOSED,), limit=PROPOSED_MAX, newest_first=False)
    heads = [post for post in posts if post.part == 0]
    threads = await books.threads([post.thread_id for post in heads if post.parts > 1])
    found = await cards(books, heads, await books.accounts())
    waiting = sum(n for (_, state), n in (await books.count_posts()).items() if state is State.PROPOSED)
    later = waiting - len(posts)
    return {"now": clock.now(), "cards": found, "threads": threads, "shared": shared_reason(found), "later": later}

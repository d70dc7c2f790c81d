"""What will be cached, and what is done without: nothing is yet, and no number says otherwise."""

from __future__ import annotations

from typing import Any

from bowerbird.core.ports import Clock
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.head import head
from bowerbird.dashboard.layers import cache
from bowerbird.dashboard.picture import ground

CLASSES: tuple[tuple[str, str, str], ...] = (
    ("Advice of the learner", "read anew for every plan", "until a new version is learned"),
    ("What was said lately", "read anew for every text", "until the next post is planned"),
    ("Sessions", "kept in the books, encrypted", "as long as the platform lets them live"),
    ("Answers of platforms", "asked anew each time", "as long as the platform says"),
)
"""Each class of data that may be cached: how it is had today, and how long it will be kept."""


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Say what there will be."""
    p = await ground(books, clock, asked.beside)
    return {"now": p.now, "head": head(p, cache(p)), "classes": CLASSES}

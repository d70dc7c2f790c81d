"""Where a page of posts ends: the same for every engine."""

from __future__ import annotations

from collections.abc import Iterable

from bowerbird.core.lists import LOOKED_MAX, Place

Candidate = tuple[int, str, str]
"""What is looked at before a post is read: the instant it is listed by, its id and its text."""


def place_of(candidate: Candidate) -> tuple[int, str]:
    """Return what candidates are in order of."""
    return candidate[0], candidate[1]


def page(candidates: Iterable[Candidate], words: str, limit: int) -> tuple[list[str], Place | None]:
    """Return the ids on a page that begins with the first of these candidates, and where the next one begins.

    It ends when it is full, when there are no more, or after `LOOKED_MAX` candidates: no page looks through all.
    """
    sought = words.casefold()
    ids: list[str] = []
    last: Place | None = None
    for looked, (at, post_id, text) in enumerate(candidates):
        if len(ids) == limit or looked == LOOKED_MAX:
            return ids, last
        last = Place(at, post_id)
        if sought in text.casefold():
            ids.append(post_id)
    return ids, None


def bounds(before: Place | None) -> dict[str, int | str]:
    """Return the parameters of a list that begins before a place, none for one that begins with the newest."""
    return {} if before is None else {"before_at": before.at, "before_id": before.id}

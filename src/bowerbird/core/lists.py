"""How to ask for a part of a list that is longer than a page, and what comes back.

A page is found by where the one before it ended (keyset paging), so the thousandth costs what the first does, and a
row that is written meanwhile neither repeats another nor hides it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bowerbird.core.lifecycle import State
from bowerbird.core.post import Kind, Post

LOOKED_MAX = 5000
"""Posts looked through for some words before a page ends, however few were found; the next page goes on from there."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a page ended: the instant by which the list is in order (microseconds), and the row's id."""

    at: int
    id: str


class Order(StrEnum):
    """By which instant posts are listed; those that lack it are left out."""

    DUE = "due"
    PUBLISHED = "published_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which posts a list is about: each field narrows it, and an empty one does not.

    Args:
        words: found anywhere in the text, whatever their case.
    """

    states: tuple[State, ...] = ()
    account_id: str = ""
    kind: Kind | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of posts.

    Args:
        posts: in order; with `Wanted.words` a page may hold few of them, or none, and still not be the last.
        after: where the next page begins; None if this is the last one.
    """

    posts: tuple[Post, ...]
    after: Place | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """How far an account's QUEUED posts reach: the next one's id, when it is due and when the last one is."""

    next_id: str
    next_due: int
    last_due: int

"""When the cast speaks next: its own turns, and its answers to our posts.

Nothing runs in the background. Turns come every `SLOT_S` sandbox seconds; every `MENTION_EVERY`-th addresses one of
our accounts, the first of them at the first turn. Answers come at the ages that a post's fate holds.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from bowerbird.sandbox import cast, features
from bowerbird.sandbox.people import Draft
from bowerbird.sandbox.state import State

SLOT_S = 300.0
"""Sandbox seconds between two turns."""
MENTION_EVERY = 3
CHATTER_SHARE = 0.7
"""Share of the other turns at which somebody says something."""
CATCH_UP_TURNS = 48
"""Turns made up for after a pause; before that nobody spoke."""
BATCH_MAX = 500
"""Records made at once; what is left comes with the next request."""


@dataclass(frozen=True, slots=True)
class Line:
    """Something that one of the cast says at an instant; `marks` go into the record."""

    speaker: str
    draft: Draft
    at: int
    marks: dict[str, Any] = field(default_factory=dict)


class Turns:
    """The cast's agenda."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._answers: list[tuple[int, str, int]] = []
        self._next = 1

    def book(self, post_id: str) -> None:
        """After a post of ours, or an answer to one, note when the next answer is due."""
        post = self._state.posts[post_id]
        asked = post.id if self._state.accounts[post.account].ours else post.parent
        post = self._state.posts.get(asked or "", post)
        ages = post.fate.events["replies"]
        if self._state.accounts[post.account].ours and post.next_answer < len(ages):
            at = post.at + self._state.wall_us(ages[post.next_answer] * 3_600)
            heapq.heappush(self._answers, (at, post.id, post.next_answer))

    def next_at(self) -> int:
        """Return the instant at which somebody speaks next."""
        turn_at = self._turn_at(max(self._next, self._state.last_turn + 1))
        return min(turn_at, self._answers[0][0]) if self._answers else turn_at

    def due(self, now: int) -> Iterator[Line]:
        """Give what was due by now, each line once."""
        for _ in range(BATCH_MAX):
            if not self._answers or self._answers[0][0] > now:
                break
            yield from self._answer(*heapq.heappop(self._answers))
        reached = int((now - self._state.began_at) / self._state.wall_us(SLOT_S))
        self._next = max(self._next, self._state.last_turn + 1, reached - CATCH_UP_TURNS)
        while self._turn_at(self._next) <= now:
            yield from self._turn(self._next)
            self._next += 1

    def _turn_at(self, turn: int) -> int:
        return self._state.began_at + turn * self._state.wall_us(SLOT_S)

    def _turn(self, turn: int) -> Iterator[Line]:
        draw = self._state.stream(f"cast/turn/{turn}")
        ours = [account.handle for account in self._state.accounts.values() if account.ours]
        if ours and turn % MENTION_EVERY == 1:
            whom = ours[turn // MENTION_EVERY % len(ours)]
            yield self._line(draw, cast.address(draw, whom), self._turn_at(turn), turn=turn)
        elif draw.random() < CHATTER_SHARE:
            yield self._line(draw, cast.chatter(draw), self._turn_at(turn), turn=turn)

    def _answer(self, at: int, post_id: str, number: int) -> Iterator[Line]:
        post = self._state.posts[post_id]
        if not post.removed and post.next_answer == number:
            draw = self._state.stream(f"cast/answer/{post_id}/{number}")
            text = cast.answer(draw, features.topic_of(post.text))
            yield self._line(draw, text, at, parent=post_id, number=number)

    @staticmethod
    def _line(draw: Random, text: str, at: int, *, parent: str | None = None, **marks: int) -> Line:
        return Line(cast.somebody(draw).handle, Draft(text=text, reply_to=parent), at, marks)

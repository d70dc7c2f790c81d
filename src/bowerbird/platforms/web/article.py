"""One post as a site shows it, and by which rung of the ladder we know that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bowerbird.core.findings import Counts

CONFIDENCE: Mapping[str, float] = {"answer": 1.0, "testid": 0.95, "aria": 0.9, "labels": 0.7}
"""How far a record of each rung is trusted, first rung first. Everything but the first reads what people see, and the
last has to take a button's word for what it is."""
RUNGS = tuple(CONFIDENCE)
MOVES, MOVES_LEAST = 0.1, 3
"""By how much a number may grow while a page is read, of one, and how much at least: posts are looked at when they are
young, and a rung that reads another number than the others is not a tenth off."""
PARTLY = 0.5
"""What remains of it where a number that the page has could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One post: its path and author, when (microseconds), its words and its numbers.

    Args:
        strategy: the rung that read it, a word of `RUNGS`.
        partly: a number is there that could not be read.
    """

    id: str
    author: str
    path: str
    at: int
    text: str
    counts: Counts
    strategy: str
    partly: bool = False

    @property
    def confidence(self) -> float:
        """How far this record is trusted, 0 to 1."""
        return CONFIDENCE[self.strategy] * (PARTLY if self.partly else 1.0)

    def agrees(self, other: Article) -> bool:
        """Tell whether two rungs say the same of one post: who said it, and each number that both can see.

        A number may have moved on between the two readings: by three, or by a tenth.
        """
        mine, yours = self.counts, other.counts
        pairs = (
            (mine.likes, yours.likes),
            (mine.reposts, yours.reposts),
            (mine.replies, yours.replies),
            (mine.impressions, yours.impressions),
        )
        same = all(
            abs(one - two) <= max(MOVES_LEAST, MOVES * max(one, two))
            for one, two in pairs
            if one is not None and two is not None
        )
        return same and (self.id, self.author.lower()) == (other.id, other.author.lower())

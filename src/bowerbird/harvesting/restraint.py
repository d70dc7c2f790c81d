"""How much is enough: answers stay a conversation and never become a stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bowerbird.core.findings import Seen
from bowerbird.core.post import SECOND_US, Post
from bowerbird.harvesting.replier import COURTESIES

PER_AUTHOR_MAX = 2
"""Answers to one author in a day; another robot that answers our answers is not talked to for ever."""
PER_CONVERSATION_MAX = 3
"""Answers below one post in a day: a thread that is half ours is not a conversation."""
COURTESIES_MAX = 4
"""Answers in a day that only say thanks, or that we do not know."""
DAY_S = 86_400.0
REPEAT_S = 7 * DAY_S
"""The same words are not used for a second answer within this long, in seconds."""


@dataclass
class Restraint:
    """How much we have answered lately, so that answers stay a conversation and never become a stream.

    Args:
        authors, places: answers of the last day by author, and by the post at the root of the conversation.
        courtesies: those of them that only said thanks, or that we do not know.
        texts: words of the last `REPEAT_S`, which are not used again.
    """

    authors: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    courtesies: int = 0
    texts: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, replies: Sequence[Post], *, now: int) -> Restraint:
        """Count what was said; only what is recent counts."""
        restraint = cls()
        restraint.texts = [post.payload.text for post in replies if now - post.created_at < REPEAT_S * SECOND_US]
        for post in replies:
            if now - post.created_at < DAY_S * SECOND_US:
                restraint._tally(post)
        return restraint

    @property
    def courteous(self) -> bool:
        """True while one more courtesy is welcome."""
        return self.courtesies < COURTESIES_MAX

    def enough(self, seen: Seen) -> str:
        """Why this one is not answered by ourselves any more; empty if it may be."""
        if self.authors[plain(seen.author)] >= PER_AUTHOR_MAX:
            return "They were answered often enough for a day; answer yourself if you like."
        if self.places[(seen.root or seen.ref).id] >= PER_CONVERSATION_MAX:
            return "There are enough answers of ours below this post for a day; answer yourself if you like."
        return ""

    def count(self, post: Post) -> None:
        """Count an answer that was just made."""
        self.texts.append(post.payload.text)
        self._tally(post)

    def _tally(self, post: Post) -> None:
        if post.payload.reply_to:
            self.authors[plain(post.payload.reply_to.author)] += 1
            self.places[post.payload.reply_to.root.id] += 1
        self.courtesies += post.payload.text in COURTESIES


def plain(author: str) -> str:
    """A handle as it is compared."""
    return author.casefold().lstrip("@")

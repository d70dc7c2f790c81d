"""The gate between a text and the queue: the same for a writer's candidate, a person's post and an edit.

`core.review` looks at the text and `core.policy` at the rules; this room only brings what they need from the books.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bowerbird.core.account import Account
from bowerbird.core.books import Posts
from bowerbird.core.policy import Context, Ruling, judge_post
from bowerbird.core.ports import Platform
from bowerbird.core.post import Post
from bowerbird.core.review import Rejection, Said, review

SAID_MAX = 500
"""Posts whose exact words are never said again."""
NOVELTY = 150
"""Newest posts that are not said again in nearly the same words either (50 days at three a day)."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A candidate that may be stored, and whether a rule asks that a person sees it first.

    `likeness` is how like it is to what is most like it of all that the account said, 0 to 1.
    """

    to_person: bool = False
    rule: str = ""
    likeness: float = 0.0

    def told(self) -> dict[str, object]:
        """What a person who is asked may want to know, for the fact of the post."""
        return {"likeness": round(self.likeness, 2)} | ({"rule": self.rule} if self.rule else {})


@dataclass(frozen=True, slots=True)
class Gate:
    """Everything a text is compared with: the account, its platform, and what it has said.

    `claims` are the ids of the bank's claims that were said lately, for the writer to avoid.
    """

    account: Account
    platform: Platform
    posts: Posts
    said: Said
    claims: frozenset[str] = frozenset()

    async def judge(self, parts: Sequence[Post]) -> Passed | list[Rejection]:
        """Return what is wrong with a post or the parts of a thread, or that it may be stored.

        1. The text: seen, fitting, well formed, new (`review`).
        2. The rules: nothing that another account says, nothing that is forbidden (`judge_post`). Whether the
           account is attested is not asked here, since a post may well be written before; publishing asks.
        """
        if found := self._review(parts):
            return found
        verdicts = []
        for part in parts:
            elsewhere = await self.posts.said_elsewhere(part.payload.text_hash, account_id=self.account.id)
            context = {Context.SAME_TEXT} if elsewhere else set()
            verdicts.append(judge_post(replace(self.account, labelled=True, operator="the owner"), part, context))
        if forbidden := [verdict for verdict in verdicts if verdict.ruling is Ruling.FORBIDDEN]:
            return [Rejection("forbidden", f"{verdict.rule} ({verdict.source})") for verdict in forbidden[:1]]
        asked = [verdict.rule for verdict in verdicts if verdict.ruling is Ruling.TO_PERSON]
        likeness = max((self.said.likeness(part.payload.text) for part in parts), default=0.0)
        return Passed(to_person=bool(asked), rule=asked[0] if asked else "", likeness=likeness)

    def _review(self, parts: Sequence[Post]) -> list[Rejection]:
        can, head = self.platform.capabilities, parts[0].payload if parts else None
        return review(
            [part.payload.text for part in parts],
            length=self.platform.length,
            text_max=can.text_max,
            bytes_max=can.bytes_max,
            said=self.said,
            media=[picture for part in parts for picture in part.payload.media],
            media_max=can.media_max * max(1, len(parts)),
            card_url=head.card.url if head and head.card else "",
        )


async def open_gate(posts: Posts, account: Account, platform: Platform, *, but: str = "") -> Gate:
    """Return the gate of an account as it is now; a post being edited is named by `but` and does not count."""
    said = [post for post in await posts.said(account.id, limit=SAID_MAX) if post.thread_id != but]
    texts = [post.payload.text for post in said]
    claims = frozenset(filter(None, (post.choice.claim_id for post in said[:NOVELTY])))
    return Gate(account, platform, posts, Said(texts[:NOVELTY], older=texts[NOVELTY:]), claims)

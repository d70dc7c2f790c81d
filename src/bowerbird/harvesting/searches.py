"""Look for posts on the account's subjects, for a person to answer: nothing found here is ever sent by itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bowerbird.core.account import Account
from bowerbird.core.books import Batch
from bowerbird.core.ports import Clock, Platform
from bowerbird.core.post import SECOND_US
from bowerbird.harvesting.asking import Asker, Books
from bowerbird.harvesting.targets import stale, taken, target, target_id

QUERY_EVERY_S = 900.0
"""No query is asked twice within this window, in seconds, whatever restarts in between."""
RESULTS_MAX = 25
SCORE_MIN = 20.0
"""What is worth less is not shown to anybody."""


@dataclass
class Searches:
    """Asks the queries of accounts, each at most once per window.

    Args:
        every_s: the window, in seconds.
    """

    storage: Books
    asker: Asker
    clock: Clock
    every_s: float = QUERY_EVERY_S

    async def search(
        self, account: Account, platform: Platform, topics: Collection[str], *, but: Collection[str] = ()
    ) -> int:
        """Ask the account's queries that are due; return how many opportunities were new.

        1. The window is taken before the question, so a crash or a failure costs one window and no second question.
        2. An answer that is unknown is a fact; the window passes, and it is asked again.
        3. What is new, fresh and worth it becomes a target for a person; our own accounts (`but`) do not.
        """
        new = 0
        for query in dict.fromkeys(account.searches):
            if await self._due(account, query) and await self.asker.may(account.id):
                await self.storage.record(Batch(cursors={_place(account, query): self.clock.now()}))
                new += await self._ask(account, platform, query, topics, but)
        return new

    async def _due(self, account: Account, query: str) -> bool:
        asked_at = await self.storage.cursor(_place(account, query))
        return self.clock.now() - asked_at >= self.every_s * SECOND_US

    async def _ask(
        self, account: Account, platform: Platform, query: str, topics: Collection[str], but: Collection[str]
    ) -> int:
        what = f"search {query!r}"
        found = await self.asker.ask(account.id, what, lambda: platform.search(query, RESULTS_MAX))
        if found is None:
            return 0
        now = self.clock.now()
        tame = [
            seen
            for seen in (taken(each, now) for each in found)
            if seen and seen.author.casefold().lstrip("@") not in but
        ]
        fresh = {target_id(account.id, seen): seen for seen in tame if not stale(seen, now)}
        known = {each for each in fresh if await self.storage.target(each) is not None}
        made = [target(account.id, s, topics, addressed=False, now=now) for i, s in fresh.items() if i not in known]
        targets = tuple(t for t in made if t.score >= SCORE_MIN and t.seen.author != account.handle)
        fact = self.asker.fact(
            "harvested", account.id, what=what, found=len(found), fresh=len(fresh), known=len(known), new=len(targets)
        )
        await self.storage.record(Batch(targets=targets, facts=(fact,)))
        return len(targets)


def _place(account: Account, query: str) -> str:
    return f"search:{account.id}:{query}"

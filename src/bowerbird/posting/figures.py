"""The numbers of posting: how attempts ended, how long they took, what waits, and how fast its error budget burns.

Facts are read by cursor, so a look costs what is new; what waits is asked of the books, which hold little of it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bowerbird.core.account import HoldKind
from bowerbird.core.books import Journal, Ledger, Posts
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US, Post
from bowerbird.posting.burn import LONGEST_S, End, burn_rates

ENDS = {"confirmed": True, "refused": False, "unreached": False, "held": False, "lost_touch": False}
"""Facts that end an attempt, and whether the post is there."""
NEUTRAL = ("postponed", "forbidden")
"""Facts that end an attempt and say nothing about how well posting works: limits and rules did what they are for."""
LATER = {"found": True, "confirmed_late": True, "missed": False}
"""What is known of a post after its attempt: a doubt was settled, or it did not go within its time."""
STEPS = ("claimed", "frozen", "measured")
KINDS = (*ENDS, *NEUTRAL, *LATER, *STEPS)
PAGE = 500
PAGES_MAX = 20
HISTORY_MAX = 1_000
"""Facts looked at when the engine starts, for the rates of the hours before."""
POSTS_MAX = 2_000
"""Posts whose steps are remembered."""
TIMES_MAX = 200
"""Times per stage that quantiles are made of."""
WAITING_MAX = 200
"""Posts looked through for those that wait."""
ACCOUNTS_MAX = 500
"""Accounts whose numbers are shown."""
QUANTILES = (0.5, 0.95)


class Books(Posts, Ledger, Journal, Protocol):
    """What the numbers are read from."""


@dataclass
class Figures:
    """Follows the facts of posting.

    Counters begin with the process, as Prometheus expects; rates know the hours before as well.
    """

    storage: Books
    clock: Clock
    _cursor: int | None = None
    _counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _ends: dict[str, End] = field(default_factory=dict)
    _steps: dict[str, dict[str, int]] = field(default_factory=dict)
    _times: dict[str, deque[float]] = field(default_factory=dict)
    _seen: dict[str, float] = field(default_factory=dict)

    async def samples(self) -> list[Sample]:
        """Read what is new, look at what waits, and return every number; raises `StorageError`."""
        await self._read()
        counted = [
            Sample(name="bowerbird_attempts_total", value=n, labels={"account": who, "outcome": how, "reason": why})
            for (who, how, why), n in self._counts.items()
        ]
        rates = burn_rates(self._ends.values(), now=self.clock.now())
        burning = [
            Sample(name="bowerbird_posting_burn_rate", value=rate, labels={"window": window})
            for window, rate in rates.items()
        ]
        return [*counted, *burning, *self._taking(), *await self._waiting()]

    # --- what happened -----------------------------------------------------------------------------------------

    async def _read(self) -> None:
        if self._cursor is None:
            past = await self.storage.newest_facts(kinds=KINDS, limit=HISTORY_MAX)
            paused = await self._paused()
            for fact in reversed(past):
                self._judge(fact, paused)
            self._cursor = max((fact.seq or 0 for fact in past), default=0)
        for _ in range(PAGES_MAX):
            facts = await self.storage.facts(after=self._cursor, kinds=KINDS, limit=PAGE)
            paused = await self._paused() if any(fact.kind == "missed" for fact in facts) else frozenset()
            for fact in facts:
                self._count(fact)
                self._judge(fact, paused)
                self._cursor = fact.seq or self._cursor
            if len(facts) < PAGE:
                break
        self._forget()

    async def _paused(self) -> frozenset[str]:
        holds = await self.storage.holds(now=self.clock.now())
        return frozenset(hold.account_id for hold in holds if hold.kind is HoldKind.PAUSED)

    def _count(self, fact: Fact) -> None:
        if fact.kind in ENDS or fact.kind in NEUTRAL:
            self._counts[fact.account_id, fact.kind, str(fact.data.get("reason") or "")] += 1

    def _judge(self, fact: Fact, paused: frozenset[str]) -> None:
        """Take a fact as the last word on its post, and as the end of a stage."""
        good = ENDS.get(fact.kind, LATER.get(fact.kind))
        if good is not None and not (fact.kind == "missed" and fact.account_id in paused):
            self._ends.pop(fact.post_id, None)
            self._ends[fact.post_id] = End(fact.at, good)
        steps = self._steps.setdefault(fact.post_id, {})
        for stage, taken_s in _stages(fact, steps):
            self._times.setdefault(stage, deque(maxlen=TIMES_MAX)).append(max(0.0, taken_s))
        steps.setdefault(fact.kind, fact.at)
        if fact.kind == "claimed":
            self._steps[fact.post_id] = {"claimed": fact.at}

    def _forget(self) -> None:
        """Keep what rates and stages can still need."""
        edge = self.clock.now() - int(LONGEST_S * SECOND_US)
        for post_id in [post_id for post_id, end in self._ends.items() if end.at <= edge]:
            del self._ends[post_id]
        for post_id in list(self._steps)[: max(0, len(self._steps) - POSTS_MAX)]:
            del self._steps[post_id]

    def _taking(self) -> Iterator[Sample]:
        for stage, times in self._times.items():
            ordered = sorted(times)
            for quantile in QUANTILES:
                value = ordered[min(int(quantile * len(ordered)), len(ordered) - 1)]
                labels = {"stage": stage, "quantile": f"{quantile:g}"}
                yield Sample(name="bowerbird_post_seconds", value=value, labels=labels)

    # --- what waits --------------------------------------------------------------------------------------------

    async def _waiting(self) -> list[Sample]:
        names = [account.id for account in (await self.storage.accounts())[:ACCOUNTS_MAX]]
        parked = Counter(post.account_id for post in await self._in(State.PARKED))
        ages = {
            "bowerbird_post_due_seconds": await self._due(),
            "bowerbird_post_sending_seconds": self._oldest(await self._in(State.SENDING)),
            "bowerbird_post_unsure_seconds": self._oldest(await self._in(State.UNSURE)),
        }
        found = [
            Sample(name=name, value=by_account.get(account_id, 0.0), labels={"account": account_id})
            for name, by_account in ages.items()
            for account_id in names
        ]
        found += [
            Sample(name="bowerbird_post_parked", value=parked[account_id], labels={"account": account_id})
            for account_id in names
        ]
        return found

    async def _in(self, state: State) -> list[Post]:
        return await self.storage.posts(states=(state,), limit=WAITING_MAX, newest_first=False)

    def _oldest(self, posts: Iterable[Post]) -> dict[str, float]:
        now, found = self.clock.now(), dict[str, float]()
        for post in posts:
            age_s = max(0.0, (now - post.since) / SECOND_US)
            found[post.account_id] = max(age_s, found.get(post.account_id, 0.0))
        return found

    async def _due(self) -> dict[str, float]:
        """How long each account's longest waiting post could have gone: since it was due, and since we saw it wait.

        A hold that ends, or a clock that jumps, makes nobody late at once.
        """
        now, seen_at = self.clock.now(), self.clock.monotonic()
        waiting: dict[str, Post] = {}
        for account_id in await self.storage.due_accounts(now=now):
            posts = await self.storage.posts(
                states=(State.QUEUED,), account_id=account_id, before=now + 1, limit=20, newest_first=False
            )
            first = next((p for p in posts if p.not_before <= now < p.expires_at and not p.withdrawn), None)
            waiting |= {account_id: first} if first else {}
        self._seen = {post.id: self._seen.get(post.id, seen_at) for post in waiting.values()}
        return {
            account_id: max(0.0, min((now - max(post.due, post.not_before)) / SECOND_US, seen_at - self._seen[post.id]))
            for account_id, post in waiting.items()
        }


def _stages(fact: Fact, steps: Mapping[str, int]) -> Iterator[tuple[str, float]]:
    """The stages that end with this fact, and how long they took, in seconds."""
    if fact.kind == "claimed" and "late_s" in fact.data:
        yield "wait", float(fact.data["late_s"])
    for kind, before, stage in (("frozen", "claimed", "make"), ("confirmed", "frozen", "send")):
        if fact.kind == kind and before in steps:
            yield stage, (fact.at - steps[before]) / SECOND_US
    if fact.kind == "measured" and "measured" not in steps and "confirmed" in steps:
        yield "measure", (fact.at - steps["confirmed"]) / SECOND_US

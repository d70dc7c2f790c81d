"""Learn from the readings that came in, and leave versioned advice for the planner.

The learner's algebra is only imported when there is something to learn: a process that never learns does not carry it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bowerbird.core.account import Account
from bowerbird.core.books import Batch, Findings, Ledger, Lost, Posts, Recorder
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Advice, Model, Reading
from bowerbird.core.levers import levers
from bowerbird.core.ports import Chance, Clock
from bowerbird.core.post import Kind, Post
from bowerbird.learning.label import HORIZON_S, kind_of, label
from bowerbird.learning.label import Kind as Number

if TYPE_CHECKING:
    from bowerbird.learning.linear import Example
    from bowerbird.learning.registry import Loaded, Memory

READINGS_MAX = 500
"""Readings learned in one pass."""
RATE_PRIOR = math.log(0.02)
"""The mean of a rate before any post: 2 %."""


class Books(Recorder, Posts, Findings, Ledger, Protocol):
    """What learning needs of the storage."""


@dataclass
class Tally:
    """What became of the readings of one pass: learned, said nothing new, or could not be used."""

    learned: int = 0
    repeated: int = 0
    unusable: int = 0


@dataclass
class Trainer:
    """Learns, one account at a time; the learners of accounts never mix, so rehearsals stay among themselves.

    Args:
        horizon_s: the age at which a reading is final, in seconds; the last rung of the ladder.
    """

    storage: Books
    clock: Clock
    chance: Chance
    horizon_s: float = HORIZON_S
    by: str = "learning"
    _posts: dict[str, Post | None] = field(default_factory=dict, repr=False)
    _begun: dict[str, int] = field(default_factory=dict, repr=False)

    async def learn_once(self) -> bool:
        """Learn what is new of every account, the one that waits longest first.

        An account over which the run dies comes last in the next one, so that it cannot starve the others.
        Return True if some account has more readings than one pass takes.
        """
        more = False
        for account in sorted(await self.storage.accounts(), key=lambda account: self._begun.get(account.id, 0)):
            self._begun[account.id] = self.clock.now()
            more |= await self._learn(account)
        return more

    async def _learn(self, account: Account) -> bool:
        """Learn one account's new readings.

        1. See whether there are any, by the cursor of the model in use.
        2. Load that model, or what is left of its line if it is damaged.
        3. Learn the readings that came after it.
        4. Store the new version, its advice, the cursor and the facts together.
        """
        model = await self.storage.champion(account.id)
        if not await self._new(account, model.cursor if model else 0, limit=1):
            return False
        from bowerbird.learning.registry import recall  # numpy comes with it

        loaded = await recall(self.storage, account.id)
        readings = await self._new(account, loaded.memory.cursor, limit=READINGS_MAX)
        tally = await self._digest(account, loaded.memory, readings)
        answer = await self.storage.record(self._batch(account, loaded, tally))
        return len(readings) == READINGS_MAX and not isinstance(answer, Lost)

    async def _new(self, account: Account, after: int, *, limit: int) -> list[Reading]:
        return await self.storage.readings(account_id=account.id, after=after, limit=limit)

    async def _digest(self, account: Account, memory: Memory, readings: Sequence[Reading]) -> Tally:
        """Learn each reading, after asking what the learner would have said."""
        self._begin(memory, [r for r in readings if r.rehearsal == account.rehearsal])
        self._posts.clear()
        tally = Tally()
        examples: list[Example] = []
        for reading in readings:
            example = await self._example(account, memory, reading)
            if example is None:
                tally.unusable += 1
            else:
                examples.append(example)
        _score(memory, examples)
        for example in examples:
            news = memory.learner.update(example)
            tally.learned += news
            tally.repeated += not news
        memory.n += tally.learned
        memory.cursor = max((r.seq or 0 for r in readings), default=memory.cursor)
        return tally

    def _begin(self, memory: Memory, readings: list[Reading]) -> None:
        """Decide once which number this account's learner learns, and what an unknown audience counts as."""
        if memory.kind is None and any(r.counts.engagement is not None for r in readings):
            memory.kind = kind_of(readings)
            memory.learner.offset = RATE_PRIOR if memory.kind is Number.RATE else 0.0
        followers = next((r.followers for r in readings if r.followers is not None), None)
        if memory.crowd is None and followers is not None:
            memory.crowd = math.log(max(followers, 1))

    async def _example(self, account: Account, memory: Memory, reading: Reading) -> Example | None:
        """Make the example of a reading; None where it cannot be learned from.

        Replies answer somebody, and later parts of a thread live off the first, so neither tells about a choice.
        """
        from bowerbird.learning.linear import Example

        if reading.rehearsal != account.rehearsal or memory.kind is None:
            return None
        if reading.post_id not in self._posts:
            self._posts[reading.post_id] = await self.storage.post(reading.post_id)
        post = self._posts[reading.post_id]
        made = label(reading, memory.kind, crowd=memory.crowd or 0.0, horizon_s=self.horizon_s)
        if post is None or post.kind is not Kind.POST or post.part > 0 or made is None:
            return None
        named = tuple((name, 1.0) for name in levers(post.choice))
        return Example(post.id, reading.rung, (*named, *made.extras), made.y, made.weight, made.final)

    def _batch(self, account: Account, loaded: Loaded, tally: Tally) -> Batch:
        from bowerbird.learning.advice import advise
        from bowerbird.learning.registry import stored

        now = self.clock.now()
        memory = loaded.memory
        model = stored(memory, parent=loaded.version, created_at=now)
        advice = advise(
            memory.learner, memory.kind or Number.SIZE, self.chance.stream("learning"),
            account_id=account.id, version=model.version, made_at=now,
        )  # fmt: skip
        return Batch(
            models=(model,),
            advice=(advice,),
            cursors={f"learning:{account.id}": model.cursor},
            facts=self._facts(account, loaded, model, advice, tally),
        )

    def _facts(self, account: Account, loaded: Loaded, model: Model, advice: Advice, tally: Tally) -> tuple[Fact, ...]:
        def fact(kind: str, data: dict[str, object]) -> Fact:
            return Fact(kind=kind, at=self.clock.now(), by=self.by, account_id=account.id, data=data)

        learned = {
            "version": model.version, "parent": model.parent, "n": model.n, "posts": advice.n,
            "learned": tally.learned, "repeated": tally.repeated, "unusable": tally.unusable, **model.scores,
        }  # fmt: skip
        told = {"version": model.version, "n": advice.n, "needed": advice.needed, "sentence": advice.sentence}
        heir = f"version {loaded.version[:8]}" if loaded.version else "the prior"
        fallen = [
            fact("degraded", {"part": "learning", "sentence": f"{damage}; {heir} took over."})
            for damage in loaded.damage
        ]
        return (*fallen, fact("learned", learned), fact("advised", told))


def _score(memory: Memory, examples: Sequence[Example]) -> None:
    """Add up how well these readings were foreseen, by the learner and by its intercept alone.

    Only final readings count; with the learner as it was before the pass, which is a little harder than one by one.
    """
    finals = [example for example in examples if example.final]
    if not finals:
        return
    posterior, plain = memory.learner.posterior(), memory.learner.alone().posterior()
    for example in finals:
        memory.score += posterior.log_score(example.levers, example.y, example.weight)
        memory.baseline += plain.log_score((), example.y, example.weight)
        memory.scored += 1

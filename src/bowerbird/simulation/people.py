"""The person behind the accounts: approves, edits, withdraws and says no at random, and settles what is parked."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Protocol

from bowerbird.clock import mint_tid
from bowerbird.core.account import Account
from bowerbird.core.errors import BadInput, StorageError
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US, Post
from bowerbird.posting import approvals
from bowerbird.simulation.platform import FakePlatform
from bowerbird.storage.memory import MemoryBooks, MemoryStorage

BY = "person"
ASK_AGAIN_S = 30.0
"""How long a person waits before trying again, seconds."""
VISIT_S = 5 * 3_600.0
"""How often the person looks at what is parked, seconds."""

Plan = list[tuple[int, str, str]]
"""(when, verb, post id), in the order of time."""


class Scene(Protocol):
    """What a person sees of the world."""

    @property
    def clock(self) -> Clock:
        """The time."""

    @property
    def books(self) -> MemoryBooks:
        """What is committed."""

    @property
    def accounts(self) -> Mapping[str, Account]:
        """The accounts by id."""

    @property
    def platforms(self) -> Mapping[str, FakePlatform]:
        """Each account's platform, whose truth a person can see with their own eyes."""

    def note(self, what: str, post_id: str) -> None:
        """Told of what the person did."""


def draw_plan(rng: random.Random, posts: list[Post], *, start_at: int) -> Plan:
    """Draw what the person will do to whom: approves most in time, some late, some never; changes a few."""
    plan: Plan = []
    for post in posts:
        if post.part == 0 and post.state is State.PROPOSED and rng.random() < 0.93:
            early_s = rng.choice((rng.uniform(-600, 600), *(rng.uniform(60, 10_000) for _ in range(7))))
            plan.append((post.due - int(early_s * SECOND_US), "approve", post.id))
        if rng.random() < 0.25:
            verb = rng.choice(("withdraw", "withdraw", "edit", "edit", "turn_down"))
            early_s = rng.choice((rng.uniform(-90, 5), rng.uniform(-10, 7_200)))
            plan.append((post.due - int(early_s * SECOND_US), verb, post.id))
    return sorted((max(at, start_at), verb, post_id) for at, verb, post_id in plan)


class Person:
    """Carries out a plan, through the same verbs as the dashboard's buttons."""

    def __init__(self, world: Scene, rng: random.Random) -> None:
        self._world = world
        self._rng = rng
        self._storage = MemoryStorage(world.books)

    async def follow(self, plan: Plan) -> None:
        """Do each thing at its time; what the product declines in words is accepted."""
        for at, verb, post_id in plan:
            await self._world.clock.sleep((at - self._world.clock.now()) / SECOND_US)
            await self._insist(verb, post_id)

    async def visit(self) -> None:
        """Look in now and then at what is parked, and settle some of it truthfully."""
        while True:
            await self._world.clock.sleep(VISIT_S)
            parked = list(self._world.books.shelf.in_state(State.PARKED))
            for post in parked:
                if self._rng.random() < 0.6:
                    await self._insist(self._verdict(post), post.id)

    def _verdict(self, post: Post) -> str:
        there = self._world.platforms[post.account_id].truth(post.id)
        return "there" if there else self._rng.choice(("send", "leave"))

    async def _insist(self, verb: str, post_id: str) -> None:
        """Try three times: the books may be busy for a moment."""
        for _ in range(3):
            try:
                await self._do(verb, post_id)
            except BadInput:
                self._world.note(f"{verb} is declined", post_id)
            except StorageError:
                await self._world.clock.sleep(ASK_AGAIN_S)
                continue
            else:
                self._world.note(verb, post_id)
            return

    async def _do(self, verb: str, post_id: str) -> None:
        now, storage = self._world.clock.now(), self._storage
        match verb:
            case "approve":
                await approvals.approve(storage, post_id, by=BY, now=now)
            case "withdraw":
                await approvals.withdraw(storage, post_id, by=BY, now=now)
            case "turn_down":
                await approvals.turn_down(storage, post_id, by=BY, now=now, reason="not today")
            case "edit":
                post = self._world.books.shelf.by_id[post_id]
                account, key = self._world.accounts[post.account_id], mint_tid(now, self._rng)
                text = f"{post.payload.text}, edited"
                await approvals.edit(storage, account, post_id, text=text, key=key, by=BY, now=now)
            case _:
                await approvals.settle_by_person(storage, post_id, verdict=verb, by=BY, now=now)

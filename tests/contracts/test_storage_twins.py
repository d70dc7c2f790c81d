"""The engines are twins: whatever is asked of both, in whatever order, both give the same answer."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bowerbird.core.account import HoldKind, Learned
from bowerbird.core.books import Batch, Change, Settle, Storage
from bowerbird.core.breaker import BreakerState
from bowerbird.core.gauge import Snapshot
from bowerbird.core.incident import Silence
from bowerbird.core.lifecycle import FINAL, NEXT, Event, State
from bowerbird.core.post import SECOND_US, Payload, Post, RemoteRef
from bowerbird.core.work import Command, Owner, Run
from bowerbird.storage.memory import MemoryStorage
from tests.contracts.books import (
    FINCH,
    NOW,
    WREN,
    a_delivery,
    a_fact,
    a_hold,
    a_post,
    a_quota,
    a_reply,
    a_thread,
    an_incident,
)
from tests.contracts.conftest import sqlite_opener

Ask = Callable[[Storage], Awaitable[Any]]


class Player:
    """Draws one question after the other, for two engines at once."""

    def __init__(self, seed: int) -> None:
        """A seed is a game."""
        self.luck = random.Random(seed)
        self.now = NOW
        self.named = 0
        self.known: list[Post] = []

    def ask(self) -> Ask:
        """The next question: mostly writes and claims, sometimes everything that can be listed."""
        self.now += self.luck.choice([0, 1, SECOND_US, 40 * SECOND_US])
        weights = {self.new: 2, self.claim: 2, self.step: 3, self.look: 1, self.journal: 1, self.alarm: 2, self.list: 2}
        return self.luck.choices(list(weights), list(weights.values()))[0]()

    def account(self) -> str:
        """One of two accounts."""
        return self.luck.choice([WREN, FINCH])

    def new(self) -> Ask:
        """New posts, replies or threads; some collide on purpose."""
        self.named += 1
        name, account_id = f"p{self.named}", self.account()
        due = self.now + self.luck.choice([-1, 0, 0, 30]) * SECOND_US
        given: dict[str, Any] = {"account_id": account_id, "due": due, "expires_at": due + 300 * SECOND_US}
        given |= {"state": self.luck.choice([State.QUEUED, State.QUEUED, State.PROPOSED])}
        key = self.luck.choice([f"key-{name}", f"key-{name}", "key-p1"])
        posts = self.luck.choice(
            [
                [a_post(name, key=key, payload=Payload(text=self.luck.choice(["same", name])), **given)],
                [a_reply(name, to=f"at://them/{self.luck.randint(1, 4)}", **given)],
                a_thread(name, 3, **given),
            ]
        )
        return lambda books: books.record(Batch(new_posts=tuple(posts), facts=(a_fact(post_id=name),)))

    def claim(self) -> Ask:
        """A claim of some kind, under limits that are soon reached."""
        now, account_id = self.now, self.account()
        quotas = [a_quota(4, 60.0, key=account_id), a_quota(7, 90.0, key="app", cost=1.5)]
        until = now + 60 * SECOND_US
        return self.luck.choice(
            [
                lambda books: books.claim_post(account_id, now=now, owner="boot", until=until, quotas=quotas),
                lambda books: books.claim_post(account_id, now=now, owner="boot", until=until, quotas=quotas[:1]),
                lambda books: books.claim_doubt(now=now, push_until=until),
                lambda books: books.claim_look(now=now, push_until=until, limit=2),
                lambda books: books.reserve(f"call-{self.named}", quotas, now=now),
            ]
        )

    def step(self) -> Ask:
        """Any step the table allows for some post as it was when it was last seen, with or without settling."""
        if not self.known:
            return self.new()
        moving = [post for post in self.known if post.state not in FINAL]
        before = self.luck.choice(moving if moving and self.luck.random() < 0.8 else self.known)
        if not NEXT[before.state]:
            return self.list()
        doubts = [event for event in (Event.LOST_TOUCH, Event.GAVE_UP) if event in NEXT[before.state]]
        event = self.luck.choice([*NEXT[before.state], *doubts, *doubts])  # the way into doubt is long and rarely drawn
        changes: dict[str, Any] = {"not_before": self.now, "look_at": self.luck.choice([None, self.now])}
        if self.luck.random() < 0.1:
            changes |= {"key": f"again-{self.named}", "payload": Payload(text="another"), "version": before.version + 1}
        if self.luck.random() < 0.3:
            changes |= {"remote": RemoteRef(id="r", cid="c"), "withdrawn": True, "wire": "{}"}
        after = before.after(event, now=self.now, **changes)
        settle = Settle(before.id, self.now, refund=self.luck.random() < 0.4)
        settles = (settle,) if self.luck.random() < 0.7 else ()
        return lambda books: books.record(Batch(changes=(Change(before, after),), settles=settles))

    def look(self) -> Ask:
        """What the rooms ask before they act."""
        now, account_id = self.now, self.account()
        cost = self.luck.choice([None, 0.0, 2.5])
        return self.luck.choice(
            [
                lambda books: books.due_accounts(now=now),
                lambda books: books.lapsed_posts(now=now, heard_after=now - 50 * SECOND_US),
                lambda books: books.late_posts(now=now),
                lambda books: books.orphaned_posts(),
                lambda books: books.said(account_id, limit=5),
                lambda books: books.said_elsewhere(Payload(text="same").text_hash, account_id=account_id),
                lambda books: books.used([a_quota(4, 60.0, key=account_id)], now=now),
                lambda books: books.settle("call-3", at=now, cost=cost),
            ]
        )

    def journal(self) -> Ask:
        """Holds, runs, commands and beats."""
        now, account_id, n = self.now, self.account(), self.luck.randint(1, 9)
        hold = a_hold(HoldKind.LIMITED, account_id=account_id, until=now + 20 * SECOND_US)
        run = Run(id=f"run-{now}-{n}", job="plan", slot_at=n, started_at=now)
        command = Command(id=f"c{n}", verb="pause", by="ada", asked_at=n)
        return self.luck.choice(
            [
                lambda books: books.record(Batch(holds=(hold,))),
                lambda books: books.record(Batch(lifted=((account_id, HoldKind.LIMITED),))),
                lambda books: books.claim_run(run),
                lambda books: books.record(Batch(commands=(command,))),
                lambda books: books.claim_command(now=now, owner="boot"),
                lambda books: books.beat(Owner(id="boot", role="engine", pid=n, started_at=1, heard_at=now)),
            ]
        )

    def alarm(self) -> Ask:
        """Incidents that open, close, change and collide, messages that are claimed, and what is known of the parts."""
        now, n, m = self.now, self.luck.randint(1, 6), self.luck.randint(1, 6)
        ends = (self.luck.choice([None, now]) for _ in range(2))
        opened = [
            an_incident(f"i{i}", part=f"job:{i % 3}", opened_at=now, closed_at=end)
            for i, end in zip((n, m), ends, strict=True)
        ]
        message = a_delivery(f"d{n}", due_at=now + m, made_at=now, gave_up=self.luck.random() < 0.2)
        parts: dict[str, Any] = {"silences": (Silence(id=f"s{n}", since=now, until=now + m * SECOND_US, by="ada"),)}
        parts["breakers"] = (BreakerState(name=f"b{n}", since=now, calls=m),)
        parts["learned"] = (Learned(key=f"k{n}", unit="posts", window_s=60.0 * m, max=m, at=now),)
        parts["snapshots"] = (Snapshot(name="jobs", at=now, data={"n": n}),)
        return self.luck.choice(
            [
                lambda books: books.record(Batch(incidents=tuple(opened), deliveries=(message,))),
                lambda books: books.keep(Batch(incidents=tuple(opened[:1]), facts=(a_fact("incident_opened"),))),
                lambda books: books.claim_delivery(now=now, until=now + 40 * SECOND_US),
                lambda books: books.record(Batch(**parts)),
            ]
        )

    def list(self) -> Ask:
        """Everything that can be listed; the posts are remembered, to be stepped on, fresh or stale."""
        states = tuple(self.luck.sample(list(State), self.luck.randint(0, 3)))
        limit, newest_first = self.luck.choice([3, 1000]), self.luck.random() < 0.5
        kinds = tuple(self.luck.sample(["planned", "claimed", "gated"], self.luck.randint(0, 3)))

        async def everything(books: Storage) -> list[Any]:
            posts = await books.posts(limit=1000)
            self.known = posts
            return [
                posts,
                await books.posts(states=states, before=self.now, limit=limit, newest_first=newest_first),
                await books.posts(states=states, account_id=WREN, limit=limit, newest_first=newest_first),
                dict(await books.count_posts()),
                await books.facts(kinds=kinds, limit=limit),
                await books.newest_facts(kinds=kinds, account_id=WREN, limit=limit),
                await books.runs(limit=limit),
                await books.commands(),
                await books.holds(now=self.now),
                await books.owners(),
                await books.incidents(open_only=newest_first, limit=limit),
                await books.deliveries(waiting=newest_first, limit=limit),
                await books.deliveries(incident_id="i1", limit=limit),
                await books.silences(now=self.now),
                await books.breakers(),
                await books.learned(),
                await books.snapshot("jobs"),
            ]

        return everything


@pytest.mark.parametrize("seed", range(6))
async def test_memory_and_sqlite_answer_alike(tmp_path: Path, seed: int) -> None:
    """Three hundred random questions, some wrong, some late, some colliding: no answer differs."""
    player, memory, sqlite = Player(seed), MemoryStorage(), await sqlite_opener(tmp_path)()
    for n in range(300):
        ask = player.ask()
        first, second = await ask(memory), await ask(sqlite)
        assert first == second, f"question {n} of game {seed}"
    await sqlite.close()


def test_the_games_reach_every_state() -> None:
    """The questions are worth asking: on their way the games put posts into every state."""
    seen: set[State] = set()

    async def play(player: Player) -> None:
        books = MemoryStorage()
        for _ in range(600):
            await player.ask()(books)
            seen.update(post.state for post in player.known)

    for seed in range(6):
        asyncio.run(play(Player(seed)))
    assert seen == set(State)

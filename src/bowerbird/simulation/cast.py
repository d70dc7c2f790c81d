"""Who plays in a world: two accounts and their posts for a day, drawn from the seed."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from bowerbird.clock import SeededChance, mint_tid
from bowerbird.core.account import Account, Mode
from bowerbird.core.lifecycle import State
from bowerbird.core.policy import MODE
from bowerbird.core.post import SECOND_US, Kind, Payload, Post, RemoteRef, ReplyTo, expiry

DAY_S = 86_400.0
REPLY_LATE_S = 900.0
"""A reply is too late sooner than a post."""


@dataclass(frozen=True, slots=True)
class Memory:
    """How long a platform remembers our key, and how long a post may stay invisible, seconds."""

    name: str
    dedup_s: float
    settle_s: float


KEYLESS = Memory("keyless", 0.0, 60.0)
KEYED_AN_HOUR = Memory("hour", 3_000.0, 30.0)
KEYED_FOR_EVER = Memory("ever", math.inf, 5.0)
MEMORIES = (KEYLESS, KEYED_AN_HOUR, KEYED_FOR_EVER)
"""Every kind of platform. The first account of each world is keyless: there duplicates are possible at all."""


def draw_accounts(rng: random.Random) -> list[tuple[Account, Memory]]:
    """Draw two accounts with limits that the day's posts will touch."""
    memories = (KEYLESS, rng.choice(MEMORIES))
    return [(_account(n, memory, rng), memory) for n, memory in enumerate(memories)]


def _account(n: int, memory: Memory, rng: random.Random) -> Account:
    return Account(
        id=f"sandbox-{memory.name}:a{n}",
        platform=f"sandbox-{memory.name}",
        handle=f"a{n}",
        rehearsal=True,
        mode=rng.choice((Mode.ASK, Mode.AUTO)),
        posts_per_hour_max=rng.randint(3, 5),
        posts_per_day_max=rng.randint(7, 14),
    )


def draw_posts(chance: SeededChance, account: Account, *, start_at: int) -> list[Post]:
    """Draw at least ten due posts for a day: singles, replies and a thread or two, in a few bursts."""
    rng = chance.stream(f"posts/{account.id}")
    bursts = [rng.uniform(0.2, 22.0) * 3_600 for _ in range(rng.randint(1, 2))]
    bursts += [burst + rng.uniform(900, 3_000) for burst in bursts]  # echoes, when the limit is half used
    posts: list[Post] = []
    while len(posts) < 10:
        due = start_at + int((rng.choice(bursts) + rng.choice((0.0, 0.0, rng.uniform(0, 900)))) * SECOND_US)
        parts = rng.choice((1, 1, 1, 1, 1, 1, 1, 2, 3))
        posts += _draw_thread(rng, account, len(posts), parts, due, start_at)
    return posts


def _draw_thread(rng: random.Random, account: Account, n: int, parts: int, due: int, start_at: int) -> list[Post]:
    head = f"{account.handle}-{n:02}"
    asked = account.mode is Mode.ASK and rng.random() < 0.8
    reply = parts == 1 and rng.random() < 0.2
    return [
        Post(
            id=f"{account.handle}-{n + part:02}",
            account_id=account.id,
            key=mint_tid(start_at, rng),
            kind=Kind.REPLY if reply else Kind.POST,
            thread_id=head,
            part=part,
            parts=parts,
            payload=Payload(text=f"{account.handle} says {n + part}", reply_to=_target(n) if reply else None),
            state=State.PROPOSED if asked else State.QUEUED,
            since=start_at,
            created_at=start_at,
            due=due,
            expires_at=expiry(due, late_s=REPLY_LATE_S) if reply else expiry(due),
            approved_by="" if asked else f"{MODE}{account.mode}",
        )
        for part in range(parts)
    ]


def _target(n: int) -> ReplyTo:
    theirs = RemoteRef(id=f"theirs-{n}")
    return ReplyTo(parent=theirs, root=theirs, author="somebody")

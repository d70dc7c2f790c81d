"""Books as they are after years: so many posts, with their facts and readings, written straight through the schema.

The indices are dropped first and made again at the end, which is what makes a million rows a matter of seconds.
The same seed and the same `now` give the same books.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bowerbird.core.account import Account
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Counts, Reading, Seen, Target, TargetState
from bowerbird.core.incident import Delivery, Incident, Severity, Told
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Choice, Kind, Payload, Post, RemoteRef, expiry
from bowerbird.core.work import Outcome, Run
from bowerbird.storage import alarms, rows
from bowerbird.storage import tables as t
from bowerbird.storage.columns import Serial
from bowerbird.storage.sqlite.desk import connect
from bowerbird.storage.sqlite.schema import prepare

HOUR_US = 3600 * SECOND_US
RESTING = (State.PUBLISHED,) * 92 + (State.DROPPED,) * 4 + (State.REJECTED,) * 3 + (State.REMOVED,)
"""How posts of the past ended, out of a hundred."""
AHEAD = ((State.QUEUED, 1500), (State.PROPOSED, 200), (State.UNSURE, 3), (State.PARKED, 2))
"""Posts that are not at rest, whatever the number of all: a queue is days long, not years."""
STORY = ("wrote", "gated", "planned", "approved", "claimed", "frozen", "confirmed", *("measured",) * 3)
"""Kinds of the facts about one post, in the order in which they are written."""
JOBS = ("plan", "publish", "settle", "measure", "learn", "harvest", "draft", "sweep", "limits", "sessions")
WORDS = ("queue", "index", "river", "stone", "lantern", "ferry", "cedar", "signal", "harbour", "meadow", "anchor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much there is: `facts` and `readings` are per published post, `runs` and `incidents` in all."""

    posts: int = 100_000
    accounts: int = 10
    facts: int = 10
    readings: int = 5
    runs: int = 50_000
    incidents: int = 500


def stock(path: Path, size: Size, *, now: int, seed: int = 7) -> None:
    """Make the file and fill it; blocks, for some seconds per 100,000 posts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    prepare(path)
    with closing(connect(path)) as books:
        books.execute("PRAGMA synchronous=OFF")
        indices = _drop_indices(books)
        books.execute("BEGIN")
        for table, lines in _everything(size, now, random.Random(seed)):
            _fill(books, table, lines)
        for made in indices:
            books.execute(made)
        books.execute("COMMIT")
        books.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _drop_indices(books: sqlite3.Connection) -> list[str]:
    found = books.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for name, _ in found:
        books.execute(f"DROP INDEX {name}")
    return [made for _, made in found]


def _fill(books: sqlite3.Connection, table: Any, lines: Iterable[dict[str, Any]]) -> None:
    numbered = {column.name for column in table.primary_key if isinstance(column.type, type(Serial))}
    names = [column.name for column in table.c if column.name not in {*numbered, "workspace_id"}]
    text = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - ours
    books.executemany(text, ([line[name] for name in names] for line in lines))


def _everything(size: Size, now: int, luck: random.Random) -> Iterator[tuple[Any, Iterable[dict[str, Any]]]]:
    accounts = [f"sandbox:bench-{n}" for n in range(size.accounts)]
    yield t.accounts, (rows.account_row(_account(account_id)) for account_id in accounts)
    told: list[tuple[str, str, int]] = []
    yield t.posts, _posts(size, accounts, now, luck, told.append)
    yield t.facts, (rows.fact_row(fact) for place in told for fact in _facts(place, size.facts))
    yield t.readings, (rows.reading_row(reading) for place in told for reading in _readings(place, size.readings))
    yield t.targets, (rows.target_row(target) for target in _targets(accounts, now, luck))
    yield t.runs, (rows.run_row(_run(n, now, luck)) for n in range(size.runs))
    yield alarms.incidents, (alarms.incident_row(_incident(n, now)) for n in range(size.incidents))
    yield alarms.deliveries, (alarms.delivery_row(_delivery(n, now)) for n in range(size.incidents))


def _account(account_id: str) -> Account:
    handle = account_id.partition(":")[2]
    return Account(id=account_id, platform="sandbox", handle=handle, url="http://127.0.0.1:9", rehearsal=True)


def _posts(
    size: Size, accounts: list[str], now: int, luck: random.Random, tell: Callable[[tuple[str, str, int]], None]
) -> Iterator[dict[str, Any]]:
    ahead = [state for state, n in AHEAD for _ in range(n)]
    past = size.posts - len(ahead)
    for n in range(size.posts):
        account_id = accounts[n % len(accounts)]
        state = RESTING[luck.randrange(100)] if n < past else ahead[n - past]
        waits = state in (State.QUEUED, State.PROPOSED)
        # The past goes back a year, the queue a week ahead; never due at the same instant by chance alone.
        due = now + (n - past + 60) * 300 * SECOND_US if waits else now - (past - n) * 365 * 24 * HOUR_US // past
        post = _post(f"bench-{n:08d}", account_id, state, due, n, luck)
        if state is State.PUBLISHED:
            tell((post.id, account_id, due))
        yield rows.post_row(post)


def _post(post_id: str, account_id: str, state: State, due: int, n: int, luck: random.Random) -> Post:
    sent = state in (State.PUBLISHED, State.REMOVED)
    said = " ".join(luck.choices(WORDS, k=18))
    return Post(
        id=post_id, account_id=account_id, key=f"key-{n}", thread_id=post_id,
        kind=Kind.REPLY if n % 50 == 0 else Kind.POST,
        payload=Payload(text=f"{n}: {said}."), state=state, since=due, seq=3, created_at=due - HOUR_US, due=due,
        expires_at=expiry(due), choice=Choice(because="It was the turn of this topic."),
        wire='{"text":"…"}' if sent else None, approved_by="bench", approved_at=due - HOUR_US,
        remote=RemoteRef(id=f"r{n}", url=f"http://127.0.0.1:9/p/{n}") if sent else None,
        published_at=due + SECOND_US if sent else None,
    )  # fmt: skip


def _facts(place: tuple[str, str, int], n: int) -> Iterator[Fact]:
    post_id, account_id, due = place
    for kind in STORY[-n:] if n else ():
        yield Fact(kind=kind, at=due, by="bench", account_id=account_id, post_id=post_id, data={"why": "It was due."})


def _readings(place: tuple[str, str, int], n: int) -> Iterator[Reading]:
    post_id, account_id, due = place
    for rung in range(n):
        age_s = 600.0 * 4**rung
        counts = Counts(impressions=30 * rung, likes=2 * rung, reposts=rung, replies=0, quotes=0)
        at = due + int(age_s * SECOND_US)
        yield Reading(
            post_id=post_id,
            account_id=account_id,
            rung=rung,
            age_s=age_s,
            observed_at=at,
            counts=counts,
            rehearsal=True,
        )


def _targets(accounts: list[str], now: int, luck: random.Random) -> Iterator[Target]:
    for n in range(2000):
        state = TargetState.OPEN if n < 120 else TargetState.STALE
        seen = Seen(
            ref=RemoteRef(id=f"t{n}"), author=f"@them-{n}", text=" ".join(luck.choices(WORDS, k=12)), posted_at=now
        )
        yield Target(
            id=f"target-{n}", account_id=accounts[n % len(accounts)], seen=seen, score=luck.random(), found_at=now,
            state=state, because="It asks what we know.", addressed=False,
        )  # fmt: skip


def _run(n: int, now: int, luck: random.Random) -> Run:
    at, failed = now - n * 4 * SECOND_US, n % 97 == 0
    return Run(
        id=f"run-{n}", job=JOBS[n % len(JOBS)], slot_at=at, started_at=at, ended_at=at + luck.randrange(SECOND_US),
        owner="bench", outcome=Outcome.FAILED if failed else Outcome.DONE, error="Try again." if failed else "",
    )  # fmt: skip


def _incident(n: int, now: int) -> Incident:
    at, is_open = now - n * HOUR_US, n < 3
    return Incident(
        id=f"incident-{n}", fingerprint=f"BreakerOpen|breaker:b{n}|", rule="BreakerOpen",
        part=f"breaker:b{n}", scope="", severity=Severity.WARNING, title=f"The breaker b{n} is open.",
        why="Five of six calls failed.", fix="Nothing to do: it is probed.", opened_at=at, since=at, seen_at=at,
        closed_at=None if is_open else at + HOUR_US, healed_by="" if is_open else "itself",
    )  # fmt: skip


def _delivery(n: int, now: int) -> Delivery:
    at = now - n * HOUR_US
    return Delivery(
        id=f"delivery-{n}", incident_id=f"incident-{n}", told=Told.OPENED, channel="phone", title="A breaker is open.",
        body="Nothing is lost.", due_at=at, made_at=at, attempts=1, sent_at=at,
    )  # fmt: skip

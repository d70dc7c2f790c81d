"""Kill the engine thirty times while it posts, and ask the network what arrived: nothing lost, nothing twice.

A real sandbox process and a real engine process on SQLite books. The posts are queued beforehand over accounts
that remember a key for ever, for an hour (one minute here: the network lives sixty times faster), and not at
all. All the while faults are armed: slow answers, dropped answers, dropped requests, failures, rate limits.

1. Kill the engine (SIGKILL) at a drawn moment, and start it again at once. A third of the kills come at any
   moment, also while it starts, a third while a post is being sent, a third the instant the network has accepted one.
2. At the end wait until nothing is queued, on its way or in doubt.
3. Judge by the network's own journal against the books.

The moments, the faults and the texts are drawn from the seed; what they meet is real time, so no two runs are equal.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.report import Row, report
from bowerbird.app.accounts import account_from
from bowerbird.app.books import open_books
from bowerbird.app.network import Network, end, start_network
from bowerbird.cli.demo import CAST
from bowerbird.clock import SystemChance, SystemClock, mint_tid
from bowerbird.core.account import Account
from bowerbird.core.books import Batch
from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import FINAL, State
from bowerbird.core.post import SECOND_US, Payload, Post
from bowerbird.settings import Settings, load
from bowerbird.storage.sqlite import SqliteStorage

ATTEMPT_S = 12.0
"""The bench's `posting.attempt_s`; 60 s by default. Printed as the scale: nothing else is shortened."""
EVERY_S = 0.6
"""Seconds between the times at which two posts are due."""
DRAIN_S = 240.0
"""How long everything may take to come to rest after the last kill."""
PATIENCE_S = 8.0
"""How long a kill waits for the moment it is aimed at."""
UP_S = 60.0
"""How long an engine may take to start, on a machine as busy as it may be."""
BARS = {"lost": 0, "duplicates": 0, "unsettled": 0, "restart_to_settled_p95_s": 15.0}
FLOORS = {"kills_while_sending": 10, "accepted_then_killed": 5}
"""What a run must at least have met, or it has shown nothing; for 30 kills."""
SETTLED = ("found", "absent", "parked", "withdrawn", "missed", "confirmed_late")
"""The facts by which a doubt ends."""
IN_FLIGHT = (State.QUEUED, State.SENDING, State.UNSURE)
AT_REST = FINAL | {State.PARKED}
WORDS = ("north", "south", "east", "west", "nest", "twig", "blue", "shell", "song", "feather", "dawn")
FAULTS: tuple[tuple[int, dict[str, Any]], ...] = (
    (8, {"kind": "slow", "delay_s": 1.5, "count": 1}),
    (4, {"kind": "slow", "delay_s": 2.5, "count": 1}),
    (3, {"kind": "drop_answer", "count": 1}),
    (2, {"kind": "drop_before", "count": 1}),
    (1, {"kind": "500", "count": 1}),
    (1, {"kind": "429", "delay_s": 1.0, "count": 1}),
)
"""Faults on writes with their weights."""
SETTINGS = f"""
[posting]
attempt_s = {ATTEMPT_S}

[account]
mode = "ask"
cover_h = 0.01
hour_max = 10000
day_max = 100000
"""


@dataclass(frozen=True)
class Kill:
    """One kill: when, what was being sent, which of that the network had already accepted, and each one's attempt.

    What an earlier kill left behind, in books that nobody has looked at since, is not met again.
    """

    killed_at: int
    restarted_at: int
    sending: frozenset[str]
    accepted: frozenset[str]
    attempts: frozenset[tuple[str, int]]


@dataclass
class Engine:
    """The engine's process, started again after each kill."""

    folder: Path
    argv: list[str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; what it says goes to a file beside the books."""
        with (self.folder / "engine.log").open("ab") as log:
            self.process = subprocess.Popen(self.argv, stdout=log, stderr=log)

    def kill(self) -> None:
        """Kill it as a power cut would, and wait until it is gone."""
        assert self.process is not None
        if self.process.poll() is not None:
            raise SystemExit(f"the engine ended by itself with {self.process.returncode}; see {self.folder}/engine.log")
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@dataclass
class Killing:
    """One run."""

    posts: int
    kills: int
    seed: int
    settings: Settings
    network: Network
    books: SqliteStorage
    engine: Engine
    progress: Progress
    clock: SystemClock = field(default_factory=SystemClock)
    rng: random.Random = field(init=False)
    done: list[Kill] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    async def run(self) -> dict[str, Any]:
        """Queue, kill, wait, judge; return the figures."""
        queued = await self.queue()
        bar = self.progress.add_task("kills", total=self.kills)
        faults = asyncio.create_task(self.arm_for_ever())
        self.engine.start()
        for number in range(self.kills):
            await self.kill_once(("any", "sending", "accepted")[number % 3])
            self.progress.update(bar, completed=number + 1, description=await self.state())
        faults.cancel()
        await self.drain()
        assert self.engine.process is not None
        end(self.engine.process)
        return await self.judge(queued)

    async def queue(self) -> list[str]:
        """Write the accounts and the posts into the books, approved and due one after another."""
        now = self.clock.now()
        accounts = [self._account(row, now) for row in self.network.accounts]
        for row, account in zip(self.network.accounts, accounts, strict=True):
            await self.books.save_secret(account.id, "password", row["password"])
        await self.books.record(Batch(accounts=tuple(accounts)))
        posts = [self._post(accounts[n % len(accounts)], n, now) for n in range(self.posts)]
        await self.books.record(Batch(new_posts=tuple(posts)))
        return [post.id for post in posts]

    def _account(self, row: dict[str, str], now: int) -> Account:
        return account_from(self.settings, platform="sandbox", handle=row["handle"], url=self.network.url, now=now)

    def _post(self, account: Account, number: int, now: int) -> Post:
        due = now + int(number * EVERY_S * SECOND_US)
        name = f"bench-{number:04d}"
        words = " ".join(self.rng.choices(WORDS, k=9))
        return Post(
            id=name, account_id=account.id, key=mint_tid(now + number, SystemChance().stream("keys")), thread_id=name,
            payload=Payload(text=f"Note {number}: {words}."), state=State.QUEUED, since=now, created_at=now, due=due,
            expires_at=due + 3_600 * SECOND_US, approved_by="bench", approved_at=now,
        )  # fmt: skip

    async def arm_for_ever(self) -> None:
        """Keep a handful of faults armed."""
        while True:
            await asyncio.sleep(self.rng.uniform(1.0, 3.0))
            if len((await self.ask("/api/faults"))["faults"]) < 3:
                fault = self.rng.choices([row for _, row in FAULTS], [weight for weight, _ in FAULTS])[0]
                await self.ask("/api/faults", {**fault, "on": "write"})

    async def kill_once(self, aim: str) -> None:
        """Wait for the moment, kill, look at what the death left in the books and in the journal, start again."""
        if aim != "any":
            await self._until_up()
        await asyncio.sleep(self.rng.uniform(3.0, 7.0))
        if aim == "sending":
            await self._until_sending()
        elif aim == "accepted":
            await self._until_accepted()
        self.engine.kill()
        killed_at = self.clock.now()
        self.engine.start()
        restarted_at = self.clock.now()
        accepted = {row["key"] for row in await self.accepted() if row["at"] <= killed_at}
        self.done.append(await self._aftermath(killed_at, restarted_at, accepted))

    async def _aftermath(self, killed_at: int, restarted_at: int, accepted: set[str]) -> Kill:
        # The new engine needs a second to start, so these rows are still as the dead one left them.
        met = set().union(*(kill.attempts for kill in self.done))
        left = await self.books.posts(states=(State.SENDING,), limit=1000)
        sending = [post for post in left if (post.id, post.attempt) not in met]
        return Kill(
            killed_at,
            restarted_at,
            sending=frozenset(post.id for post in sending),
            accepted=frozenset(post.id for post in sending if post.key in accepted),
            attempts=frozenset((post.id, post.attempt) for post in sending),
        )

    async def _until_up(self) -> None:
        """Wait until the engine has started: on a busy machine that takes longer than the pause before a kill."""
        since = self.done[-1].restarted_at if self.done else 0
        patience = time.monotonic() + UP_S
        while time.monotonic() < patience:
            told = await self.books.newest_facts(kinds=["started"], limit=1)
            if told and told[0].at > since:
                return
            await asyncio.sleep(0.1)

    async def _until_sending(self) -> None:
        """Wait until a post is being sent, and then a little."""
        patience = time.monotonic() + PATIENCE_S
        while time.monotonic() < patience:
            if await self.books.posts(states=(State.SENDING,), limit=1):
                await asyncio.sleep(self.rng.uniform(0, 0.8))
                if await self.books.posts(states=(State.SENDING,), limit=1):
                    return
            await asyncio.sleep(0.01)

    async def _until_accepted(self) -> None:
        """Wait until the journal has grown by a post of ours: its answer has not left yet."""
        file = self.engine.folder / "network" / "journal.jsonl"
        size, patience = file.stat().st_size, time.monotonic() + PATIENCE_S
        ours = tuple(f'"account":"{row["handle"]}"' for row in self.network.accounts)
        while time.monotonic() < patience:
            if file.stat().st_size > size:
                with file.open("rb") as journal:
                    journal.seek(size)
                    grown = journal.read()
                size += len(grown)
                if b'"kind":"post"' in grown and any(name.encode() in grown for name in ours):
                    return
            await asyncio.sleep(0.0003)

    async def drain(self) -> None:
        """Wait until every post has come to rest, at most `DRAIN_S`."""
        bar = self.progress.add_task("coming to rest", total=self.posts)
        patience = time.monotonic() + DRAIN_S
        while time.monotonic() < patience:
            open_ = await self.books.posts(states=IN_FLIGHT, limit=1000)
            self.progress.update(bar, completed=self.posts - len(open_), description=await self.state())
            if not open_:
                return
            await asyncio.sleep(0.5)

    async def state(self) -> str:
        """How many posts are in which state, in words."""
        counts: Counter[str] = Counter()
        for (_, state), n in (await self.books.count_posts()).items():
            counts[state] += n
        return ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))

    async def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask the network's judges' door."""
        data = None if body is None else json.dumps(body).encode()
        # Our own loopback address, whatever the path.
        request = Request(self.network.url + path, data, {"content-type": "application/json"})  # noqa: S310
        return await asyncio.to_thread(_answer, request)

    async def accepted(self) -> list[dict[str, Any]]:
        """Every post of ours in the network's journal."""
        ours, found, after = {row["handle"] for row in self.network.accounts}, [], 0
        while (page := await self.ask(f"/api/journal?after={after}"))["records"]:
            found += [row for row in page["records"] if row["kind"] == "post" and row["account"] in ours]
            after = page["next"]
        return found

    async def judge(self, queued: list[str]) -> dict[str, Any]:
        """Hold the network's journal against the books."""
        truth, accepted = await self.ask("/api/truth"), await self.accepted()
        posts = [post for name in queued if (post := await self.books.post(name)) is not None]
        by_key = {post.key: post for post in posts}
        homeless = [row for row in accepted if not _recorded(by_key.get(row["key"]), row["id"])]
        restless = [post.id for post in posts if post.state not in AT_REST]
        kinds = {post.id: [fact.kind for fact in await self.books.facts(post_id=post.id)] for post in posts}
        speechless = [name for name, told in kinds.items() if not told]
        gone = sorted(set(queued) - {post.id for post in posts})
        copies = sum(n - 1 for n in Counter((row["account"], row["text"], row["parent"]) for row in accepted).values())
        waits = sorted(await self._waits())
        states = Counter(str(post.state) for post in posts)
        return {
            "posts": len(queued),
            "kills": len(self.done),
            "accepted": len(accepted),
            "published": states[State.PUBLISHED],
            "states": dict(states),
            "lost": len(homeless) + len(gone) + len(speechless),
            "duplicates": max(truth["duplicates"], copies),
            "unsettled": len(restless),
            "found_by_looking": sum("found" in told for told in kinds.values()),
            "sent_again": sum(post.attempt > 1 for post in posts),
            "kills_while_sending": sum(1 for kill in self.done if kill.sending),
            "accepted_then_killed": sum(len(kill.accepted) for kill in self.done),
            "restart_to_settled_p95_s": _quantile(waits, 0.95),
            "restart_to_settled_max_s": waits[-1] if waits else None,
            "restarts_settled": len(waits),
            "worst": {"homeless": [row["id"] for row in homeless], "gone": gone, "restless": restless},
        }

    async def _waits(self) -> list[float]:
        """For each kill that met a post: seconds from the restart until all it met were out of doubt."""
        return [max([await self._wait(kill, name) for name in kill.sending]) for kill in self.done if kill.sending]

    async def _wait(self, kill: Kill, name: str) -> float:
        facts: Sequence[Fact] = await self.books.facts(post_id=name, limit=1000)
        settled = [fact.at for fact in facts if fact.kind in SETTLED and fact.at > kill.killed_at]
        return (settled[0] - kill.restarted_at) / SECOND_US if settled else math.inf


def _recorded(post: Post | None, remote_id: str) -> bool:
    return (
        post is not None and post.state is State.PUBLISHED and post.remote is not None and post.remote.id == remote_id
    )


def _quantile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least this part of all does not exceed; infinite where nothing was measured."""
    return values[max(0, math.ceil(len(values) * part) - 1)] if values else math.inf


def _answer(request: Request) -> dict[str, Any]:
    with urlopen(request, timeout=20) as answer:  # noqa: S310 - our own loopback address
        found: dict[str, Any] = json.load(answer)
        return found


@contextmanager
def rig(folder: Path) -> Iterator[tuple[Settings, Network, Engine]]:
    """A network of its own in this folder, and an engine that is not started yet; both end with the block."""
    file = folder / "bowerbird.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    settings = load(file, env={}, data__folder=str(folder))
    engine = Engine(
        folder, [sys.executable, "-m", "bowerbird", "--data", str(folder), "--settings", str(file), "worker", "engine"]
    )
    network = start_network(folder, cast=CAST, speed=settings["demo.speed"], seed=settings["demo.seed"])
    try:
        yield settings, network, engine
    finally:
        if engine.process is not None:
            end(engine.process)
        end(network.process)


async def measure(folder: Path, posts: int, kills: int, seed: int) -> dict[str, Any]:
    """Run once in this folder and return the figures."""
    with rig(folder) as (settings, network, engine):
        books = await open_books(settings, SystemClock(), engine=False)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        try:
            with Progress(*columns, console=Console(stderr=True)) as progress:
                return await Killing(posts, kills, seed, settings, network, books, engine, progress).run()
        finally:
            await books.close()


def rows_of(figures: dict[str, Any], kills: int) -> list[Row]:
    """Hold the figures against the bars; what a run must have met shrinks with the number of kills asked for."""
    units = {name: "s" if name.endswith("_s") else "posts" for name in BARS}
    rows = [
        Row(name=name, value=figures[name], unit=units[name], bar=bar, ok=figures[name] <= bar, n=figures["posts"])
        for name, bar in BARS.items()
    ]
    rows[-1] = replace(rows[-1], n=figures["restarts_settled"])
    for name, least in FLOORS.items():
        bar, met = least * min(kills, 30) // 30, figures[name]
        rows.append(Row(name=name, value=met, unit="kills", bar=bar, ok=met >= bar, n=figures["kills"], least=True))
    return rows


def main() -> int:
    """Run the bench; 0 if everything holds."""
    parser = argparse.ArgumentParser("bench.killing", description="Kill the engine while it posts.")
    parser.add_argument("--json", action="store_true", help="print one line of JSON at the end")
    parser.add_argument("--posts", type=int, default=300)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", action="store_true", help="keep the books and the journal, and say where they are")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bowerbird-killing-"))
    try:
        figures = asyncio.run(measure(folder, asked.posts, asked.kills, asked.seed))
    finally:
        if asked.keep:
            sys.stderr.write(f"kept in {folder}\n")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    figures["scale"] = {"posting.attempt_s": ATTEMPT_S, "posting.attempt_s by default": 60.0, "network_speed": 60.0}
    rows = rows_of(figures, asked.kills)
    return report("killing", rows, as_json=asked.json, seed=asked.seed, figures=figures)


if __name__ == "__main__":
    sys.exit(main())

"""A real engine process on real books, and a network for it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bowerbird.app.accounts import account_from
from bowerbird.app.books import open_books
from bowerbird.clock import SystemClock
from bowerbird.core.account import HoldKind, Mode
from bowerbird.core.books import Batch
from bowerbird.core.facts import Fact
from bowerbird.core.incident import Incident
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Payload, Post
from bowerbird.settings import Settings, load

PATIENCE_S = 20.0


@dataclass
class Network:
    """A sandbox of its own."""

    process: subprocess.Popen[str]
    url: str

    def arm(self, **fault: Any) -> None:
        """Arm a fault."""
        httpx.post(f"{self.url}/api/faults", json=fault).raise_for_status()

    def accepted(self) -> int:
        """How many posts it accepted from us."""
        return int(httpx.get(f"{self.url}/api/truth").json()["accepted"])


@dataclass
class House:
    """A data folder and the processes that live on it."""

    folder: Path
    running: list[subprocess.Popen[str]] = field(default_factory=list)
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = load(env={}, data__folder=str(self.folder))

    def start(self, *words: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start `bowerbird WORDS` on this folder."""
        argv = [sys.executable, "-m", "bowerbird", "--data", str(self.folder), *words]
        around = {**os.environ, **(env or {})}
        self.running.append(
            subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=around)
        )
        return self.running[-1]

    def connect(self, network: Network, handle: str, *, password: str = "") -> str:
        """Write an account of the network into the books; return its id."""
        return asyncio.run(self._connect(network.url, handle, password or f"{handle}-pass"))

    async def _connect(self, url: str, handle: str, password: str) -> str:
        clock = SystemClock()
        books = await open_books(self.settings, clock, engine=False)
        account = account_from(
            self.settings, platform="sandbox", handle=handle, url=url, now=clock.now(), mode=Mode.ASK, cover_h=0.001
        )
        await books.save_secret(account.id, "password", password)
        await books.record(Batch(accounts=(account,)))
        await books.close()
        return account.id

    def put(self, account_id: str, name: str = "p1") -> None:
        """Queue a post that is due now."""
        now = SystemClock().now()
        post = Post(
            id=name, account_id=account_id, key=f"key-{name}", thread_id=name, state=State.QUEUED,
            payload=Payload(text=f"Words of {name}."), since=now, created_at=now, due=now,
            expires_at=now + 600 * SECOND_US, approved_by="a test",
        )  # fmt: skip
        asyncio.run(self._record(Batch(new_posts=(post,))))

    async def _record(self, batch: Batch) -> None:
        books = await open_books(self.settings, SystemClock(), engine=False)
        await books.record(batch)
        await books.close()

    def look(self, name: str = "p1") -> tuple[str, set[HoldKind], list[Fact]]:
        """The state of a post, the holds of its accounts, and all facts."""
        return asyncio.run(self._look(name))

    async def _look(self, name: str) -> tuple[str, set[HoldKind], list[Fact]]:
        clock = SystemClock()
        books = await open_books(self.settings, clock, engine=False)
        post, holds, facts = await books.post(name), await books.holds(now=clock.now()), await books.facts(limit=1000)
        await books.close()
        return (post.state if post else ""), {hold.kind for hold in holds}, facts

    def incidents(self) -> list[Incident]:
        """Every incident in the books."""
        return asyncio.run(self._incidents())

    async def _incidents(self) -> list[Incident]:
        books = await open_books(self.settings, SystemClock(), engine=False)
        found = await books.incidents()
        await books.close()
        return found

    def wait_for(self, state: str, name: str = "p1") -> None:
        """Wait until a post is in this state."""
        patience = time.monotonic() + PATIENCE_S
        while (now := self.look(name)[0]) != state:
            assert time.monotonic() < patience, f"{name} is {now}, not {state}"
            time.sleep(0.05)

    def wait_for_fact(self, kind: str, times: int = 1) -> list[Fact]:
        """Wait until this has happened so often; return the facts of that kind."""
        patience = time.monotonic() + PATIENCE_S
        while True:
            found = (
                [fact for fact in self.look()[2] if fact.kind == kind]
                if (self.folder / "bowerbird.db").exists()
                else []
            )
            if len(found) >= times:
                return found
            assert time.monotonic() < patience, f"{kind} happened {len(found)} times, not {times}"
            time.sleep(0.05)


@contextmanager
def house(folder: Path) -> Iterator[House]:
    """A data folder whose processes end with the block."""
    made = House(folder)
    try:
        yield made
    finally:
        for process in made.running:
            end(process)


@contextmanager
def network_of(place: House) -> Iterator[Network]:
    """A network that ends with the block."""
    argv = [sys.executable, "-m", "bowerbird.sandbox", "--data", str(place.folder / "network")]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Network(process, json.loads(process.stdout.readline())["url"])
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """Stop a process and close its pipes."""
    process.terminate()
    process.communicate(timeout=40)

"""An owner of Bowerbird as the tests play one: commands typed, an engine running, books looked into."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from bowerbird.app.books import open_books
from bowerbird.clock import SystemClock
from bowerbird.core.account import Account
from bowerbird.core.post import Post
from bowerbird.settings import Settings, load
from bowerbird.storage.sqlite import SqliteStorage
from tests.network.rig import Person, Rig

T = TypeVar("T")
WITHIN_S = 60.0
PACE = """
alerts = "none"

[posting]
attempt_s = 30.0
[measuring]
ladder_s = [1.0, 4.0, 8.0, 3600.0]
[jobs]
plan_s = 1.0
measure_s = 0.5
harvest_s = 1.0
learn_s = 1.0
[account]
mode = "auto"
every_s = {every_s}
cover_h = 0.01
hour_max = 1000
day_max = 1000
"""


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Owner:
    """One data folder, and the Bluesky account that belongs to it."""

    folder: Path
    person: Person
    url: str

    @classmethod
    async def at(cls, rig: Rig, folder: Path, name: str = "wren", *, url: str = "", every_s: float = 3.0) -> Owner:
        """Open an account on the rig and write the settings; nothing is connected yet."""
        folder.mkdir(exist_ok=True)
        (folder / "fast.toml").write_text(PACE.format(every_s=every_s), encoding="utf-8")
        return cls(folder, await rig.account(name), url or rig.pds)

    @property
    def account_id(self) -> str:
        """As the books call the account."""
        return f"bluesky:{self.person.handle}"

    async def settings(self) -> Settings:
        """The settings in force."""
        return await asyncio.to_thread(load, self.folder / "fast.toml", data__folder=str(self.folder))

    async def type(self, *words: str, password: str = "") -> Said:
        """Type a command."""
        running = await self._start(*words, password=password, pipes=asyncio.subprocess.PIPE)
        out, err = await running.communicate()
        return Said(running.returncode or 0, out.decode(), err.decode())

    async def connect(self, *, password: str = "") -> Said:
        """Type `bowerbird connect bluesky HANDLE`, with the password in the environment."""
        words = ("connect", "bluesky", self.person.handle, "--url", self.url)
        return await self.type(*words, password=password or self.person.password)

    async def attest(self) -> Said:
        """Say that the account is labelled, and who runs it."""
        return await self.type("attest", self.account_id, "--operator", "A test")

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run the real engine; it is asked to stop at the end, if it has not been killed."""
        running = await self._start("worker", "engine", pipes=None)
        try:
            yield running
        finally:
            if running.returncode is None:
                running.send_signal(signal.SIGTERM)
            await asyncio.wait_for(running.wait(), WITHIN_S)

    @asynccontextmanager
    async def books(self) -> AsyncIterator[SqliteStorage]:
        """Look into the books as a guest."""
        books = await open_books(await self.settings(), SystemClock(), engine=False)
        try:
            yield books
        finally:
            await books.close()

    async def posts(self) -> list[Post]:
        """Every post in the books."""
        async with self.books() as books:
            return await books.posts(limit=1000)

    async def accounts(self) -> list[Account]:
        """Every account in the books."""
        async with self.books() as books:
            return await books.accounts()

    async def _start(self, *words: str, password: str = "", pipes: int | None) -> asyncio.subprocess.Process:
        place = ("--data", str(self.folder), "--settings", str(self.folder / "fast.toml"))
        environment = {**os.environ, **({"BOWERBIRD_PASSWORD": password} if password else {})}
        argv = (sys.executable, "-m", "bowerbird", *place, *words)
        return await asyncio.create_subprocess_exec(*argv, env=environment, stdout=pipes, stderr=pipes)


async def records(rig: Rig, person: Person) -> list[dict[str, Any]]:
    """What really stands in somebody's repository."""
    params = {"repo": person.did, "collection": "app.bsky.feed.post", "limit": "100"}
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{rig.pds}/xrpc/com.atproto.repo.listRecords", params=params)
    return list(answer.json()["records"])


async def until(look: Callable[[], Awaitable[T]], good: Callable[[T], bool], *, within_s: float = WITHIN_S) -> T:
    """Look again until it is good."""
    async with asyncio.timeout(within_s):
        while not good(seen := await look()):
            await SystemClock().sleep(0.2)
    return seen

"""Books that change as those of a running engine do, and the real dashboard process in front of them.

Nothing is posted: the jobs run by their real table and rhythm, but each only looks and says that nothing is due.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from bowerbird.app.books import BOOKS
from bowerbird.clock import SeededChance, SystemClock
from bowerbird.core.books import Batch, Storage
from bowerbird.core.facts import Fact
from bowerbird.core.work import Owner
from bowerbird.dashboard.doors import COOKIE
from bowerbird.dashboard.metrics import packed
from bowerbird.jobs.health import monitors, samples
from bowerbird.jobs.monitors import Supervisor
from bowerbird.jobs.runner import Runner, Work
from bowerbird.jobs.table import JOBS
from bowerbird.storage.sqlite import SqliteStorage

CLOCK = SystemClock()
PASSWORD = "the bench may look"  # noqa: S105 - of a process that lives as long as the bench
BEAT_S = 2.0
"""Seconds between two beats of the engine, and between two of its snapshots of numbers."""
START_MAX_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A dashboard that answers.

    Args:
        url: without a slash at its end.
        cookie: of a session, which is the owner's.
        pid: of its process.
    """

    url: str
    cookie: str
    pid: int

    def cpu_s(self) -> float:
        """Seconds of a core that the process has used so far, as Linux counts them."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def facing(folder: Path) -> AsyncIterator[Face]:
    """Start the dashboard of this data folder, and end it."""
    port = free_port()
    said = {"BOWERBIRD_FACE_PORT": str(port), "BOWERBIRD_FACE_PASSWORD": PASSWORD}
    command = [sys.executable, "-m", "bowerbird", "--data", str(folder), "worker", "face"]
    process = subprocess.Popen(command, env=os.environ | said, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        await answers(f"{url}/livez")
        yield Face(url=url, cookie=await _signed_in(url), pid=process.pid)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answers(url: str) -> None:
    """Wait until a server answers; `TimeoutError` if it does not within `START_MAX_S`."""
    until = time.monotonic() + START_MAX_S
    async with httpx.AsyncClient() as client:
        while time.monotonic() < until:
            with suppress(httpx.TransportError):
                await client.get(url)
                return
            await asyncio.sleep(0.1)
    raise TimeoutError(f"{url} does not answer")


async def _signed_in(url: str) -> str:
    async with httpx.AsyncClient(base_url=url) as client:
        answer = await client.post("/login", data={"name": "owner", "password": PASSWORD})
        return answer.cookies[COOKIE]


@asynccontextmanager
async def living(folder: Path) -> AsyncIterator[Storage]:
    """Open the books and keep them changing as an engine at work does, until the end."""
    books = await SqliteStorage.open(folder / BOOKS, key_file=folder / "secrets.key", clock=CLOCK, engine=False)
    runner = Runner(JOBS, {job.name: _looks() for job in JOBS}, books, CLOCK, SeededChance(7), "bench")
    supervisor = Supervisor(monitors(lambda: runner), CLOCK, runner.book.keep)
    tasks = [asyncio.create_task(each) for each in (runner.run(), supervisor.run(), _beat(books, runner))]
    try:
        yield books
    finally:
        runner.stop()
        await tasks[0]
        for task in tasks[1:]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await books.close()


def _looks() -> Work:
    async def look() -> bool:
        return False

    return look


async def _beat(books: Storage, runner: Runner) -> None:
    """The engine's beats with its numbers, and what happens to one post of the past."""
    began = CLOCK.now()
    while True:
        now = CLOCK.now()
        await books.beat(Owner(id="bench", role="engine", pid=0, started_at=began, heard_at=now, note="all caught up"))
        told = Fact(kind="measured", at=now, by="measuring", account_id="sandbox:bench-1", post_id="bench-00000001")
        await books.record(Batch(facts=(told,), snapshots=(packed(samples(runner), now),)))
        await asyncio.sleep(BEAT_S)

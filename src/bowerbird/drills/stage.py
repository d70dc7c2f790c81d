"""The real program on a rehearsal network: started as its owner starts it, and looked at from outside.

1. A sandbox with the accounts of the program's kind; their passwords are written into fresh books.
2. `bowerbird run`, with the settings of `drill.toml`, alerts going to the world outside, and failpoints in a file.
3. Everything a drill knows comes from outside: the books as a guest, the journal of the network, the messages that
   arrived, the processes of this machine.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bowerbird.alerts.notifiers import channels_of, remember_tested
from bowerbird.app.accounts import account_from
from bowerbird.app.books import open_books
from bowerbird.core.books import Batch
from bowerbird.core.breaker import BreakerState, Position
from bowerbird.core.errors import BadInput
from bowerbird.core.facts import Fact
from bowerbird.core.incident import Incident
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US, Post
from bowerbird.drills import ground
from bowerbird.drills.books import DOUBT, every, given_up
from bowerbird.drills.breaking import Breaker, environment, spoilable_browser
from bowerbird.drills.network import Network, start_network
from bowerbird.drills.outside import Outside, outside
from bowerbird.drills.plan import Plan, Program
from bowerbird.settings import BY_NAME, Settings, load
from bowerbird.storage.sqlite import SqliteStorage

UP_S = 30.0
"""How long the program may take until its engine is heard, seconds."""
LOOK_S = 0.1
"""How often the harness looks, seconds: no figure is better than this."""
LIBFAKETIME = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
)
"""Where libfaketime may be."""


@dataclass
class Stage:
    """A running program and everything around it.

    Args:
        kind: what it was set up as.
        foreign: posts that were made behind its back; they are not ours to know.
        began: when the fault began, if a drill says so itself (monotonic seconds).
        notes: what a drill found out that its verdict should hold against the program, in sentences.
        offset_s: how far the program's wall clock is from ours, since a drill stepped it.
    """

    folder: Path
    kind: Program
    clock: Clock
    outside: Outside
    network: Network
    settings: Settings
    books: SqliteStorage
    http: httpx.AsyncClient
    process: subprocess.Popen[bytes] | None = None
    foreign: set[str] = field(default_factory=set)
    began: float | None = None
    mended: float | None = None
    well_at: float | None = None
    notes: list[str] = field(default_factory=list)
    memory: dict[str, Any] = field(default_factory=dict)
    offset_s: float = 0.0
    _breaker: Breaker | None = None

    @property
    def breaking(self) -> Breaker:
        """The hands that break this program."""
        pid = self.process.pid if self.process else 0
        if self._breaker is None or self._breaker.pid != pid:
            self._breaker = Breaker(pid, self.folder)
        return self._breaker

    # --- time ----------------------------------------------------------------------------------------

    def fault_begins(self) -> None:
        """From here on the time until the alert is counted."""
        self.began = self.clock.monotonic()

    def fault_ends(self) -> None:
        """From here on the time until recovery is counted."""
        self.mended = self.clock.monotonic()

    def step_clock(self, offset_s: float) -> None:
        """Step the program's wall clock, and nobody else's, to so many seconds from the true time."""
        set_clock(self.folder, offset_s)
        self.offset_s = offset_s

    def now(self) -> int:
        """The instant by the program's wall clock, microseconds."""
        return self.clock.now() + round(self.offset_s * SECOND_US)

    def was_well(self, at: int) -> None:
        """It was well at this instant of the wall clock (microseconds), though it could be seen only later."""
        self.well_at = self.clock.monotonic() - (self.now() - at) / SECOND_US

    def began_at(self, at: int) -> None:
        """The fault began at this instant of the wall clock (microseconds), as the program itself wrote it down."""
        self.began = self.clock.monotonic() - (self.now() - at) / SECOND_US

    async def until(self, happened: Callable[[], Any], *, within_s: float) -> bool:
        """Look again until it has happened (the callable is awaited); False if it did not in time."""
        end = self.clock.monotonic() + within_s
        while not await happened():
            if self.clock.monotonic() >= end:
                return False
            await self.clock.sleep(LOOK_S)
        return True

    # --- what is seen from outside -------------------------------------------------------------------

    async def incidents(self) -> list[Incident]:
        """Open incidents, newest first; those that are only written down are left out."""
        return [each for each in await self.books.incidents(open_only=True) if each.severity != "info"]

    async def breaker(self, name: str) -> BreakerState | None:
        """The breaker whose name begins so."""
        return next((each for each in await self.books.breakers() if each.name.startswith(name)), None)

    async def breakers_closed(self) -> bool:
        """No breaker is open."""
        return all(each.position is Position.CLOSED for each in await self.books.breakers())

    async def facts(self, *kinds: str, limit: int = 50) -> list[Fact]:
        """The newest facts of these kinds."""
        return await self.books.newest_facts(kinds=kinds, limit=limit)

    async def sample(self, name: str, **labels: str) -> float | None:
        """The newest value of a metric whose labels include these; None if it was not observed."""
        snapshot = await self.books.snapshot("samples")
        rows = snapshot.data.get("samples", []) if snapshot else []
        return next((row[2] for row in rows if row[0] == name and labels.items() <= row[1].items()), None)

    async def sampled_since(self) -> bool:
        """Whether the samples were written after the fault ended, or after it began while it lasts."""
        snapshot = await self.books.snapshot("samples")
        marked = int(self.memory.get("marked_at", 0))
        return snapshot is not None and snapshot.at > marked

    async def part(self, name: str) -> Mapping[str, Any]:
        """How a part is, as the boot says; empty if it says nothing."""
        snapshot = await self.books.snapshot("parts")
        rows = snapshot.data.get("parts", []) if snapshot else []
        return next((row for row in rows if row["name"] == name), {})

    async def heard_s(self) -> float:
        """How long ago the engine was heard."""
        heard = max((each.heard_at for each in await self.books.owners() if each.role == "engine"), default=0)
        return (self.now() - heard) / SECOND_US

    async def posts(self, *states: State) -> list[Post]:
        """Every post in these states, or every post."""
        return await every(self.books, *states)

    async def published(self, account: str = "") -> int:
        """How many posts are known to be there, of accounts whose id ends so."""
        count = await self.books.count_posts()
        return sum(n for (name, state), n in count.items() if state is State.PUBLISHED and name.endswith(account))

    async def due_s(self, account: str = "") -> float:
        """How long the longest waiting post is past its time, seconds; 0 if none waits."""
        now = self.now()
        queued = [post for post in await self.posts(State.QUEUED) if post.account_id.endswith(account)]
        return max((now - post.due for post in queued if post.due <= now), default=0) / SECOND_US

    async def settled(self) -> bool:
        """No post is under way or in doubt."""
        return not await self.posts(*DOUBT)

    async def posts_flow(self) -> bool:
        """Whether a post was published since the fault ended, and none waits."""
        since = int(self.memory.get("published_at_mend", 0))
        return await self.published() > since and await self.due_s() < 5.0

    # --- both books ----------------------------------------------------------------------------------

    async def lost(self) -> list[str]:
        """What the network has and our books do not, what ours have and it does not, and what ours gave up."""
        accepted = set(await self.network.accepted()) - self.foreign
        ours = await self.posts()
        known = {post.remote.id for post in ours if post.remote}
        there = {post.remote.id for post in ours if post.remote and post.state is State.PUBLISHED}
        unknown = [f"{each} is on the network and not in our books" for each in sorted(accepted - known)]
        return [*given_up(ours), *unknown, *(f"{each} is not on the network" for each in sorted(there - accepted))]

    async def doubled(self) -> int:
        """How many posts stand on the network twice."""
        return await self.network.doubled()


@asynccontextmanager
async def staged(
    plan: Plan, kind: Program, folder: Path, clock: Clock, *, prepare: Callable[[Stage], None] | None = None
) -> AsyncIterator[Stage]:
    """Build a stage, run the program on it, and take everything down again.

    Args:
        prepare: breaks something before the program starts; the fault begins with the start.
    """
    await asyncio.to_thread(_make_folders, folder)
    async with httpx.AsyncClient(timeout=10) as http, outside(clock) as there:
        cast = ",".join(f"{seat.handle}:{seat.keyed}" for seat in kind.cast)
        network = await start_network(folder / "network", clock, http, cast=cast, speed=60.0, seed=7)
        try:
            stage = await _furnished(plan, kind, folder, clock, there, network, http)
            if prepare is not None:
                prepare(stage)
            try:
                await _run(stage, wait=prepare is None)
                yield stage
            finally:
                if stage.process is not None:
                    await ground.end(stage.process)
                await stage.books.close()
        finally:
            if network.process is not None:
                await ground.end(network.process)


def _make_folders(folder: Path) -> None:
    (folder / "network").mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


async def _furnished(
    plan: Plan, kind: Program, folder: Path, clock: Clock, there: Outside, network: Network, http: httpx.AsyncClient
) -> Stage:
    """Write settings, accounts and their passwords."""
    more: dict[str, Any] = {"face.port": ground.free_port(), "data.folder": str(folder)}
    if any(seat.platform == "sandbox-web" for seat in kind.cast):
        browser = spoilable_browser(folder)
        if browser is None:
            raise BadInput("no Chromium was found, and this drill breaks one; `make chromium` looks for one")
        more["browser.path"] = str(browser)
    if kind.writer:
        more |= {"writer.url": f"{there.url}/v1", "writer.model": "drilled", "writer.timeout_s": 3.0}
    more |= {name: value for name, value in _telling(there).items() if name in BY_NAME}
    more |= kind.settings
    settings = load(plan.settings_file(folder / "drilled.toml", more), env={})
    books = await open_books(settings, clock, engine=False)
    await _seat_accounts(settings, books, network, kind, now=clock.now())
    for channel in channels_of(settings["alerts.channels"]):
        await remember_tested(books, channel, now=clock.now())  # as after `bowerbird alerts test`
    return Stage(folder, kind, clock, there, network, settings, books, http)


def _telling(there: Outside) -> dict[str, Any]:
    """The settings by which alerts and the guardian reach the world outside."""
    return {"alerts.channels": {"outside": f"{there.url}/alert"}, "guardian.webhook": f"{there.url}/alert"}


async def _seat_accounts(
    settings: Settings, books: SqliteStorage, network: Network, kind: Program, *, now: int
) -> None:
    passwords = {row["handle"]: row["password"] for row in network.accounts}
    accounts = []
    for seat in kind.cast:
        account = account_from(settings, platform=seat.platform, handle=seat.handle, url=network.url, now=now)
        await books.save_secret(account.id, "password", passwords[seat.handle])
        accounts.append(account)
    await books.record(Batch(accounts=tuple(accounts)))


async def _run(stage: Stage, *, wait: bool) -> None:
    """Start the program; where nothing is broken yet, wait until it has posted once."""
    argv = [sys.executable, "-m", "bowerbird", "--data", str(stage.folder)]
    argv += ["--settings", str(stage.folder / "drilled.toml"), "run"]
    stage.process = ground.start(argv, log=stage.folder / "program.log", env=_environment(stage))
    if not wait:
        return
    if not await stage.until(lambda: _posted(stage), within_s=UP_S):
        raise BadInput(f"the program did not post; its own words are in {stage.folder / 'program.log'}")


async def _posted(stage: Stage) -> bool:
    return await stage.published() > 0


def _environment(stage: Stage) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("BOWERBIRD_")}
    env |= {name: value for name, value in environment(stage.folder).items() if name.startswith("BOWERBIRD_FAIL")}
    if stage.kind.faketime:
        library = faketime()
        set_clock(stage.folder, 0)
        env |= {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(stage.folder / "faketime"),
            "FAKETIME_CACHE_DURATION": "1",
            # Else each wait of a thread passes through it, and a busy program crawls.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
    return env


def faketime() -> str:
    """The library that steps clocks.

    Raises:
        BadInput: it is not installed.
    """
    found = next((path for path in LIBFAKETIME if Path(path).exists()), "")
    if not found:
        raise BadInput("libfaketime was not found, and this drill steps the clock; install the package `faketime`")
    return found


def set_clock(folder: Path, offset_s: float) -> None:
    """Write down how far the program's wall clock is from the true time, seconds."""
    file = folder / "faketime"
    draft = file.with_suffix(".new")
    draft.write_text(f"{offset_s:+.0f}\n", encoding="utf-8")
    draft.replace(file)

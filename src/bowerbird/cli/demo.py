"""Rehearse the whole engine: a network, an engine, a dashboard, and a report that compares both books.

1. Start the sandbox; its world is found again if there is one.
2. Connect three accounts that stand for the three ways of being sure: one whose keys are remembered for ever,
   one whose keys are remembered for an hour and whose posts wait for a person, and one that has no keys at all
   and is driven through a real browser.
3. Start the guardian with engine and face, exactly as `bowerbird run` does, and tell what happens.
4. At the end stop the engine gracefully, and compare the sandbox's journal with our books.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bowerbird.app.network import Network, end, free_port, start_network
from bowerbird.cli.operate import Place, guardian_argv, guardian_environment
from bowerbird.core.account import Account, Mode
from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import State
from bowerbird.core.post import Kind, Post
from bowerbird.settings import make_folder

if TYPE_CHECKING:
    from bowerbird.settings import Settings
    from bowerbird.storage.sqlite import SqliteStorage

CAST = "wren:forever,finch:hour,robin:none"
"""Our accounts in the rehearsal, and for how long each remembers a key."""
PUBLISHED = ("confirmed", "found", "confirmed_late")
"""The facts by which a post is published."""
TOLD = {
    "planned": "asks you",
    "confirmed": "posted",
    "found": "is there after all",
    "confirmed_late": "is there after all",
    "advised": "learned",
    "lost_touch": "in doubt",
    "harvested": "was addressed by",
    "refused": "was refused",
    "missed": "missed",
    "hold_set": "is held",
    "job_failed": "failed",
    "degraded": "goes without",
}
"""The facts that the rehearsal tells while it runs, each with the word for it."""


@dataclass
class Tally:
    """What happened since the rehearsal began."""

    published: int = 0
    by_browser: int = 0
    replies: int = 0
    readings: int = 0
    first_at: float | None = None
    advice: str = ""
    cursor: int = 0
    seen: set[str] = field(default_factory=set)


@dataclass
class Demo:
    """One rehearsal.

    Args:
        for_s: stop after so many seconds; None runs until interrupted.
        fresh: begin a new world.
    """

    place: Place
    for_s: float | None = None
    fresh: bool = False
    tally: Tally = field(default_factory=Tally)

    def run(self) -> dict[str, Any]:
        """Rehearse, and return the report."""
        folder = self.place.settings().folder / "demo"
        if self.fresh and folder.exists():
            shutil.rmtree(folder)
        make_folder(folder)
        place = Place(data=str(folder), file=str(self._settings_file(folder)))
        settings = place.settings()
        settings = place.settings(face__port=free_port(settings["face.host"], settings["face.port"]))
        tell("Starting a small social network of our own ...")
        network = start_network(folder, cast=CAST, speed=settings["demo.speed"], seed=settings["demo.seed"])
        try:
            return asyncio.run(self._rehearse(place, settings, network))
        finally:
            end(network.process)

    def _settings_file(self, folder: Path) -> Path:
        if self.place.file:
            return Path(self.place.file)
        file = folder / "demo.toml"
        file.write_text(files("bowerbird.cli").joinpath("demo.toml").read_text(encoding="utf-8"), encoding="utf-8")
        return file

    async def _rehearse(self, place: Place, settings: Settings, network: Network) -> dict[str, Any]:
        from bowerbird.app.books import open_books
        from bowerbird.clock import SystemClock

        clock = SystemClock()
        books = await open_books(settings, clock, engine=False)
        try:
            accounts = await cast_accounts(settings, books, network, now=clock.now())
            self.tally.cursor = await last_fact(books)
            tell("Starting the engine and its dashboard ...")
            began = stopwatch()
            guardian = start_engine(place, settings)
            try:
                async with self._break_me(settings, books, network, guardian) as break_me:
                    self._greet(settings, network, break_me)
                    await self._watch(books, clock, accounts, guardian, began)
            finally:
                end(guardian)
            await self._look(books, accounts, began)
            return self._report(settings, network, await accounts_in_books(books))
        finally:
            await books.close()

    @asynccontextmanager
    async def _break_me(
        self, settings: Settings, books: SqliteStorage, network: Network, guardian: subprocess.Popen[bytes]
    ) -> AsyncIterator[str]:
        """Serve the page on which a visitor breaks this rehearsal; gives its address."""
        import httpx

        from bowerbird.clock import SystemClock
        from bowerbird.drills import ground
        from bowerbird.drills.breaking import Breaker
        from bowerbird.drills.breakme import BreakMe, served
        from bowerbird.drills.buttons import Hand
        from bowerbird.drills.network import Network as Truth

        clock = SystemClock()
        async with httpx.AsyncClient(timeout=10) as http:
            truth = Truth(network.url, network.accounts, http)
            hand = Hand(Breaker(guardian.pid, settings.folder), truth, clock)
            dashboard = f"http://{settings['face.host']}:{settings['face.port']}"
            async with served(BreakMe(hand, books, clock, dashboard), ground.listen()) as address:
                yield address

    def _greet(self, settings: Settings, network: Network, break_me: str) -> None:
        tell(f"The dashboard:       http://{settings['face.host']}:{settings['face.port']}   "
             f"password: {password_file(settings).read_text(encoding='utf-8').strip()}")  # fmt: skip
        tell(f"The network:         {network.url}   (its faults: {network.url}/faults)")
        tell(f"Break me:            {break_me}   (kill it, freeze it, fill its disk, and watch both books)")
        tell("Your part:           finch asks before it posts; say yes or no on the dashboard, under Approvals.")
        tell("Press Ctrl-C to stop.\n" if self.for_s is None else f"Running for {self.for_s:g} s.\n")

    async def _watch(
        self,
        books: SqliteStorage,
        clock: Any,
        accounts: dict[str, Account],
        guardian: subprocess.Popen[bytes],
        began: float,
    ) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stopping.set)
        while not stopping.is_set() and guardian.poll() is None:
            await self._look(books, accounts, began)
            if self.for_s is not None and stopwatch() - began >= self.for_s:
                break
            await clock.sleep(0.3)

    async def _look(self, books: SqliteStorage, accounts: dict[str, Account], began: float) -> None:
        """Read the facts that are new, count them, and tell those a person wants to hear."""
        while facts := await books.facts(after=self.tally.cursor, limit=500):
            for fact in facts:
                await self._count(books, accounts, fact, began)
                self.tally.cursor = fact.seq or self.tally.cursor
        self.tally.seen.clear()

    async def _count(self, books: SqliteStorage, accounts: dict[str, Account], fact: Fact, began: float) -> None:
        tally = self.tally
        post = await books.post(fact.post_id) if fact.post_id and fact.kind in TOLD else None
        if fact.kind in PUBLISHED and post is not None:
            tally.published += 1
            tally.by_browser += accounts[fact.account_id].platform == "sandbox-web"
            tally.replies += post.kind is Kind.REPLY
            if tally.first_at is None:
                tally.first_at = stopwatch() - began
        tally.readings += fact.kind == "measured"
        if fact.kind == "advised":
            tally.advice = str(fact.data.get("version", ""))
        if line := told(fact, post):
            tell(f"{stopwatch() - began:6.1f} s  {line}")

    def _report(self, settings: Settings, network: Network, known: set[str]) -> dict[str, Any]:
        truth = network.get("/api/truth")
        accepted = network.accepted()
        tally = self.tally
        report = {
            "published": tally.published,
            "published_by_browser": tally.by_browser,
            "duplicates": truth["duplicates"],
            "lost": len(accepted - known),
            "readings": tally.readings,
            "replies": tally.replies,
            "advice_version": tally.advice or None,
            "first_post_s": None if tally.first_at is None else round(tally.first_at, 2),
            "accepted_by_the_network": len(accepted),
            "seed": settings["demo.seed"],
        }
        report["ok"] = report["duplicates"] == 0 and report["lost"] == 0 and tally.published > 0
        if not tally.published:
            tell(f"!! Nothing was posted. What the engine said is in {settings.folder / 'engine.log'}")
        return report


def start_engine(place: Place, settings: Settings) -> subprocess.Popen[bytes]:
    """Start the guardian with engine and face, as `bowerbird run` does."""
    environment = {
        **os.environ,
        **guardian_environment(settings),
        "BOWERBIRD_FACE_PASSWORD_FILE": str(password_file(settings)),
        "BOWERBIRD_FACE_PORT": str(settings["face.port"]),
    }
    argv = [*guardian_argv(place, settings.folder), "--with-parent"]
    log = (settings.folder / "engine.log").open("ab")
    return subprocess.Popen(argv, env=environment, stdout=log, stderr=log, start_new_session=True)


def password_file(settings: Settings) -> Path:
    """The file with the dashboard's password; made once."""
    file = settings.folder / "face.password"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(9) + "\n", encoding="utf-8")
    return file


async def cast_accounts(settings: Settings, books: SqliteStorage, network: Network, *, now: int) -> dict[str, Account]:
    """Write the rehearsal's accounts and their passwords into the books."""
    from bowerbird.app.accounts import account_from
    from bowerbird.browsers import chromium
    from bowerbird.core.books import Batch

    accounts = []
    for row in network.accounts:
        platform = "sandbox-web" if row["keyed"] == "none" else "sandbox"
        if platform == "sandbox-web" and not chromium.available(settings["browser.path"]):
            tell("!! No Chromium was found, so nothing is posted through a browser. `make chromium` looks for one.")
            continue
        account = account_from(settings, platform=platform, handle=row["handle"], url=network.url, now=now)
        if row["keyed"] == "hour":
            account = replace(account, mode=Mode.ASK, every_s=(account.every_s or 6.0) * 4, cover_h=0.04)
        await books.save_secret(account.id, "password", row["password"])
        accounts.append(account)
    await books.record(Batch(accounts=tuple(accounts)))
    return {account.id: account for account in accounts}


def told(fact: Fact, post: Post | None) -> str:
    """Say a fact in one line to the person who watches; empty if it is none of the few that are worth it.

    What is planned is told only where a person is asked, and once for a thread; who addressed us, as a number.
    """
    asks = post is not None and post.state is State.PROPOSED and post.part == 0
    heard = fact.kind == "harvested" and fact.data.get("what") == "mentions"
    if fact.kind not in TOLD or (fact.kind == "planned" and not asks) or (fact.kind == "harvested" and not heard):
        return ""
    who = fact.account_id.split(":")[-1] or fact.by
    deed = "replied" if post and post.kind is Kind.REPLY and fact.kind in PUBLISHED else TOLD[fact.kind]
    return f"{who:<8} {deed:<18} {_words(fact, post)[:72]}"


def _words(fact: Fact, post: Post | None) -> str:
    if post is not None:
        part = f"{post.part + 1}/{post.parts} " if post.parts > 1 else ""
        return part + " ".join(post.payload.text.split())
    if fact.kind == "harvested":
        return f"{fact.data['found']} people" if fact.data["found"] > 1 else "one person"
    return str(fact.data.get("sentence") or fact.data.get("why") or fact.data.get("error") or "")


async def accounts_in_books(books: SqliteStorage) -> set[str]:
    """The remote ids of every post in our books."""
    found: set[str] = set()
    before = None
    while page := await books.posts(before=before, limit=1000):
        found |= {post.remote.id for post in page if post.remote}
        if before == page[-1].due:
            break
        before = page[-1].due
    return found


async def last_fact(books: SqliteStorage) -> int:
    """The seq of the newest fact; 0 if there is none."""
    newest = await books.newest_facts(limit=1)
    return (newest[0].seq or 0) if newest else 0


def tell(line: str) -> None:
    """Say something to the person who watches; standard output belongs to the report."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def stopwatch() -> float:
    """Seconds that never go back."""
    from bowerbird.clock import SystemClock

    return SystemClock().monotonic()

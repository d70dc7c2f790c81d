"""The composition root: settings in, a running engine out.

The only file that names every concrete part. Rooms get plain values and ports; none of them knows who its
neighbours are, or where a value was set.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bowerbird.browsers import chromium
from bowerbird.browsers.seat import Seat
from bowerbird.clock import SystemChance, SystemClock, mint_tid
from bowerbird.core.account import Account, Hold, HoldKind, Mode
from bowerbird.core.errors import BadInput, PlatformError, Unreachable
from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import State
from bowerbird.core.policy import attested
from bowerbird.core.ports import Batch, Chance, Clock, Identity, Platform, Secrets, Storage, Writer
from bowerbird.core.post import SECOND_US, Post
from bowerbird.core.work import Command, Owner
from bowerbird.harvesting.harvester import Harvester
from bowerbird.jobs.desk import Desk
from bowerbird.jobs.runner import Runner, Work
from bowerbird.jobs.table import with_periods
from bowerbird.jobs.tidy import Tidy
from bowerbird.learning.trainer import Trainer
from bowerbird.measuring.reader import Reader
from bowerbird.planning.calendar import next_slots
from bowerbird.planning.gate import Passed, open_gate
from bowerbird.planning.planner import Planner
from bowerbird.planning.proposals import propose
from bowerbird.posting.publisher import Publisher
from bowerbird.posting.reconciler import Reconciler
from bowerbird.posting.renewal import Renewal
from bowerbird.posting.sweeper import Sweeper
from bowerbird.posting.verbs import Verbs
from bowerbird.posting.wall import Wall
from bowerbird.settings import KNOBS, Settings, make_folder
from bowerbird.startup.heart import Heart
from bowerbird.startup.late import Late
from bowerbird.storage.sqlite import SqliteStorage

BOOKS = "bowerbird.db"
"""The books, in the data folder."""
KEY = "secrets.key"
"""The key of the secrets, in the data folder, readable by its owner alone."""
WEEK_US = 7 * 86_400 * SECOND_US
"""A week, in microseconds."""
INTRODUCE_S = 45.0
"""How long a platform may take to say who we are, in seconds."""
PLATFORMS = ("sandbox", "sandbox-web", "bluesky")
"""The platforms an account can be on."""


def books_path(settings: Settings) -> Path:
    """Where the books are."""
    return settings.folder / BOOKS


async def open_books(settings: Settings, clock: Clock, *, engine: bool) -> SqliteStorage:
    """Open the books as the engine, which holds the lock, or as a guest.

    Raises:
        BadInput: the data folder cannot be made or written.
        StorageBusy: another engine holds the books; says who.
    """
    folder = await asyncio.to_thread(make_folder, settings.folder)
    return await SqliteStorage.open(
        books_path(settings), key_file=folder / KEY, clock=clock, engine=engine, deadline_s=settings["data.deadline_s"]
    )


@dataclass
class Connections(Mapping[str, Platform]):
    """The adapter of each account, connected when the account is added and again when it changes."""

    storage: Storage
    clock: Clock
    settings: Settings
    seat: Seat
    _platforms: dict[str, Platform] = field(default_factory=dict)
    _accounts: dict[str, Account] = field(default_factory=dict)
    _unasked: set[str] = field(default_factory=set)

    def __getitem__(self, account_id: str) -> Platform:
        return self._platforms[account_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._platforms)

    def __len__(self) -> int:
        return len(self._platforms)

    async def connect_once(self) -> bool:
        """Connect accounts that are new or changed, and ask each who we are. Return False: there is no more.

        1. Make their adapters; from here on they can be planned for and posted to.
        2. Ask them all at once, so that a browser that starts slowly keeps nobody waiting.
        """
        await self.attach()
        await asyncio.gather(*(self._greet(account_id) for account_id in tuple(self._unasked)))
        return False

    async def attach(self) -> None:
        """Make the adapter of each account that is new or changed, without asking it anything.

        An account that cannot be connected as it is set up is told once, and does not keep the others.
        """
        for account in await self.storage.accounts():
            known = self._accounts.get(account.id)
            if known is not None and _address(known) == _address(account):
                continue
            before = self._platforms.pop(account.id, None)
            if before is not None:
                await before.close()
            try:
                self._platforms[account.id] = await self._adapter(account)
            except BadInput as error:
                await self._tell(account.id, str(error))
            else:
                self._unasked.add(account.id)
            self._accounts[account.id] = account  # not before: books that hiccup are asked again at the next look

    async def _adapter(self, account: Account) -> Platform:
        return await connect(account, secrets=self.storage, clock=self.clock, seat=self.seat, settings=self.settings)

    async def _greet(self, account_id: str) -> None:
        self._unasked.discard(account_id)
        try:
            await self._platforms[account_id].whoami()
        except PlatformError as error:
            # It may be back in a moment; posting finds out for itself, and says so where it matters.
            await self._tell(account_id, str(error))

    async def _tell(self, account_id: str, why: str) -> None:
        fact = Fact(kind="degraded", at=self.clock.now(), by="connect", account_id=account_id, data={"why": why})
        await self.storage.record(Batch(facts=(fact,)))

    async def close(self) -> None:
        """Close every adapter and the browser."""
        for platform in self._platforms.values():
            await platform.close()
        await self.seat.close()


def seat_of(settings: Settings) -> Seat:
    """A seat in the browser of this machine. One that is missing fails where it is needed, and nowhere else."""
    try:
        path = chromium.find(settings["browser.path"])
    except BadInput:
        path = settings["browser.path"] or os.environ["CHROMIUM"]
    return Seat(path=path, arguments=chromium.flags())


def _address(account: Account) -> tuple[str, str, str, int]:
    """What an adapter is made from; connecting an account anew changes its `created_at`."""
    return account.platform, account.url, account.handle, account.created_at


async def connect(account: Account, *, secrets: Secrets, clock: Clock, seat: Seat, settings: Settings) -> Platform:
    """Make the adapter of an account; the only place that names them all. Asks the platform nothing.

    Raises:
        BadInput: there is no such platform.
    """
    import httpx

    match account.platform:
        case "sandbox":
            from bowerbird.platforms.sandbox import Sandbox

            http = httpx.AsyncClient()
            return Sandbox(account.id, account.url, account.handle, secrets, clock, http, folder=settings.folder)
        case "sandbox-web":
            from bowerbird.platforms.web.driver import WebDriver
            from bowerbird.platforms.web.sites import SANDBOX

            return WebDriver(account.id, account.url, account.handle, SANDBOX, seat, secrets, clock)
        case "bluesky":
            from bowerbird.platforms.bluesky.adapter import Bluesky
            from bowerbird.platforms.bluesky.session import StoredSession

            password = await secrets.load_secret(account.id, "password") or ""
            session = StoredSession(secrets, account.id)
            return Bluesky(account.url, account.handle, password, session, clock, media_root=settings.folder)
        case _:
            raise BadInput(f"there is no platform {account.platform!r}; known are {', '.join(PLATFORMS)}")


@dataclass
class App:
    """A running engine: everything it is made of, for the process that runs it."""

    settings: Settings
    storage: SqliteStorage
    clock: Clock
    chance: Chance
    owner: Owner
    connections: Connections
    runner: Runner
    heart: Heart

    async def run(self) -> None:
        """Run until a stop is asked for, then wind down: finish what is under way, and close every door."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.runner.stop)
        beat = None
        try:
            # Heard once before the first claim: a claim of an owner never heard would be taken for a dead one's.
            await self.heart.beat_once()
            beat = asyncio.create_task(self.heart.beat_for_ever(), name="heart")
            # And attached before the first job: the first plan has somebody to plan for, and what a dead engine
            # left in doubt is looked for at once.
            await self.connections.attach()
            await self._say("started")
            await self.runner.run()
            await self._say("stopped")
        finally:
            if beat is not None:
                beat.cancel()
            await self.connections.close()
            await self.storage.close()

    async def _say(self, kind: str) -> None:
        fact = Fact(kind=kind, at=self.clock.now(), by="engine", data={"pid": os.getpid(), "owner": self.owner.id})
        await self.storage.record(Batch(facts=(fact,)))


async def build(settings: Settings) -> App:
    """Put an engine together; nothing runs yet. What cannot be put together lets go of the books again."""
    clock, chance = SystemClock(), SystemChance()
    storage = await open_books(settings, clock, engine=True)
    try:
        return _assembled(settings, storage, await asyncio.to_thread(seat_of, settings), clock, chance)
    except BaseException:
        await storage.close()
        raise


def _assembled(settings: Settings, storage: SqliteStorage, seat: Seat, clock: Clock, chance: Chance) -> App:
    now = clock.now()
    owner = Owner(id=chance.name("boot"), role="engine", pid=os.getpid(), started_at=now, heard_at=now)
    connections = Connections(storage, clock, settings, seat)
    periods = {name: settings[f"jobs.{name}_s"] for name in ("plan", "measure", "harvest", "learn")}
    work = bind(settings, storage, connections, clock, chance, owner.id, alone_since=now)
    runner = Runner(with_periods(periods), work, storage, clock, chance, owner.id)
    heart = Heart(storage, clock, owner, lambda: doing(runner))
    return App(settings, storage, clock, chance, owner, connections, runner, heart)


def bind(
    settings: Settings,
    storage: Storage,
    platforms: Connections,
    clock: Clock,
    chance: Chance,
    owner: str,
    *,
    alone_since: int,
) -> dict[str, Work]:
    """Bind every job of the table to the room that does it; `alone_since` is when the lock was taken.

    To read a bank and try all its wordings takes a second, which no post in doubt has to wait for: the rooms that
    write are made when they are first needed, off the loop.
    """

    async def writing() -> tuple[Planner, Harvester]:
        writers = await asyncio.to_thread(writers_of, settings, storage, clock, chance)
        every_s, late_s = settings["harvest.search_s"], settings["posting.late_s"]
        harvester = Harvester(storage, platforms, writers, clock, chance, search_every_s=every_s)
        return Planner(storage, platforms, writers, clock, chance, late_s=late_s), harvester

    async def plan_once() -> bool:
        planner, _ = await rooms.get()
        return await planner.plan_once()

    async def harvest_once() -> bool:
        _, harvester = await rooms.get()
        return await harvester.harvest_once()

    rooms = Late(writing)
    ladder = tuple(settings["measuring.ladder_s"])
    desk = Desk(storage, clock, owner, verbs_of(storage, platforms, clock, chance, late_s=settings["posting.late_s"]))
    return {
        "publish": Publisher(
            storage, platforms, clock, owner, attempt_s=settings["posting.attempt_s"], first_look_s=ladder[0]
        ).publish_once,
        "settle": Reconciler(
            storage, platforms, clock, owner, first_look_s=ladder[0], alone_since=alone_since
        ).settle_once,
        "watch": Wall(storage, clock).watch_once,
        "sweep": Sweeper(storage, clock).sweep_once,
        "tidy": Tidy(storage, clock).tidy_once,
        "renew": Renewal(storage, platforms, clock).renew_once,
        "obey": desk.obey_once,
        "connect": platforms.connect_once,
        "plan": plan_once,
        "measure": Reader(storage, platforms, clock, ladder).measure_once,
        "harvest": harvest_once,
        "learn": Trainer(storage, clock, chance, horizon_s=ladder[-1]).learn_once,
    }


def writers_of(settings: Settings, storage: Storage, clock: Clock, chance: Chance) -> Writer:
    """The writers in the order in which they are asked: the provider, where one is set, then the bank."""
    import httpx

    from bowerbird.writers.bank import BankWriter
    from bowerbird.writers.claims import bundled_bank, read_bank
    from bowerbird.writers.ladder import Ladder
    from bowerbird.writers.providers import Provider, ProviderWriter

    name = settings["writer.bank"]
    bank = bundled_bank() if name == "python_tips" else read_bank(Path(name).expanduser())
    rungs: list[Writer] = [BankWriter(bank, chance=chance)]
    if settings["writer.url"]:
        provider = Provider(
            name=settings["writer.model"],
            url=settings["writer.url"],
            model=settings["writer.model"],
            key=settings["writer.key"],
            about=settings["writer.about"],
            timeout_s=settings["writer.timeout_s"],
            price_in=settings["writer.price_in"],
            price_out=settings["writer.price_out"],
            day_max=settings["writer.day_max"],
            tokens_day_max=settings["writer.tokens_day_max"],
        )
        client = httpx.AsyncClient()
        rungs.insert(0, ProviderWriter(provider, client=client, ledger=storage, clock=clock, chance=chance))
    return Ladder(rungs)


def verbs_of(
    storage: Storage, platforms: Mapping[str, Platform], clock: Clock, chance: Chance, *, late_s: float
) -> Mapping[str, Callable[[Command], Any]]:
    """Every verb a person may use: those about posts and accounts, and words of their own."""

    async def gate(account: Account, post: Post, text: str) -> None:
        opened = await open_gate(storage, account, _platform(platforms, account.id), but=post.thread_id)
        verdict = await opened.judge([replace(post, payload=replace(post.payload, text=text))])
        if not isinstance(verdict, Passed):
            raise BadInput(" ".join(rejection.sentence for rejection in verdict))

    async def say(account_id: str, text: str, due: int | None, by: str) -> str:
        account = await storage.account(account_id)
        if account is None:
            raise BadInput(f"there is no account {account_id!r}; `bowerbird accounts` lists them")
        platform = _platform(platforms, account_id)
        post = await propose(
            storage, platform, account, text, by=by, clock=clock, chance=chance, due=due, late_s=late_s
        )
        return f"In the queue as {post.id}; it goes at its time."

    async def post(command: Command) -> str:
        """Queue a person's own words: `account_id`, `text`, `due` (microseconds; empty: now)."""
        due = command.args.get("due")
        account_id, text = str(command.args.get("account_id", "")), str(command.args.get("text", ""))
        return await say(account_id, text, int(due) if due else clock.now(), command.by)

    async def retry(command: Command) -> str:
        """Queue the words of a post that was not sent once more, as a new post: `post_id`."""
        old = await storage.post(str(command.args.get("post_id", "")))
        if old is None or old.state not in (State.DROPPED, State.REJECTED):
            raise BadInput("only a post that came to rest without being sent can be queued again")
        return await say(old.account_id, old.payload.text, clock.now(), command.by)

    verbs = Verbs(storage, clock, chance, lambda: mint_tid(clock.now(), chance.stream("keys")), gate)
    return {**verbs.table(), "post": post, "retry": retry}


def _platform(platforms: Mapping[str, Platform], account_id: str) -> Platform:
    if account_id not in platforms:
        raise BadInput(f"{account_id} is not connected yet; try again in a few seconds")
    return platforms[account_id]


def doing(runner: Runner) -> str:
    """Say in one sentence what the engine is doing, or why nothing is due."""
    failing = [f"{name} fails ({pulse.error})" for name, pulse in runner.pulses.items() if pulse.failures]
    if failing:
        return "; ".join(failing)[:500]
    busy = [name for name, pulse in runner.pulses.items() if pulse.busy]
    return f"working: {', '.join(busy)}" if busy else "all caught up; nothing is due"


async def run_engine(settings: Settings) -> None:
    """Be the engine until told to stop.

    Raises:
        StorageBusy, BadInput: it cannot run as it is set up.
    """
    app = await build(settings)
    await app.run()


def account_from(settings: Settings, *, platform: str, handle: str, url: str, now: int, **changes: Any) -> Account:
    """Make a new account with the owner's defaults.

    Raises:
        BadInput: an unknown platform, approval mode, time zone or time of day.
    """
    if platform not in PLATFORMS:
        raise BadInput(f"there is no platform {platform!r}; known are {', '.join(PLATFORMS)}")
    try:
        mode = Mode(settings["account.mode"])
    except ValueError as error:
        modes = ", ".join(mode.value for mode in Mode)
        raise BadInput(f"account.mode is {settings['account.mode']!r}; it must be one of {modes}") from error
    defaults: dict[str, Any] = {
        "id": f"{platform}:{handle}",
        "platform": platform,
        "handle": handle,
        "url": url,
        "rehearsal": platform.startswith("sandbox"),
        "mode": mode,
        "zone": settings["account.zone"],
        "slots": tuple(settings["account.slots"]),
        "every_s": settings["account.every_s"] or None,
        "cover_h": settings["account.cover_h"],
        "posts_per_hour_max": settings["account.hour_max"],
        "posts_per_day_max": settings["account.day_max"],
        "searches": tuple(settings["account.searches"]),
        "created_at": now,
    }
    account = Account(**{**defaults, **changes})
    next_slots(account, (), now, now + WEEK_US)  # a zone or time of day that does not exist is told now, not at night
    return account


async def execute(settings: Settings, storage: Storage, verb: str, args: Mapping[str, Any], *, by: str) -> str:
    """Execute a verb from the command line, as a guest: the same code that the engine runs for a button.

    Raises:
        BadInput: it cannot be done; says why and how to mend it.
    """
    clock, chance = SystemClock(), SystemChance()
    platforms = Connections(storage, clock, settings, Seat(path="", arguments=[]))
    await platforms.attach()
    try:
        command = Command(id=chance.name("command"), verb=verb, args=dict(args), by=by, asked_at=clock.now())
        answer: str = await verbs_of(storage, platforms, clock, chance, late_s=settings["posting.late_s"])[verb](
            command
        )
        return answer
    finally:
        await platforms.close()


@dataclass
class Trial:
    """Secrets kept in memory until an account has answered who it is."""

    kept: dict[str, str] = field(default_factory=dict, repr=False)

    async def load_secret(self, account_id: str, name: str) -> str | None:
        """Return it, or None."""
        return self.kept.get(name)

    async def save_secret(self, account_id: str, name: str, value: str) -> None:
        """Keep it for now."""
        self.kept[name] = value


async def introduce(settings: Settings, storage: Storage, account: Account, password: str) -> Identity:
    """Connect a new account: ask who it is, and only then write it down with its secrets.

    Raises:
        PlatformError: the platform does not know it, or is not reached; nothing was stored.
    """
    clock = SystemClock()
    trial = Trial({"password": password})
    seat = await asyncio.to_thread(seat_of, settings)
    platform = await connect(account, secrets=trial, clock=clock, seat=seat, settings=settings)
    try:
        async with asyncio.timeout(INTRODUCE_S):
            who = await platform.whoami()
    except TimeoutError as error:
        raise Unreachable(f"{account.url} did not answer within {INTRODUCE_S:g} s", reason="timeout") from error
    finally:
        await platform.close()
        await seat.close()
    for name, value in trial.kept.items():
        await storage.save_secret(account.id, name, value)
    now = clock.now()
    fact = Fact(kind="account_added", at=now, by="person", account_id=account.id, data={"handle": who.handle})
    unattested = Hold(
        account_id=account.id, kind=HoldKind.UNATTESTED, since=now, why="attest the automation label and the operator"
    )
    known = await storage.account(account.id)
    if known is not None:  # connecting anew takes today's settings; what was attested stays
        account = replace(account, labelled=known.labelled, operator=known.operator)
    holds = () if attested(account) else (unattested,)
    await storage.record(Batch(accounts=(replace(account, followers=who.followers),), facts=(fact,), holds=holds))
    return who


async def run_face(settings: Settings) -> None:
    """Be the dashboard until told to stop.

    Raises:
        BadInput: the port is in use, or the address is wider than this machine and no password is set.
    """
    from bowerbird.dashboard.pages import SettingRow
    from bowerbird.dashboard.serve import serve

    clock, chance = SystemClock(), SystemChance()
    storage = await open_books(settings, clock, engine=False)
    now = clock.now()
    owner = Owner(id=chance.name("boot"), role="face", pid=os.getpid(), started_at=now, heard_at=now)
    heart = Heart(storage, clock, owner, lambda: "serving the dashboard")
    beat = asyncio.create_task(heart.beat_for_ever(), name="heart")
    shown = [
        SettingRow(name=knob.name, value=settings.shown(knob.name), source=settings.sources[knob.name], why=knob.why)
        for knob in KNOBS
    ]
    try:
        await serve(
            storage,
            clock,
            chance,
            host=settings["face.host"],
            port=settings["face.port"],
            password=settings["face.password"],
            password_file=settings.folder / "face.password",
            settings=shown,
        )
    finally:
        beat.cancel()
        await storage.close()

"""A worker of a world: the real posting room on ports that can die, in three loops and a heartbeat."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Protocol, cast

from bowerbird.core.books import Storage
from bowerbird.core.errors import StorageError
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Clock, Platform
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Owner
from bowerbird.posting.publisher import Publisher
from bowerbird.posting.reconciler import Reconciler
from bowerbird.posting.renewal import Renewal
from bowerbird.posting.sweeper import Sweeper
from bowerbird.simulation.alarms import SOON_S, publish_at, settle_at, sweep_at
from bowerbird.simulation.mortal import BuriedError, Mortal, Process
from bowerbird.simulation.platform import CALLER, FakePlatform
from bowerbird.storage.memory import MemoryBooks, MemoryStorage

LOOKERS = 2
"""How many of the workers also look after doubts and keep house; the others only send."""
BEAT_S = 4.0
"""How often a worker that is sending says that it lives, seconds."""
AFTER_TROUBLE_S = 5.0
"""How long a loop rests after an exception, seconds."""

Alarm = Callable[..., int]


class Stage(Protocol):
    """What a worker sees of its world."""

    @property
    def clock(self) -> Clock:
        """The time."""

    @property
    def books(self) -> MemoryBooks:
        """What is committed."""

    @property
    def platforms(self) -> Mapping[str, FakePlatform]:
        """Each account's platform."""

    def doubt(self) -> None:
        """Told that some post is being sent or in doubt."""

    def trouble(self, process: Process, error: BaseException) -> None:
        """Told of whatever came out of a room."""


class Worker:
    """One life of one worker.

    Args:
        rng: draws how late it wakes: now and then all workers wake at the same instant.
    """

    def __init__(self, process: Process, world: Stage, rng: random.Random) -> None:
        self.process = process
        self._world = world
        self._rng = rng
        self._clock = world.clock
        self._storage = cast("Storage", Mortal(MemoryStorage(world.books), "storage", process))
        platforms = {
            account_id: cast("Platform", Mortal(platform, "platform", process))
            for account_id, platform in world.platforms.items()
        }
        room = (self._storage, platforms, self._clock)
        self._publisher = Publisher(*room, owner=process.owner)
        self._reconciler = Reconciler(*room, owner=process.owner)
        self._renewal = Renewal(*room)
        self._sweeper = Sweeper(self._storage, self._clock)
        self._publishing, self._settling, self._sweeping = (asyncio.Event() for _ in range(3))
        self._sending = asyncio.Event()
        self._started_at = self._clock.now()
        self._heard_at = self._swept_at = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin all loops."""
        loops = [self._loop(self._publish, self._publishing, publish_at), self._heart()]
        if self.process.slot < LOOKERS:
            loops.append(self._loop(self._reconciler.settle_once, self._settling, settle_at))
            loops.append(self._loop(self._keep_house, self._sweeping, sweep_at))
        self._tasks = {asyncio.create_task(_until_buried(loop)) for loop in loops}

    def look(self) -> None:
        """Wake the loop that settles doubts."""
        self._settling.set()

    def ring(self) -> None:
        """Wake every loop: something has changed."""
        for bell in (self._publishing, self._settling, self._sweeping):
            bell.set()

    def _ring_others(self) -> None:
        """Wake the loops that have something to do because of what another one has done."""
        now, posts = self._clock.now(), self._world.books.shelf.by_id.values()
        if any(post.state is State.QUEUED and post.due <= now for post in posts):
            self._publishing.set()
        held = any(hold.since > self._swept_at for hold in self._world.books.holds.values())
        if held or self._alarm(sweep_at, now) <= now + int(SOON_S * SECOND_US):
            self._sweeping.set()

    def _alarm(self, at: Alarm, now: int) -> int:
        return at(self._world.books.shelf.by_id.values(), self._world.books.holds.values(), now=now)

    async def _publish(self) -> bool:
        await self._beat()
        self._sending.set()
        began_at = self._clock.now()
        try:
            return await self._publisher.publish_once()
        finally:
            self._sending.clear()
            in_doubt = self._world.books.shelf.in_state(State.SENDING, State.UNSURE)
            if any(post.since >= began_at for post in in_doubt):
                self._world.doubt()

    async def _keep_house(self) -> bool:
        self._swept_at = self._clock.now()
        more = await self._sweeper.sweep_once()
        held = len(self._world.books.holds)
        more = await self._renewal.renew_once() or more
        if len(self._world.books.holds) < held:
            self._publishing.set()
        return more

    async def _loop(self, work: Callable[[], Awaitable[bool]], bell: asyncio.Event, at: Alarm) -> None:
        """Work while there is work, then sleep until there can be some, for as long as the process lives."""
        CALLER.set(asyncio.current_task())
        while True:
            if await self._survive(work):
                self._ring_others()
            else:
                await self._nap(bell, at)

    async def _survive(self, work: Callable[[], Awaitable[bool]]) -> bool:
        """Run one piece of work as the job runner does: whatever comes out of it is noted, and work goes on."""
        try:
            return await work()
        except asyncio.CancelledError as error:
            if self.process.buried:
                raise
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            self._world.trouble(self.process, error)
        except Exception as error:  # noqa: BLE001 - the world judges what may come out of a room
            self._world.trouble(self.process, error)
        await self._clock.sleep(AFTER_TROUBLE_S)
        return True

    async def _nap(self, bell: asyncio.Event, at: Alarm) -> None:
        bell.clear()
        now = self._clock.now()
        wakes_at = self._alarm(at, now)
        late_s = self._rng.choice((0.0, 0.0, 0.0, self._rng.random()))
        timer = asyncio.get_running_loop().call_later((wakes_at - now) / SECOND_US + late_s, bell.set)
        await bell.wait()
        timer.cancel()

    async def _heart(self) -> None:
        while True:
            await self._sending.wait()
            await self._clock.sleep(BEAT_S)
            if self._sending.is_set():
                await self._beat()

    async def _beat(self) -> None:
        heard_at = self._clock.now()
        if heard_at < self._heard_at + int(BEAT_S * SECOND_US):
            return
        life = Owner(id=self.process.owner, role="engine", pid=0, started_at=self._started_at, heard_at=heard_at)
        try:
            await self._storage.beat(life)
            self._heard_at = heard_at
        except StorageError as error:
            self._world.trouble(self.process, error)


async def _until_buried(loop: Coroutine[None, None, None]) -> None:
    with contextlib.suppress(BuriedError):
        await loop

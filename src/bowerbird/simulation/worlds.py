"""A world: a day of two accounts, three workers and one person, with faults and crashes, all from one seed.

The rooms are the real ones; only the books are in memory, the platforms are fake, and time is virtual. After
the day the faults stop, and whatever is still under way has to come to rest.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from bowerbird.clock import SeededChance, VirtualClock, run_virtual
from bowerbird.core.account import Account
from bowerbird.core.books import Batch
from bowerbird.core.errors import StorageBusy
from bowerbird.core.lifecycle import State
from bowerbird.core.post import Post
from bowerbird.simulation.cast import Memory
from bowerbird.simulation.endings import Ending, Event, WatchedShelf
from bowerbird.simulation.faults import FAULTS_MIN, Fate
from bowerbird.simulation.mortal import Process
from bowerbird.simulation.people import Person
from bowerbird.simulation.platform import FakePlatform, Script
from bowerbird.simulation.plots import Plot, draw_plot
from bowerbird.simulation.workers import Worker
from bowerbird.storage.memory import MemoryBooks, MemoryStorage

DRAIN_MAX_S = 30 * 3_600.0
"""How long after the day the world may take to come to rest: longer than the longest doubt."""
DRAIN_STEP_S = 1_800.0
SILENCE_S = 11.0
"""After this long without a word from a worker the others look after its posts, seconds."""
HICCUPS = 0.05
"""How often a process is slow at a point."""
HICCUP_MAX_S = 2.0
"""How slow, at most, seconds."""
RESTART_S = (1.0, 40.0)
"""How long a dead worker takes to come back, seconds."""

AT_WORK = frozenset({State.PROPOSED, State.QUEUED, State.SENDING, State.UNSURE})
"""States in which something still has to happen by itself."""


class World:
    """Sets the stage, decides what goes wrong, and remembers what happened."""

    def __init__(self, plot: Plot, clock: VirtualClock) -> None:
        self.plot, self.clock = plot, clock
        self.chance = SeededChance(plot.seed)
        self.books = MemoryBooks()
        self.books.shelf = self.shelf = WatchedShelf(clock)
        self.accounts = {account.id: account for account, _ in plot.cast}
        self.platforms = {account.id: self._platform(account, memory) for account, memory in plot.cast}
        self.workers: list[Worker] = []
        self.events: list[Event] = []
        self.troubles: list[Event] = []
        self.faults: Counter[str] = Counter()
        self.points: Counter[str] = Counter()
        self.crashes: Counter[str] = Counter()
        self._hiccups = self.chance.stream("hiccups")
        self._passed = 0
        self._counts: Counter[str] = Counter()
        self._unseen: set[str] = set()
        self._swallowed = {plot.posts[n].id for n in plot.schedule.swallowed}
        self._calm = False

    def _platform(self, account: Account, memory: Memory) -> FakePlatform:
        return FakePlatform(
            self.clock,
            name=memory.name,
            dedup_s=memory.dedup_s,
            settle_s=memory.settle_s,
            rng=self.chance.stream(f"latency/{account.id}"),
            script=Script(send=self._fate, prepare=self._unmakeable, look=self._look, told=self._told),
        )

    async def live(self) -> Ending:
        """Live a day with faults, then come to rest without.

        1. Write the posts into the books, start the workers, the person and the moderator.
        2. After a day the faults stop.
        3. Wait until nothing is at work any more, `DRAIN_MAX_S` at most.
        4. Bury whoever is left.
        """
        await self._begin()
        await self.clock.sleep(self.plot.day_s)
        self._calm = True
        for _ in range(int(DRAIN_MAX_S / DRAIN_STEP_S)):
            if next(self.shelf.in_state(*AT_WORK), None) is None:
                break
            await self.clock.sleep(DRAIN_STEP_S)
        for worker in self.workers:
            worker.process.buried = True
        return self._ending()

    async def _begin(self) -> None:
        accounts = tuple(self.accounts.values())
        await MemoryStorage(self.books).record(Batch(accounts=accounts, new_posts=tuple(self.plot.posts)))
        self.books.trouble = self._books_trouble
        for slot in range(self.plot.workers):
            self._start(slot, 0)
        person = Person(self, self.chance.stream("person"))
        self._errands = [
            asyncio.create_task(errand) for errand in (person.follow(self.plot.plan), person.visit(), self._moderate())
        ]

    def _start(self, slot: int, life: int) -> None:
        process = Process(slot, life, self.clock, self)
        worker = Worker(process, self, self.chance.stream(f"naps/{slot}"))
        self.workers.append(worker)
        worker.start()
        self._event(process.owner, "starts")

    async def _moderate(self) -> None:
        """Be the platform's moderator: remove a post that has been up for a while."""
        rng = self.chance.stream("moderator")
        for _ in range(self.plot.schedule.removals):
            await self.clock.sleep(rng.uniform(1_800, self.plot.day_s / 2))
            up = [post for post in self.shelf.in_state(State.PUBLISHED) if post.remote is not None]
            if up:
                post = rng.choice(up)
                self.platforms[post.account_id].removed.add(post.remote.id if post.remote else "")
                self._fault("removed", post.id)

    # --- what the platforms, the books and the processes ask --------------------------------------------

    def _fate(self, post: Post) -> Fate | None:
        n = self._number("send")
        if self._calm:
            return None
        swallowed = Fate("swallowed") if post.id in self._swallowed else None
        fate = swallowed or self.plot.schedule.fates.get(n)
        if fate is not None:
            self.faults[fate.fault] += 1
        return fate

    def _unmakeable(self, post: Post) -> bool:
        n = self._number("prepare")
        if self._calm or n not in self.plot.schedule.unmakeable:
            return False
        self._fault("unmakeable", post.id)
        return True

    def _look(self, post: Post) -> str:
        n, now = self._number("look"), self.clock.now()
        account = list(self.accounts).index(post.account_id)
        for blind in self.plot.schedule.blinds:
            if blind.account == account and blind.begins_at <= now < blind.ends_at:
                self._blind(post)
                return "blind"
        if not self._calm and n in self.plot.schedule.slow_looks:
            self._fault("slow_look", post.id)
            return "slow"
        return ""

    def _blind(self, post: Post) -> None:
        """Count a post that nobody can look at, once."""
        if post.id not in self._unseen:
            self._unseen.add(post.id)
            self._fault("blind", post.id)

    def _books_trouble(self, verb: str) -> None:
        n = self._number(verb) + 1
        if not self._calm and ((verb, n) in self.plot.schedule.busy or self._too_tame()):
            self._fault("books_busy", verb)
            raise StorageBusy

    def _too_tame(self) -> bool:
        """True if it is late in the day, and too little has gone wrong so far."""
        after_s = self.plot.schedule.wild_after_s
        return after_s is not None and self.clock.monotonic() > after_s and self.faults.total() < FAULTS_MIN

    def reach(self, process: Process, point: str) -> float:
        """Let a process die or stand still at this point, if that is planned."""
        self.points[point] += 1
        self._passed += 1
        if self._calm:
            return 0.0
        place, schedule = (point, self.points[point]), self.plot.schedule
        if place in schedule.crashes or self._passed == schedule.crash_at or self._overdue():
            self._crash(process, point)
            return 0.0
        freeze_s = schedule.freezes.get(place)
        if freeze_s is None:
            return self._hiccup()
        self.faults["frozen"] += 1
        self._event(process.owner, f"stands still for {freeze_s:.0f} s at {point}")
        asyncio.get_running_loop().call_later(SILENCE_S, self._ring)
        return freeze_s

    def _hiccup(self) -> float:
        """Now and then any process is slow, so that others come in between any two calls."""
        draw = self._hiccups.random
        return draw() * HICCUP_MAX_S if draw() < HICCUPS else 0.0

    def _overdue(self) -> bool:
        """True if a crash has to happen now, since none has happened so far."""
        after_s = self.plot.schedule.wild_after_s
        return not self.crashes and after_s is not None and self.clock.monotonic() > after_s

    def _crash(self, process: Process, point: str) -> None:
        process.die()
        self.crashes[point] += 1
        self._event(process.owner, f"dies at {point}")
        loop = asyncio.get_running_loop()
        loop.call_later(self.chance.stream("restart").uniform(*RESTART_S), self._start, process.slot, process.life + 1)
        loop.call_later(SILENCE_S, self._ring)

    def _ring(self) -> None:
        for worker in self.workers:
            if not worker.process.dead:
                worker.ring()

    def doubt(self) -> None:
        """Wake those who settle doubts."""
        for worker in self.workers:
            if not worker.process.dead:
                worker.look()

    # --- what happened -----------------------------------------------------------------------------------

    def trouble(self, process: Process, error: BaseException) -> None:
        """Remember what came out of a room."""
        self._event(process.owner, f"{type(error).__name__}: {error}")
        self.troubles.append(self.events[-1])

    def note(self, what: str, post_id: str) -> None:
        """Remember what the person did; a post that may go at once needs a worker that is awake."""
        self._event("person", what, post_id)
        if what in {"approve", "edit", "send"} and self.shelf.by_id[post_id].due <= self.clock.now():
            self._ring()

    def _told(self, what: str, post_id: str) -> None:
        self._event("platform", what, post_id)

    def _fault(self, fault: str, post_id: str) -> None:
        self.faults[fault] += 1
        self._event("fault", fault, post_id)

    def _event(self, who: str, what: str, post_id: str = "") -> None:
        at, facts = self.clock.now(), len(self.books.facts)
        self.events.append(Event(at=at, who=who, what=what, post_id=post_id, facts_before=facts))

    def _number(self, what: str) -> int:
        self._counts[what] += 1
        return self._counts[what] - 1

    def _ending(self) -> Ending:
        return Ending(
            seed=self.plot.seed,
            began_at=self.plot.start_at,
            ended_at=self.clock.now(),
            accounts=self.accounts,
            posts=dict(self.shelf.by_id),
            history=self.shelf.history,
            facts=list(self.books.facts),
            arrivals={account_id: platform.arrivals for account_id, platform in self.platforms.items()},
            sends={account_id: platform.sends for account_id, platform in self.platforms.items()},
            removed={ref for platform in self.platforms.values() for ref in platform.removed},
            faults=self.faults,
            points=self.points,
            crashes=self.crashes,
            troubles=self.troubles,
            events=self.events,
        )


def run_world(seed: int) -> Ending:
    """Run the world of this seed to its end, in virtual time."""

    async def main(clock: VirtualClock) -> Ending:
        # Drawn inside the run, since keys depend on which were minted before in the same process.
        return await World(draw_plot(seed), clock).live()

    return run_virtual(main, seed=seed)


def run_plot(plot: Plot) -> Ending:
    """Run a plot to its end, in virtual time."""

    async def main(clock: VirtualClock) -> Ending:
        return await World(plot, clock).live()

    return run_virtual(main, start_at=plot.start_at, seed=plot.seed)

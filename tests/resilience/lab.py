"""A dependency that can be broken in every way, and a breaker around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bowerbird.clock import SeededChance, VirtualClock
from bowerbird.core.breaker import BreakerState
from bowerbird.core.errors import StorageTimeout, Unreachable
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Clock
from bowerbird.resilience.breaker import Breaker
from bowerbird.resilience.breakers import Breakers
from bowerbird.resilience.trip import Trip, Weigh, errors_count

CALL_S = 5.0
"""How long a caller waits for an answer."""


@dataclass
class Dependency:
    """Answers, fails, hangs, or hangs and does not even let itself be cancelled."""

    clock: VirtualClock
    mode: str = "up"
    asked: int = 0

    async def __call__(self) -> str:
        """Be asked."""
        self.asked += 1
        match self.mode:
            case "down":
                raise Unreachable("it is down")
            case "hang":
                await asyncio.Event().wait()
            case "swallow":
                await stubborn(self.clock)
            case "slow":
                await self.clock.sleep(4.0)
        return "answer"

    async def bounded(self) -> str:
        """Be asked by somebody who does not wait for ever."""
        try:
            async with asyncio.timeout(CALL_S):
                return await self()
        except TimeoutError as error:
            raise Unreachable("no answer") from error


async def stubborn(clock: VirtualClock) -> None:
    """Hang for ten minutes, whoever cancels it."""
    ends = clock.monotonic() + 600.0
    while clock.monotonic() < ends:
        try:
            await clock.sleep(ends - clock.monotonic())
        except asyncio.CancelledError:
            continue


@dataclass
class Diary:
    """What a breaker told; as books it can be down."""

    states: dict[str, BreakerState] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    down: bool = False

    def __call__(self, state: BreakerState, fact: Fact | None) -> None:
        """Hear of one change."""
        self.states[state.name] = state
        self.facts += [fact] if fact else []

    async def write(self, states: Sequence[BreakerState], facts: Sequence[Fact]) -> None:
        """Write as the books do."""
        if self.down:
            raise StorageTimeout("the books are down")
        self.states |= {state.name: state for state in states}
        self.facts += facts

    @property
    def kinds(self) -> list[str]:
        """The kinds of facts, in order."""
        return [fact.kind for fact in self.facts]


@dataclass
class Lab:
    """One dependency, its breaker, and what that told."""

    clock: VirtualClock
    trip: Trip = field(default_factory=Trip)
    weigh: Weigh = errors_count
    name: str = "lab"
    parent: Breaker | None = None

    def __post_init__(self) -> None:
        self.dependency = Dependency(self.clock)
        self.diary = Diary()
        self.breaker = self.fresh()

    def fresh(self) -> Breaker:
        """A breaker as after a start."""
        return Breaker(
            self.name, self.dependency, clock=self.clock, rng=SeededChance(1).stream(self.name), tell=self.diary,
            weigh=self.weigh, trip=self.trip, parent=self.parent,
        )  # fmt: skip

    async def fail(self, times: int = 3) -> None:
        """Call so often while it is down."""
        before, self.dependency.mode = self.dependency.mode, "down"
        for _ in range(times):
            await self.ask()
        self.dependency.mode = before

    async def ask(self) -> str:
        """Call once; the answer, or the reason code of what went wrong."""
        try:
            return await self.breaker.call(self.dependency)
        except Unreachable as error:
            return error.reason


def breakers(clock: VirtualClock, diary: Diary) -> Breakers:
    """A registry that writes into this diary."""
    return Breakers(clock, SeededChance(1), diary.write)


async def until(holds: Callable[[], bool], clock: Clock, *, within_s: float) -> float:
    """Wait for something; return how long it took, or fail."""
    began = clock.monotonic()
    while not holds():
        assert clock.monotonic() - began <= within_s, "it never came"
        await clock.sleep(0.1)
    return clock.monotonic() - began

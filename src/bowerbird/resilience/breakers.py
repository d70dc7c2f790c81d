"""All breakers of a process: found by name, probed by one loop, and written down by the same.

The loop is one monitor. It sleeps until the next probe is due or something changes; a probe that hangs delays no
other, and books that are down delay no probe: what could not be written is written when they are back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

from bowerbird.core.breaker import WINDOWS, BreakerState, Position
from bowerbird.core.errors import StorageError
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample, Snapshot
from bowerbird.core.ports import Chance, Clock
from bowerbird.resilience.breaker import Breaker
from bowerbird.resilience.trip import Trip, Weigh, errors_count

FACTS_MAX = 500
"""Facts kept for books that are down; the oldest are dropped first."""
AGAIN_S = 1.0
"""Wait before books that were down are tried again."""

Write = Callable[[Sequence[BreakerState], Sequence[Fact]], Awaitable[object]]
"""Writes states and facts in one transaction; raises `StorageError` if they were certainly not written."""


class Breakers(Mapping[str, Breaker]):
    """The breakers by name.

    Args:
        write: where states and facts go.
    """

    def __init__(self, clock: Clock, chance: Chance, write: Write) -> None:
        self._clock = clock
        self._chance = chance
        self._write = write
        self._breakers: dict[str, Breaker] = {}
        self._remembered: dict[str, BreakerState] = {}
        self._states: dict[str, BreakerState] = {}
        self._facts: list[Fact] = []
        self._probing: set[str] = set()
        self._changed = asyncio.Event()
        self._unwritten = asyncio.Event()

    def __getitem__(self, name: str) -> Breaker:
        return self._breakers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._breakers)

    def __len__(self) -> int:
        return len(self._breakers)

    def add(
        self,
        name: str,
        probe: Callable[[], Awaitable[object]],
        *,
        weigh: Weigh = errors_count,
        trip: Trip | None = None,
        parent: str = "",
    ) -> Breaker:
        """Return the breaker of this name; a new one takes over how it was before the restart.

        Raises:
            KeyError: there is no such parent.
        """
        if name not in self._breakers:
            breaker = self._breakers[name] = Breaker(
                name, probe, clock=self._clock, rng=self._chance.stream(f"breaker {name}"), tell=self._tell,
                weigh=weigh, trip=trip, parent=self._breakers[parent] if parent else None,
            )  # fmt: skip
            if name in self._remembered:
                breaker.restore(self._remembered.pop(name))
            self._tell(breaker.state, None)
        return self._breakers[name]

    def remember(self, states: Iterable[BreakerState]) -> None:
        """Say how breakers were before the restart; each takes it over when it is added."""
        self._remembered = {state.name: state for state in states if state.name not in self._breakers}

    def retire(self, names: Callable[[str], bool]) -> None:
        """Close in the books what was open before the restart and is used by nobody any more."""
        for name in [name for name in self._remembered if names(name)]:
            old = self._remembered.pop(name)
            if old.position is not Position.CLOSED:
                self._tell(BreakerState(name=name, since=self._clock.now(), why="nothing uses it any more"), None)

    def samples(self) -> list[Sample]:
        """Every breaker's samples."""
        return [sample for breaker in self._breakers.values() for sample in breaker.samples()]

    def snapshot(self) -> Snapshot:
        """What every window holds just now."""
        windows = {name: breaker.window() for name, breaker in self._breakers.items()}
        return Snapshot(name=WINDOWS, at=self._clock.now(), data=windows)

    def parents(self) -> dict[str, str]:
        """The breakers that cannot work without another one, and which."""
        return {name: breaker.parent.name for name, breaker in self._breakers.items() if breaker.parent}

    def tell(self, fact: Fact) -> None:
        """Have a fact written soon, without waiting for the books."""
        self._facts = [*self._facts, fact][-FACTS_MAX:]
        self._unwritten.set()

    def _tell(self, state: BreakerState, fact: Fact | None) -> None:
        self._states[state.name] = state
        if fact is not None:
            self.tell(fact)
        self._changed.set()
        self._unwritten.set()

    async def probe_for_ever(self) -> None:
        """Probe every breaker when it is due, and write down what changed, until cancelled."""
        self._probing.clear()  # those of a loop that died
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write_for_ever(), name="breakers, written down")
            while True:
                self._changed.clear()
                now = self._clock.monotonic()
                for due, breaker in self._waiting():
                    if due <= now:
                        self._probing.add(breaker.name)
                        group.create_task(self._probe(breaker), name=f"breaker {breaker.name}")
                await self._nap()

    def _waiting(self) -> list[tuple[float, Breaker]]:
        """The breakers that wait for a probe, each with its time; those being probed wait for nothing."""
        waiting = [(breaker.due, breaker) for breaker in self._breakers.values() if breaker.name not in self._probing]
        return [(due, breaker) for due, breaker in waiting if due is not None]

    async def _probe(self, breaker: Breaker) -> None:
        try:
            await breaker.probe_once()
        finally:
            self._probing.discard(breaker.name)
            self._changed.set()

    async def _nap(self) -> None:
        """Sleep until the next probe is due, or something changes."""
        dues = [due for due, _ in self._waiting()]
        wait_s = max(0.0, min(dues) - self._clock.monotonic()) if dues else None
        try:
            async with asyncio.timeout(wait_s):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _write_for_ever(self) -> None:
        while True:
            await self._unwritten.wait()
            try:
                await self.write_once()
            except StorageError:
                await self._clock.sleep(AGAIN_S)

    async def write_once(self) -> None:
        """Write what changed; what could not be written is kept for the next time, and the error comes out."""
        states, facts = self._states, self._facts
        self._states, self._facts = {}, []
        self._unwritten.clear()
        try:
            await self._write(tuple(states.values()), tuple(facts))
        except BaseException:
            self._states, self._facts = states | self._states, [*facts, *self._facts][-FACTS_MAX:]
            self._unwritten.set()
            raise

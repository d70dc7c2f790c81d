"""Five circuit breakers behind one small socket, so that the same torture is done to each of them.

All open after three failures and wait 0.3 s. Each is used as its own documentation shows.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

from bowerbird import __version__
from bowerbird.clock import SeededChance, SystemClock
from bowerbird.core.breaker import BreakerState
from bowerbird.core.facts import Fact
from bowerbird.resilience.breakers import Breakers
from bowerbird.resilience.trip import Trip

FAILURES = 3
"""Failures that open each of them."""
WAIT_S = 0.3
"""How long each of them waits before it tries again, seconds."""
LEASE_S = 1.0
"""How long a probe of ours may take, seconds; the others have no such limit."""

Act = Callable[[], Awaitable[None]]
"""What is called through a breaker."""


class Contender(Protocol):
    """A breaker as the torture sees it."""

    async def call(self, act: Act) -> None:
        """Call through it; raises what the call or the breaker raises."""

    def restarted(self) -> Contender | None:
        """The same breaker in a process that has just started; None where it takes nothing over without a server."""

    def stop(self) -> None:
        """End what it runs by itself."""


class Ours:
    """Bowerbird's: it is given its own probe, and one loop that runs it."""

    def __init__(self, probe: Act, states: Sequence[BreakerState] = ()) -> None:
        self._probe = probe
        self._states = {state.name: state for state in states}
        self._breakers = Breakers(SystemClock(), SeededChance(1), self._write)
        self._breakers.remember(states)
        trip = Trip(wait_s=WAIT_S, wait_max_s=WAIT_S, lease_s=LEASE_S, calls_min=FAILURES)
        self.breaker = self._breakers.add("bench", probe, trip=trip)
        self._loop = asyncio.create_task(self._breakers.probe_for_ever())

    async def _write(self, states: Sequence[BreakerState], facts: Sequence[Fact]) -> None:
        self._states |= {state.name: state for state in states}

    async def call(self, act: Act) -> None:
        """Call through it."""
        await self.breaker.call(act)

    def restarted(self) -> Ours:
        """Take over what was written down."""
        self.stop()
        return Ours(self._probe, tuple(self._states.values()))

    def stop(self) -> None:
        """End its loop."""
        self._loop.cancel()


class Aiobreaker:
    """https://pypi.org/project/aiobreaker/"""

    def __init__(self, probe: Act) -> None:
        import aiobreaker

        self._breaker = aiobreaker.CircuitBreaker(fail_max=FAILURES, timeout_duration=timedelta(seconds=WAIT_S))

    async def call(self, act: Act) -> None:
        """Call through it."""
        await self._breaker.call_async(act)

    def restarted(self) -> None:
        """Its state is in memory, or in a Redis server."""

    def stop(self) -> None:
        """It runs nothing."""


class Circuitbreaker:
    """https://pypi.org/project/circuitbreaker/: only its decorator refuses calls, so one function is decorated."""

    def __init__(self, probe: Act) -> None:
        import circuitbreaker

        async def run(act: Act) -> None:
            await act()

        breaker = circuitbreaker.CircuitBreaker(
            failure_threshold=FAILURES, recovery_timeout=WAIT_S, name=f"bench {id(self)}"
        )
        self._run: Callable[[Act], Awaitable[None]] = breaker(run)

    async def call(self, act: Act) -> None:
        """Call through it."""
        await self._run(act)

    def restarted(self) -> None:
        """Its state is in memory."""

    def stop(self) -> None:
        """It runs nothing."""


class Purgatory:
    """https://pypi.org/project/purgatory/"""

    def __init__(self, probe: Act) -> None:
        import purgatory

        self._factory = purgatory.AsyncCircuitBreakerFactory(default_threshold=FAILURES, default_ttl=WAIT_S)

    async def call(self, act: Act) -> None:
        """Call through it."""
        async with await self._factory.get_breaker("bench"):
            await act()

    def restarted(self) -> None:
        """Its state is in memory, or in a Redis server."""

    def stop(self) -> None:
        """It runs nothing."""


class Interlock:
    """https://pypi.org/project/interlock-cb/, with its own timer (`auto_transition`) on."""

    def __init__(self, probe: Act) -> None:
        import interlock

        config = interlock.Config(
            minimum_number_of_calls=FAILURES, permitted_calls_in_half_open=1, max_concurrent_probes=1,
            wait_duration_in_open=WAIT_S, auto_transition=True, window_size=20,
        )  # fmt: skip
        self._breaker = interlock.CircuitBreaker(name=f"bench {id(self)}", config=config)

    async def call(self, act: Act) -> None:
        """Call through it."""
        await self._breaker.call_async(act)

    def restarted(self) -> None:
        """It starts closed, forced or disabled; shared state needs a Redis server."""

    def stop(self) -> None:
        """End its timer."""
        with contextlib.suppress(Exception):
            self._breaker.close()


MAKERS: dict[str, Callable[[Act], Any]] = {
    "ours": Ours,
    "aiobreaker": Aiobreaker,
    "circuitbreaker": Circuitbreaker,
    "purgatory": Purgatory,
    "interlock-cb": Interlock,
}
"""Ours and theirs, by the name of the distribution."""


def versions() -> dict[str, str]:
    """Return the versions of those that are installed."""
    found = {"ours": __version__}
    for name in list(MAKERS)[1:]:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found

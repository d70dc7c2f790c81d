"""The laws of the breaker, searched for an exception: whatever happens, health is found within the promised time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bowerbird.clock import SeededChance, VirtualClock, run_virtual
from bowerbird.core.breaker import Position
from bowerbird.core.errors import Unreachable
from bowerbird.resilience.breaker import Breaker
from bowerbird.resilience.breakers import Breakers
from bowerbird.resilience.trip import Says, Trip

from .lab import CALL_S, Dependency, Diary, breakers

TROUBLES = ("down", "hang", "swallow", "slow", "cancel", "restart", "kill the loop", "books down", "wall")


@dataclass(frozen=True)
class Trouble:
    """One fault: what, when and for how long (for a step of the wall: how far), seconds."""

    what: str
    at_s: float
    lasts_s: float


troubles = st.lists(
    st.builds(
        Trouble,
        what=st.sampled_from(TROUBLES),
        at_s=st.floats(0, 240),
        lasts_s=st.floats(0.1, 120) | st.sampled_from([-86_400.0, -3600.0, 3600.0]),
    ),
    max_size=8,
)


class World:
    """An engine that calls a child and a parent twice a second, dies, and starts again on its books."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.diary = Diary()
        self.site, self.browser = Dependency(clock), Dependency(clock)
        self.tasks: list[asyncio.Task[None]] = []
        self.shut_calls = 0
        self.start()

    def start(self) -> None:
        """Start, taking over what the books say."""
        self.registry: Breakers = breakers(self.clock, self.diary)
        self.registry.remember(self.diary.states.values())
        self.registry.add("browser", self.browser, weigh=lambda outcome: Says.UP)
        self.registry.add("site", self.site, parent="browser")
        self.tasks = [asyncio.create_task(self.registry.probe_for_ever()), asyncio.create_task(self.traffic())]

    def kill(self, *, all_of_it: bool = True) -> None:
        """End its tasks, in the middle of whatever they do."""
        for task in self.tasks if all_of_it else self.tasks[:1]:
            task.cancel()

    async def traffic(self) -> None:
        """Call for ever, several at a time."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self.call())
                await self.clock.sleep(0.5)

    async def call(self) -> None:
        """Call once; what is not closed must not be reached by a user's call."""
        breaker = self.registry["site"]

        async def act() -> str:
            self.shut_calls += not breaker.closed
            return await self.site.bounded()

        try:
            await breaker.call(act)
        except Unreachable:
            return

    async def suffer(self, trouble: Trouble) -> None:
        """Have one fault, from its beginning to its end."""
        await self.clock.sleep(trouble.at_s)
        lasts_s = min(abs(trouble.lasts_s), 120.0)
        match trouble.what:
            case "wall":
                self.clock.step_wall(trouble.lasts_s)
            case "restart":
                self.kill()
                await self.clock.sleep(min(lasts_s, 5.0))
                self.kill()
                self.start()
            case "kill the loop":
                self.kill(all_of_it=False)
                self.tasks[0] = asyncio.create_task(self.registry.probe_for_ever())
            case "cancel":
                self.kill()
                self.tasks = [asyncio.create_task(self.registry.probe_for_ever()), asyncio.create_task(self.traffic())]
            case "books down":
                self.diary.down = True
                await self.clock.sleep(lasts_s)
                self.diary.down = False
            case mode:
                self.site.mode = mode
                await self.clock.sleep(lasts_s)
                self.site.mode = "up"

    def check(self) -> None:
        """An open breaker always has a next probe, and none is further away than one wait or one lease."""
        for breaker in self.registry.values():
            state, trip = breaker.state, breaker.trip
            assert (state.next_probe_at is None) == (state.position is Position.CLOSED)
            if state.next_probe_at is not None:
                away_s = (state.next_probe_at - self.clock.now()) / 1e6
                assert away_s <= max(trip.wait_max_s, (trip.probes + 1) * trip.lease_s) + 0.001
        assert self.shut_calls == 0


@pytest.mark.proves("4.1", "5.1")
@given(schedule=troubles, seed=st.integers(0, 1000))
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_health_is_found_within_one_wait_and_one_probe(schedule: list[Trouble], seed: int) -> None:
    """Whatever failed, hung, was cancelled, killed, restarted, or moved the clock before."""

    async def main(clock: VirtualClock) -> None:
        world = World(clock)
        suffering = asyncio.gather(*(world.suffer(trouble) for trouble in schedule))
        while not suffering.done():
            await clock.sleep(1.0)
            world.check()
        world.site.mode, world.diary.down = "up", False
        await clock.sleep(CALL_S)  # those who asked a sick dependency have their answer by now
        await clock.sleep(Trip().healed_s)
        world.check()
        assert world.registry["site"].closed
        assert world.registry["browser"].closed
        assert world.registry["site"].state.calls > 0
        world.kill()

    run_virtual(main, seed=seed)


class Decisions(RuleBasedStateMachine):
    """Calls, time, people and restarts in any order; the probe answers at once."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = VirtualClock()
        self.diary = Diary()
        self.healthy = True
        self.reached = 0
        self.browser = self.made("browser", None)
        self.site = self.made("site", self.browser)

    def made(self, name: str, parent: Breaker | None) -> Breaker:
        """A breaker whose probe answers as the dependency is."""
        return Breaker(
            name, self.probe, clock=self.clock, rng=SeededChance(1).stream(name), tell=self.diary,
            weigh=(lambda outcome: Says.UP) if parent is None else lambda o: Says.DOWN if o else Says.UP, parent=parent,
        )  # fmt: skip

    async def probe(self) -> object:
        """Healthy or not."""
        if not self.healthy:
            raise Unreachable
        return None

    @rule(healthy=st.booleans())
    def fall_ill_or_recover(self, healthy: bool) -> None:
        """The dependency changes."""
        self.healthy = healthy

    @rule(times=st.integers(1, 6))
    def call(self, times: int) -> None:
        """Calls reach it exactly while both are closed, and a refusal names the root."""
        for _ in range(times):
            shut, before = self.site.refusal(), self.reached
            reason = self.runner.run(self.asked())
            assert (reason == "breaker_open") == bool(shut)
            assert (self.reached == before) == bool(shut)
            assert self.browser.closed or "the breaker browser" in shut

    async def asked(self) -> str:
        """Call once; the reason code of what went wrong, or nothing."""

        async def act() -> None:
            self.reached += 1
            await self.probe()

        try:
            await self.site.call(act)
        except Unreachable as error:
            return error.reason
        return ""

    @rule()
    def cancel_a_call(self) -> None:
        """It changes nothing."""
        before = self.site.state

        async def act() -> None:
            raise asyncio.CancelledError

        if self.site.closed:
            with pytest.raises(asyncio.CancelledError):
                self.runner.run(self.site.call(act))
        assert self.site.state == before

    @rule(seconds=st.floats(0, 100))
    def time_passes(self, seconds: float) -> None:
        """Both clocks move."""
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([-86_400, -3600, 3600]))
    def the_wall_steps(self, seconds: int) -> None:
        """Nothing changes but what people read."""
        due, age = self.site.due, self.site.samples()[1].value
        self.clock.step_wall(seconds)
        assert (self.site.due, self.site.samples()[1].value) == (due, age)

    @rule()
    def probes_are_run(self) -> None:
        """What is due is probed; what is healthy closes, unless a person holds it open."""
        for breaker in (self.browser, self.site):
            if breaker.due is not None and breaker.due <= self.clock.monotonic():
                manual = breaker.state.manual
                self.runner.run(breaker.probe_once())
                closed = breaker.state.position is Position.CLOSED
                assert closed == (self.healthy and not manual)

    @rule(which=st.booleans())
    def a_person_opens(self, which: bool) -> None:
        """It stays so."""
        (self.site if which else self.browser).open("by hand", by="me")

    @rule(which=st.booleans())
    def a_person_closes(self, which: bool) -> None:
        """At once."""
        (self.site if which else self.browser).close("by hand", by="me")

    @rule(which=st.booleans())
    def a_person_releases(self, which: bool) -> None:
        """Then it is probed at once."""
        breaker = self.site if which else self.browser
        breaker.release()
        assert breaker.closed or breaker.due is None or breaker.due <= self.clock.monotonic()

    @precondition(lambda self: self.diary.states)
    @rule()
    def the_engine_restarts(self) -> None:
        """What was open is open, and due within the first wait."""
        old = [self.browser.state, self.site.state]
        self.browser = self.made("browser", None)
        self.site = self.made("site", self.browser)
        for breaker, state in zip((self.browser, self.site), old, strict=True):
            breaker.restore(replace(state))
            assert (breaker.state.position is Position.CLOSED) == (state.position is Position.CLOSED)
            assert breaker.state.manual == state.manual

    @invariant()
    def what_is_open_has_a_next_probe(self) -> None:
        """And not further away than the longest wait."""
        for breaker in (self.browser, self.site):
            state = breaker.state
            assert (state.next_probe_at is None) == (state.position is Position.CLOSED)
            if state.next_probe_at is not None and breaker.due is not None:
                assert breaker.due - self.clock.monotonic() <= breaker.trip.wait_max_s
            assert state.position is not Position.HALF_OPEN

    def teardown(self) -> None:
        """Close the loop."""
        self.runner.close()


Decisions.TestCase.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None, derandomize=True,
)  # fmt: skip
TestDecisions = pytest.mark.proves("4.1")(Decisions.TestCase)

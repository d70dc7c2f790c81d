"""A circuit breaker that cannot stay open by mistake.

It counts the calls of a window that is bounded by number and by age, and opens when too many of them failed or were
slow. Then nobody is let through, neither one nor twenty: it asks for itself, by its own timer, with a probe of its
own, and closes when that is answered.

Rule 1: an open breaker always has a next probe, and the wait before it is capped: a dependency that is healthy is
        found so within `Trip.healed_s`, 60 seconds at most.
Rule 2: a probe has a lease. When it ends the probe has failed, also one that swallows its own cancellation.
Rule 3: a call that its caller cancelled says nothing. A call that began before the breaker opened says nothing later.
Rule 4: waits are judged on the monotonic clock; wall instants are for people, and computed when somebody looks.
Rule 5: while the parent (a browser, for a site driven through it) is not closed, the child refuses in its name,
        counts nothing against itself, and does not probe; when the parent closes it probes at once.
Rule 6: what a person opened stays open until a person releases or closes it; it is probed meanwhile, and says so.

The words are those of resilience4j (sliding window, failure rate, slow call rate, permitted calls in half open,
https://resilience4j.readme.io/docs/circuitbreaker); rules 1, 2 and 5 are what it and others lack.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from bowerbird.core.breaker import Beat, BreakerState, Position, Went
from bowerbird.core.errors import Unreachable
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.resilience import failpoints
from bowerbird.resilience.trip import Says, Trip, Weigh, errors_count

T = TypeVar("T")

STAY_S = 60.0
"""A breaker that opens again within this time after it closed never really closed: its wait goes on growing."""
PROBES_MAX = 20
"""Probes remembered, for people to see."""
TOLD_EACH = 20
"""Failed probes in a row are told one by one up to five, then each so many: an outage of a day is no flood."""


Tell = Callable[[BreakerState, Fact | None], None]
"""Gets each change of position; it neither waits nor raises."""


class Breaker:
    """One breaker around one dependency.

    Args:
        name: ``browser``, ``<platform> <host>`` or ``writer <model>``.
        probe: asks the dependency whether it is there; what it returns or raises is weighed like a call.
        rng: spreads the waits.
        tell: hears each change of position.
        weigh: which outcomes count against the dependency.
        parent: the breaker without which this one cannot work.
    """

    def __init__(
        self,
        name: str,
        probe: Callable[[], Awaitable[object]],
        *,
        clock: Clock,
        rng: random.Random,
        tell: Tell,
        weigh: Weigh = errors_count,
        trip: Trip | None = None,
        parent: Breaker | None = None,
    ) -> None:
        self.name = name
        self.trip = trip or Trip()
        self.parent = parent
        self._probe = probe
        self._clock = clock
        self._rng = rng
        self._tell = tell
        self._weigh = weigh
        self._children: list[Breaker] = []
        self._window: deque[tuple[float, bool, bool]] = deque()
        self._failed = self._slow = self._opens = self._era = 0
        self._position = Position.CLOSED
        self._since = clock.monotonic()
        self._due: float | None = None
        self._manual = False
        self._why = ""
        self._probing: set[asyncio.Task[str]] = set()
        self._probed: deque[tuple[float, bool]] = deque(maxlen=PROBES_MAX)
        if parent is not None:
            parent._children.append(self)  # noqa: SLF001 - its own kind

    # --- calls ---------------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """True if calls are let through: this one and its parents are closed."""
        return self._position is Position.CLOSED and (self.parent is None or self.parent.closed)

    def refusal(self) -> str:
        """Say why a call would be refused just now; empty if it would be let through."""
        if self.parent is not None and (why := self.parent.refusal()):
            return why
        if self._position is Position.CLOSED:
            return ""
        due_s = max(0.0, (self._due or 0.0) - self._clock.monotonic())
        return f"the breaker {self.name} is {self._position}: {self._why}; its next probe is in {due_s:.0f} s"

    async def call(self, act: Callable[[], Awaitable[T]]) -> T:
        """Make a call, and count how it went; the parent counts it too.

        Raises:
            Unreachable: this breaker or its parent is not closed (``breaker_open``); nothing was called.
        """
        if not self.closed:
            raise Unreachable(self.refusal(), reason="breaker_open")
        era, began = self._era, self._clock.monotonic()
        try:
            answer = await (act() if self.parent is None else self.parent.call(act))
        except Exception as error:
            self._note(era, began, error)
            raise
        self._note(era, began, answer)
        return answer

    def _note(self, era: int, began: float, outcome: object) -> None:
        """Count one call, unless it says nothing (rules 3 and 5); only one that went badly can open it."""
        if era != self._era or not self.closed:
            return
        says = self._weigh(outcome)
        if says is Says.NOTHING:
            return
        now = self._clock.monotonic()
        failed, slow = says is Says.DOWN, now - began >= self.trip.slow_s
        self._count(now, failed=failed, slow=slow)
        calls = len(self._window)
        if calls < self.trip.calls_min:
            return
        if failed and self._failed >= self.trip.failed_max * calls:
            self._open(f"{self._failed} of {calls} calls failed, the last: {_sentence(outcome)}")
        elif slow and self._slow >= self.trip.slow_max * calls:
            self._open(f"{self._slow} of {calls} calls took {self.trip.slow_s:g} s or longer")

    def _count(self, now: float, *, failed: bool, slow: bool) -> None:
        window = self._window
        window.append((now, failed, slow))
        self._failed += failed
        self._slow += slow
        oldest = now - self.trip.window_s
        while len(window) > self.trip.window_calls or window[0][0] < oldest:
            _, failed, slow = window.popleft()
            self._failed -= failed
            self._slow -= slow

    # --- positions -----------------------------------------------------------------------------------------------

    def _open(self, why: str) -> None:
        now = self._clock.monotonic()
        self._opens = self._opens + 1 if now - self._since < STAY_S else 1
        self._since = now
        self._move(Position.OPEN, why)
        self._say("breaker_opened")

    def _reopen(self, why: str) -> None:
        """Stay open after a probe, with a longer wait; a stay that began long ago goes on."""
        self._opens += 1
        self._move(Position.OPEN, self._why if self._manual else why)
        worth = self._opens <= 5 or self._opens % TOLD_EACH == 0
        self._say("breaker_probed" if worth else "", probe=why)

    def _close(self, why: str, by: str = "") -> None:
        self._since = self._clock.monotonic()
        self._window.clear()
        self._failed = self._slow = 0
        self._manual = False
        self._move(Position.CLOSED, why)
        self._say("breaker_closed", by=by)
        for child in self._children:
            child.probe_now()

    def _move(self, position: Position, why: str) -> None:
        """Take a position; calls and probes of the one before say nothing from here on."""
        self._era += 1
        self._position = position
        self._why = why
        self._due = None if position is Position.CLOSED else self._clock.monotonic() + self._wait_s()

    def _wait_s(self) -> float:
        longest = min(self.trip.wait_max_s, self.trip.wait_s * 2.0 ** min(max(self._opens - 1, 0), 30))
        return self._rng.uniform(longest / 2, longest)

    def _say(self, kind: str, *, by: str = "", **more: str) -> None:
        state = self.state
        data = {"breaker": self.name, "why": state.why, "manual": state.manual, "opens": state.opens, **more}
        fact = Fact(kind=kind, at=self._clock.now(), by=by or "breakers", data=data) if kind else None
        self._tell(state, fact)

    # --- probes --------------------------------------------------------------------------------------------------

    @property
    def due(self) -> float | None:
        """When to probe next, on the monotonic clock; None while closed, or while the parent is to be waited for."""
        return None if self.parent is not None and not self.parent.closed else self._due

    def probe_now(self) -> None:
        """Make the next probe due now; a closed breaker has none, and one that is under way is not disturbed."""
        if self._position is Position.OPEN:
            self._due = self._clock.monotonic()
            self._say("")

    async def probe_once(self) -> None:
        """Find out whether the dependency is back; a breaker that is closed has nothing to find out.

        1. Half open, for as long as the probes' leases last; one whose lease ran out unseen has failed.
        2. Ask, each time in a task of its own, as often as is needed.
        3. Close, or open again with a longer wait, unless a person decided meanwhile.
        """
        if self._position is Position.CLOSED:
            return
        self._move(Position.HALF_OPEN, self._why)
        self._due = self._clock.monotonic() + (self.trip.probes + 1) * self.trip.lease_s
        self._say("")
        era, why = self._era, "the probe was cut off"
        try:
            for _ in range(self.trip.probes):
                if why := await self._ask():
                    break
        finally:
            if era == self._era:
                self._judge(why)

    def _judge(self, why: str) -> None:
        self._probed.append((self._clock.monotonic(), not why))
        if why:
            self._reopen(why)
        elif self._manual:
            self._reopen("its probe succeeded, and a person keeps it open")
        else:
            self._close("its probe succeeded")

    async def _ask(self) -> str:
        """Probe once; return why it failed, or nothing. Whether the probe ends with its lease is its own affair."""
        task = asyncio.create_task(self._answer(), name=f"probe {self.name}")
        self._probing.add(task)
        task.add_done_callback(self._probing.discard)
        try:
            await asyncio.wait({task}, timeout=self.trip.lease_s)
        finally:
            for one in self._probing:  # and once more those that swallowed it the last time
                one.cancel()
        if not task.done():
            return f"its probe did not answer within {self.trip.lease_s:g} s"
        return "its probe was cancelled" if task.cancelled() else task.result()

    async def _answer(self) -> str:
        try:
            await failpoints.reach("probe.hang")
            outcome = await self._probe()
        except Exception as error:  # noqa: BLE001 - whatever a probe raises is its answer, and is weighed as one
            outcome = error
        return "" if self._weigh(outcome) is Says.UP else f"its probe failed: {_sentence(outcome)}"

    # --- people --------------------------------------------------------------------------------------------------

    def open(self, why: str, *, by: str) -> None:
        """Open it by hand, until it is released or closed by hand."""
        if self._position is Position.CLOSED:
            self._since = self._clock.monotonic()
        self._manual = True
        self._move(Position.OPEN, why or f"opened by {by}")
        self._say("breaker_opened", by=by)

    def close(self, why: str, *, by: str) -> None:
        """Close it by hand, at once and without a probe; it may open again, and then waits as if for the first time."""
        self._opens = 0
        self._close(why or f"closed by {by}", by=by)

    def release(self) -> None:
        """Let go of one that was opened by hand: it is probed at once, and closes if that succeeds."""
        self._manual = False
        self.probe_now()

    # --- for others to see ---------------------------------------------------------------------------------------

    @property
    def state(self) -> BreakerState:
        """How it is; `since` of one that is not closed is when it opened, whatever its probes did in between."""
        return BreakerState(
            name=self.name,
            position=self._position,
            since=self._instant(self._since),
            why=self._why,
            manual=self._manual,
            opens=self._opens,
            next_probe_at=None if self._due is None else self._instant(self._next()),
            parent=self.parent.name if self.parent else "",
            failed=self._failed,
            slow=self._slow,
            calls=len(self._window),
        )

    def beats(self) -> list[Beat]:
        """The calls of the window and the last probes, oldest first; closing it empties the window."""
        calls = [
            (at, Went.FAILED if failed else Went.SLOW if slow else Went.ANSWERED) for at, failed, slow in self._window
        ]
        probes = [(at, Went.PROBE_ANSWERED if up else Went.PROBE_FAILED) for at, up in self._probed]
        return [Beat(self._instant(at), went) for at, went in sorted(calls + probes)]

    def window(self) -> dict[str, Any]:
        """What it judges by, as plain values: its beats, how many calls, and from when on it opens."""
        return {
            "beats": [[beat.at, beat.went.value] for beat in self.beats()],
            "calls": len(self._window),
            "failed": self._failed,
            "slow": self._slow,
            "calls_min": self.trip.calls_min,
            "failed_max": self.trip.failed_max,
        }

    def _next(self) -> float:
        """When the next probe is, on the monotonic clock: not before the parent's."""
        own = self._due or 0.0
        return max(own, self.parent._next()) if self.parent and not self.parent.closed else own  # noqa: SLF001 - its own kind

    def _instant(self, monotonic: float) -> int:
        return self._clock.now() + round((monotonic - self._clock.monotonic()) * SECOND_US)

    def restore(self, state: BreakerState) -> None:
        """Take over how it was before a restart: what was not closed is open, and probed within the first wait."""
        if state.position is Position.CLOSED:
            return
        self._manual, self._opens = state.manual, max(state.opens, 1)
        self._since -= max(0, self._clock.now() - state.since) / SECOND_US
        self._move(Position.OPEN, state.why)
        self._due = self._clock.monotonic() + self._rng.uniform(0, self.trip.wait_s)

    def samples(self) -> list[Sample]:
        """Whether it is open, and how long it has been so, or closed."""
        age_s = self._clock.monotonic() - self._since
        return [
            Sample(name="bowerbird_breaker_open", value=self._position is not Position.CLOSED, labels=self._labels),
            Sample(name="bowerbird_breaker_age_seconds", value=age_s, labels=self._labels),
        ]

    @property
    def _labels(self) -> dict[str, str]:
        return {"breaker": self.name}


def _sentence(outcome: object) -> str:
    if not isinstance(outcome, Exception):
        return "it answered"
    return (str(outcome) or type(outcome).__name__)[:200]

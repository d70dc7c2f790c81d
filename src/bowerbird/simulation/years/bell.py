"""When each job has something to do again, so that a simulated year is not spent on looking.

A real engine looks twice a second; nearly all of its two hundred million looks a year find nothing. Here a job that
found nothing rests until the first instant at which it can find something, and is rung when something is written that
it waits for. It looks in between all the same: every minute or two where its period is seconds, every ten periods
else; and at its own pace while something is wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

from bowerbird.core.account import HoldKind
from bowerbird.core.lifecycle import FINAL, State
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US, Post
from bowerbird.jobs.runner import Runner
from bowerbird.jobs.table import JOBS, Job
from bowerbird.planning.calendar import all_slots
from bowerbird.simulation.endings import WatchedShelf
from bowerbird.storage.memory import MemoryBooks
from bowerbird.storage.spool import Spool

IDLE_MAX_S = 55.0
"""The longest a job rests that looks every few seconds and has nothing to do, seconds: less than the minute for which
an empty look is worth one line, for those of a real engine are mostly not written either."""
IDLE_AUDIT_S = 600.0
"""The longest the audit of timelines rests, seconds."""
IDLE_PERIODS, IDLE_LONGEST_S = 10.0, 3_600.0
"""The longest rest of any other job: so many periods, and no more than so many seconds."""
SELDOM_S = 30.0
"""Jobs with this period or a longer one look seldom, seconds."""
SOON_S = 5.0
"""How soon it looks again at what should be done by now and is not, seconds."""
SILENCE_S = 11.0
"""After this long without a word from its owner, a post that is being sent is worth a look (seconds)."""
SOON_US, SILENCE_US = int(SOON_S * SECOND_US), int(SILENCE_S * SECOND_US)

DAY_US = 86_400 * SECOND_US

_WAITING = (State.PROPOSED, State.QUEUED)


class Bell:
    """Knows from the committed books when each job has something to do.

    Args:
        hurry: for how long at most a job may rest just now, seconds; small while something is wrong.
        spool: what waits until the books can be written.
    """

    def __init__(self, books: MemoryBooks, clock: Clock, hurry: Callable[[], float], spool: Spool) -> None:
        self._books, self._clock, self._hurry, self._spool = books, clock, hurry, spool
        self._wakes: dict[str, int] = {}
        self._idle_s = {job.name: idle_s(job) for job in JOBS}
        self._instants: dict[str, Callable[[int], Iterable[int]]] = {
            "publish": self._publish, "settle": self._settle, "sweep": self._sweep, "measure": self._measure,
            "renew": self._renew, "obey": self._obey, "watch": self._nothing, "connect": self._nothing,
            "replay": self._replay, "plan": self._plan,
        }  # fmt: skip
        self.runner: Runner | None = None
        self.sending = asyncio.Event()

    def rest_s(self, job: Job) -> float:
        """For how long this job rests now, in seconds."""
        if self.runner is not None and self.runner.pulses[job.name].failures:
            return job.every_s  # whoever fails is not idle
        now, instants = self._clock.now(), self._instants.get(job.name, self._nothing)
        longest_s = max(job.every_s, min(self._idle_s[job.name], self._hurry()))
        wakes_at = max(now, min(instants(now), default=now + int(longest_s * SECOND_US)))
        self._wakes[job.name] = wakes_at
        return min(longest_s, max((wakes_at - now) / SECOND_US, job.every_s))

    def heard(self, post: Post) -> None:
        """A post was written: ring those who sleep past the instant at which it can matter to them."""
        if post.state is State.SENDING:
            self.sending.set()
        elif not self._books.shelf.states[State.SENDING]:
            self.sending.clear()
        if self.runner is None:
            return
        now = self._clock.now()
        for name, at in self._matters(post, now):
            if at < self._wakes.get(name, now):
                self._wakes[name] = at
                self.ring(name, (at - now) / SECOND_US)

    def ring(self, name: str, after_s: float = 0.0) -> None:
        """Ring one job after so many seconds."""
        if self.runner is not None:
            asyncio.get_running_loop().call_later(max(0.0, after_s), self.runner.ring, name)

    def _matters(self, post: Post, now: int) -> Iterator[tuple[str, int]]:
        match post.state:
            case State.QUEUED:
                yield "publish", max(post.due, post.not_before)
            case State.SENDING:
                yield "settle", post.since + SILENCE_US
            case State.UNSURE:
                yield "settle", post.not_before
            case State.DROPPED | State.REJECTED if post.due > now:
                yield "plan", now
            case State.PUBLISHED if post.look_at is not None:
                yield "measure", post.look_at
        if post.state in FINAL and post.parts > 1:
            yield "publish", now
            yield "sweep", now

    # --- the instants at which each can find something -----------------------------------------------------------

    def _publish(self, now: int) -> Iterator[int]:
        held: dict[str, int] = {}
        for hold in self._books.holds.values():
            lifts = hold.until or now + 2 * SOON_US
            if lifts > now:
                held[hold.account_id] = max(held.get(hold.account_id, 0), lifts)
        for post in self._books.shelf.in_state(State.QUEUED):
            at = max(post.due, post.not_before, held.get(post.account_id, 0))
            yield at if at > now else now + SOON_US

    def _settle(self, now: int) -> Iterator[int]:
        for post in self._books.shelf.in_state(State.SENDING):
            for at in (post.attempt_until + 1, post.since + SILENCE_US):
                yield at if at > now else now + SOON_US
        for post in self._books.shelf.in_state(State.UNSURE):
            yield post.not_before if post.not_before > now else now + SOON_US

    def _sweep(self, now: int) -> Iterator[int]:
        for post in self._books.shelf.in_state(*_WAITING):
            late_at = post.due if post.state is State.PROPOSED else post.expires_at
            yield max(late_at + 1, now + 2 * SOON_US)

    def _measure(self, now: int) -> Iterator[int]:
        if self._books.shelf.looks:
            yield max(self._books.shelf.looks[0][0], now + SOON_US)

    def _renew(self, now: int) -> Iterator[int]:
        if any(hold.kind is HoldKind.SIGNED_OUT for hold in self._books.holds.values()):
            yield now

    def _obey(self, now: int) -> Iterator[int]:
        if any(command.done_at is None for command in self._books.commands.values()):
            yield now

    def _replay(self, now: int) -> Iterator[int]:
        if self._spool.waiting:
            yield now

    def _plan(self, now: int) -> Iterator[int]:
        """When the next slot comes into the hours that are kept full."""
        for account in self._books.accounts.values():
            cover_us = int(account.cover_h * 3_600 * SECOND_US)
            for slot in all_slots(account, now + cover_us, now + cover_us + DAY_US):
                yield slot.at - cover_us
                break

    def _nothing(self, now: int) -> Iterator[int]:
        return iter(())


def idle_s(job: Job) -> float:
    """The longest this job rests when it has nothing to do, in seconds."""
    if job.name == "audit":  # a look at a whole timeline, which is dear
        return IDLE_AUDIT_S
    return IDLE_MAX_S if job.every_s < SELDOM_S else max(job.every_s, min(IDLE_PERIODS * job.every_s, IDLE_LONGEST_S))


class RingingShelf(WatchedShelf):
    """A shelf that tells of every post that is written."""

    def __init__(self, clock: Clock, heard: Callable[[Post], None]) -> None:
        super().__init__(clock)
        self._heard = heard

    def put(self, post: Post) -> None:
        """Insert or replace one post, and tell."""
        super().put(post)
        self._heard(post)

"""Notice that somebody moved the wall clock, and lose nothing by it.

Due times are wall times. A clock that jumps an hour ahead would make every post of that hour late at once, so
after a step nothing is sent and nothing is missed until the wall has been steady for a minute.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bowerbird.clock import Steady
from bowerbird.core.account import Hold, HoldKind
from bowerbird.core.books import Batch, Change, Committed
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.lifecycle import STAY_MAX_S, State
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US, Post
from bowerbird.posting.publisher import Books

PAGE = 200
"""Posts looked at together."""
AHEAD_MAX_S = 120
"""No attempt lasts longer from now on, seconds."""


@dataclass
class Wall:
    """Holds every account while the wall clock is not to be trusted."""

    storage: Books
    clock: Clock
    by: str = "wall"
    steady: Steady = field(default_factory=Steady)
    _step_s: float = 0.0
    _overtaken: list[tuple[str, int, int]] = field(default_factory=list)
    """What was on its way when the wall was moved ahead: which post, when (microseconds), and how far."""

    def samples(self) -> list[Sample]:
        """How far the wall jumped, in seconds, while it is not trusted; 0 while it is."""
        return [Sample(name="bowerbird_clock_step_seconds", value=self._step_s)]

    async def watch_once(self) -> bool:
        """Compare the wall with the time since the machine was started.

        1. A step of more than 30 s holds every account, with one fact that says how far; to wake up is no step. What
           a step ahead made late has as much longer, also to be approved; what a step back would leave in doubt for
           as long as it went back is looked at as soon as it would have been.
        2. What was on its way at that moment is left to its worker, and has as much longer when it comes back.
        3. A minute without another step lifts the holds, also those of a process that died meanwhile.

        Return False: the next comparison is the next run.
        """
        now = self.clock.now()
        step = self.steady.feed(now, self.clock.boottime())
        if step is not None:
            self._step_s = step.seconds
            await self._hold(now, step.seconds)
        await self._spare_returned()
        if step is None and self.steady.trusted:
            self._step_s = 0.0
            await self._lift(now)
        return False

    async def _hold(self, now: int, seconds: float) -> None:
        why = f"the wall clock jumped by {seconds:+.0f} s; nothing is sent or missed until it is steady"
        accounts = await self.storage.accounts()
        holds = tuple(Hold(account_id=one.id, kind=HoldKind.CLOCK, since=now, why=why) for one in accounts)
        fact = Fact(kind="clock_stepped", at=now, by=self.by, data={"seconds": round(seconds, 3), "why": why})
        await self.storage.record(Batch(holds=holds, facts=(fact,)))
        step = int(seconds * SECOND_US)
        await self._spare(now, step)
        if step < 0:
            await self._hasten(now, step)
        else:
            flying = await self.storage.posts(states=(State.SENDING, State.UNSURE), limit=PAGE)
            self._overtaken += [(post.id, now, step) for post in flying]

    async def _spare(self, now: int, step: int) -> None:
        """Give the posts that the wall overtook as much longer as it jumped, for no time has passed for them.

        One that a person or a worker changes at the same moment keeps its own time.
        """
        before = max(now, now - step) + 1
        while page := await self.storage.posts(states=(State.QUEUED, State.PROPOSED), before=before, limit=PAGE):
            for post in page:
                after = _spared(post, now, step) if post.state is State.QUEUED else _awaited(post, now, step)
                if after is not post:
                    await self.storage.record(Batch(changes=(Change(post, after),)))
            if len(page) < PAGE or page[-1].due == before:
                return
            before = page[-1].due

    async def _spare_returned(self) -> None:
        """Give those that were on their way as much longer, as soon as their workers let go of them.

        Nobody looks for a doubt before the wall has been steady for longer than an attempt takes, so this is in time.
        """
        self._overtaken = [each for each in self._overtaken if not await self._returned(*each)]

    async def _returned(self, post_id: str, at: int, step: int) -> bool:
        """Spare one of them; False while its worker has it, or moves it at this moment."""
        post = await self.storage.post(post_id)
        if post is None or post.state not in (State.SENDING, State.QUEUED, State.UNSURE):
            return True
        if post.state is State.SENDING:
            return False
        after = _spared(post, at, step)
        return after is post or isinstance(await self.storage.record(Batch(changes=(Change(post, after),))), Committed)

    async def _hasten(self, now: int, step: int) -> None:
        """Take a step back from the instants of doubts that were written down before it."""
        for post in await self.storage.posts(states=(State.UNSURE,), limit=PAGE):
            after = _hastened(post, now, step)
            if after is not post:
                await self.storage.record(Batch(changes=(Change(post, after),)))

    async def _lift(self, now: int) -> None:
        held = [hold.account_id for hold in await self.storage.holds(now=now) if hold.kind is HoldKind.CLOCK]
        if held:
            lifted = tuple((account_id, HoldKind.CLOCK) for account_id in held)
            facts = tuple(
                Fact(kind="hold_lifted", at=now, by=self.by, account_id=name, data={"hold": HoldKind.CLOCK})
                for name in held
            )
            await self.storage.record(Batch(lifted=lifted, facts=facts))


def _spared(post: Post, now: int, step: int) -> Post:
    """A post that a step ahead overtook may be as much later."""
    overtaken = step > 0 and post.expires_at > now - step
    return post.changed(expires_at=post.expires_at + step) if overtaken else post


def _awaited(post: Post, now: int, step: int) -> Post:
    """A proposal that a step ahead overtook waits for its approval as long as it would have.

    Never longer than a proposal may stay: a wall that had been wrong by years says nothing about time. A step back
    takes back what a step ahead had given, or a wall that was ahead by a month for a minute would keep it for a month.
    """
    ends_at = max(post.due, post.not_before)
    if ends_at <= now - step:
        return post
    if step > 0:
        most = now + int(STAY_MAX_S[State.PROPOSED] * SECOND_US)
        return post.changed(not_before=min(ends_at + step, most), expires_at=post.expires_at + step)
    return post.changed(not_before=max(0, post.not_before + step)) if post.not_before > post.due else post


def _hastened(post: Post, now: int, step: int) -> Post:
    """A doubt whose next look, or whose attempt's end, lies further ahead than any that is written down after the step.

    What may have been written down since keeps its instant: an attempt must never seem to be over before it is.
    """
    latest = now + AHEAD_MAX_S * SECOND_US
    instants = {"not_before": post.not_before, "attempt_until": post.attempt_until}
    sooner = {name: at + step for name, at in instants.items() if at > latest}
    return post.changed(**sooner) if sooner else post

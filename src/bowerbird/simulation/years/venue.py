"""A platform as one account sees it over a year: it keeps the truth, has people on it, and falls ill on request."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from bowerbird.core.account import Account
from bowerbird.core.errors import RateLimited, SignedOut, Unconfirmed, Unreachable
from bowerbird.core.findings import Counts, Seen
from bowerbird.core.ports import Clock, Gone, Identity, Look, Unknown
from bowerbird.core.post import SECOND_US, Post, RemoteRef
from bowerbird.simulation.cast import Memory
from bowerbird.simulation.platform import FakePlatform, Send, words_of

SLOW_S = 30.0
"""How long an answer takes on a slow day, seconds."""
HOUR_US = 3_600 * SECOND_US
WAIT_S = 90.0
"""How long a busy platform asks us to wait, seconds."""
LATE_SHARE = 0.9
"""A post whose answer is lost is shown within this share of the time the platform promises."""
STRANGERS_WORDS = "somebody was here"
CROWD = 200
"""Followers at the beginning."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A post on our timeline that is not ours, or one of ours that only the platform's answer speaks of."""

    id: str
    at: int


class Venue(FakePlatform):
    """One account's platform.

    Args:
        driver: the way by which it is reached; one that ends in ``-web`` needs a browser.
        ill: says which troubles it has at the moment; `bite` is told of each that does harm.
        rng: draws latencies, audiences and accidents.
    """

    def __init__(
        self,
        clock: Clock,
        account: Account,
        driver: str,
        memory: Memory,
        *,
        rng: random.Random,
        ill: Callable[[], frozenset[str]],
        bite: Callable[[str], None],
    ) -> None:
        super().__init__(clock, name=driver, dedup_s=memory.dedup_s, settle_s=memory.settle_s, rng=rng)
        self._capabilities = replace(self._capabilities, browser=driver.endswith("-web"))
        self.account = account
        self.foreign: list[Elsewhere] = []
        self.phantoms: list[Elsewhere] = []
        self.mentioned: list[Seen] = []
        self.limited: list[int] = []
        self._ill, self._bite = ill, bite

    def seen_through(self, other: Venue) -> Venue:
        """Be another way to the same account: what arrives by either is there."""
        self.arrivals, self.sends, self.removed = other.arrivals, other.sends, other.removed
        self.foreign, self.phantoms, self.mentioned, self.limited = (
            other.foreign, other.phantoms, other.mentioned, other.limited,
        )  # fmt: skip
        return self

    async def whoami(self) -> Identity:
        """Who we are there, with the number of followers."""
        await self._answer()
        return Identity(id=self.account.id, handle=self.account.handle, followers=CROWD + len(self.arrivals))

    async def prepare(self, post: Post) -> str:
        """Make the message, which needs the platform, or its page."""
        await self._answer()
        return await super().prepare(post)

    async def publish(self, post: Post) -> RemoteRef:
        """Take a post, as well as it can."""
        await self._answer(write=True)
        self.sends.append(Send(at=self._clock.now(), post_id=post.id, key=post.key, wire=post.wire or "", fault=""))
        ill = self._ill()
        if "dropped" in ill:
            raise Unconfirmed("nobody answered", reason="timeout")
        if "halved" in ill:
            self._insist_on_half()
        if "phantom" in ill:
            self._bite("phantom")
            self.phantoms.append(Elsewhere(f"{self._name}-phantom-{len(self.phantoms)}", self._clock.now()))
            return RemoteRef(id=self.phantoms[-1].id)
        late_s = self._rng.random() * LATE_SHARE * self._capabilities.settle_s if "lost" in ill else 0.0
        ref = self._accept(post, late_s=late_s)
        if "lost" in ill:
            raise Unconfirmed("the answer was lost", reason="answer_lost")
        return ref

    async def resolve(self, post: Post) -> Look:
        """Look for a post; what fails is unknown."""
        try:
            await self._answer()
        except (Unreachable, SignedOut, RateLimited) as error:
            return Unknown(why=str(error))
        return await super().resolve(post)

    async def counts(self, refs: Sequence[RemoteRef]) -> Mapping[str, Counts | Gone]:
        """What people made of our posts: more with time."""
        await self._answer()
        up = {arrival.id: arrival for arrival in self.arrivals[-500:] if arrival.id not in self.removed}
        return {ref.id: self._reactions(up[ref.id].at) if ref.id in up else Gone() for ref in refs}

    async def mentions(self, after: int) -> list[Seen]:
        """Who spoke to us."""
        await self._answer()
        return [seen for seen in self.mentioned if after < seen.posted_at <= self._clock.now()][:100]

    async def search(self, query: str, limit: int = 25) -> list[Seen] | Unknown:
        """What was said on a subject: nothing that could be proved."""
        await self._answer()
        return Unknown(why="this platform has no search")

    async def own_posts(self, limit: int = 50) -> list[Seen] | Unknown:
        """The newest posts on our timeline that can be seen, ours and others'."""
        await self._answer()
        now = self._clock.now()
        ours = [(a.at, a.id, a.wire) for a in self.arrivals if a.visible_at <= now and a.id not in self.removed]
        others = [(each.at, each.id, None) for each in self.foreign if each.id not in self.removed]
        newest = sorted([*ours, *others], key=itemgetter(0), reverse=True)[:limit]
        return [self._seen_as(name, at, words_of(wire) if wire else STRANGERS_WORDS) for at, name, wire in newest]

    def _seen_as(self, remote_id: str, at: int, text: str) -> Seen:
        return Seen(ref=RemoteRef(id=remote_id), author=self.account.handle, text=text, posted_at=at, kind="own")

    # --- troubles ---------------------------------------------------------------------------------------------

    async def _answer(self, *, write: bool = False) -> None:
        """Answer a call, or fail as this day would have it."""
        ill = self._ill()
        if not ill:
            await self._latency()
            return
        if "browser_down" in ill and self._capabilities.browser:
            raise Unreachable("the browser does not start", reason="no_browser")
        if "down" in ill:
            self._bite("down")
            raise Unreachable("no route to host", reason="connect")
        if "slow" in ill:
            self._bite("slow")
        await self._clock.sleep(SLOW_S * self._rng.uniform(0.8, 1.1) if "slow" in ill else self._rng.uniform(0.05, 2.0))
        if "revoked" in ill:
            self._bite("revoked")
            raise SignedOut("the session has ended")
        if "broken" in ill:
            self._bite("broken")
            raise Unconfirmed("500", reason="server") if write else Unreachable("500", reason="server")
        if "busy" in ill:
            raise RateLimited("too many requests", retry_at=self._clock.now() + int(WAIT_S * SECOND_US), scope="host")

    def _insist_on_half(self) -> None:
        """Refuse what is more than half of the configured hour."""
        most, now = max(1, self.account.posts_per_hour_max // 2), self._clock.now()
        lately = [arrival.at for arrival in self.arrivals[-50:] if arrival.at > now - HOUR_US]
        if len(lately) >= most:
            self.limited.append(now)
            raise RateLimited("too many posts", retry_at=lately[-most] + HOUR_US)

    def _reactions(self, at: int) -> Counts:
        age_h = (self._clock.now() - at) / HOUR_US
        likes = int(self._rng.expovariate(1 / 8.0) * age_h / (age_h + 2.5))
        return Counts(likes=likes, reposts=likes // 4, replies=likes // 6, source="venue")

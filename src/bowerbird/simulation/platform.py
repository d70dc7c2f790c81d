"""A platform that lives in memory, keeps the truth, and fails on request.

It can be keyed for ever (``dedup_s=inf``), keyed for a while, or keyless (``dedup_s=0``). Whatever it accepts
goes onto an append-only list that nobody else can write: what the judge believes, the books must show.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from bowerbird.core.errors import RateLimited, Refused, SignedOut, Unconfirmed, Unreachable
from bowerbird.core.findings import Counts, Seen
from bowerbird.core.ports import Absent, Capabilities, Clock, Found, Gone, Identity, Look, Unknown
from bowerbird.core.post import SECOND_US, Post, RemoteRef
from bowerbird.simulation.faults import Fate

HANG_S = 3_600.0
"""How long a platform hangs that never answers."""
BREAKS_ITS_WORD = 30.0
"""A platform that is keyed for ever shows a post up to this many times later than it says: keys guard it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One post on the platform, for ever: when it was accepted, and from when a look can see it.

    `overdue` says that the platform took longer to show it than it promises (`settle_s`).
    """

    id: str
    post_id: str
    key: str
    wire: str
    at: int
    visible_at: int
    overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One call of `publish`: what was asked, and the fault it met, empty if none."""

    at: int
    post_id: str
    key: str
    wire: str
    fault: str


CALLER: ContextVar[asyncio.Task[Any] | None] = ContextVar("caller", default=None)
"""Whom the fault ``cancelled`` cancels: the task that runs the job; the one that calls if nobody says so."""

Told = Callable[[str, str], None]
"""Hears of each thing that happens here: what, and to which post."""


def _tell_nobody(what: str, post_id: str) -> None:
    """Nobody listens."""


@dataclass(slots=True, kw_only=True)
class Script:
    """What goes wrong, decided by whoever runs the platform.

    Args:
        send: the fate of a send, None if all goes well.
        prepare: True if the message of this post cannot be made.
        look: why a look cannot see; empty if it can; ``slow`` takes too long.
        timeline: the same for a look at the whole timeline.
        told: hears of what happens.
    """

    send: Callable[[Post], Fate | None] = lambda post: None
    prepare: Callable[[Post], bool] = lambda post: False
    look: Callable[[Post], str] = lambda post: ""
    timeline: Callable[[], str] = lambda: ""
    told: Told = _tell_nobody


class FakePlatform:
    """One account's view of a social network in memory.

    Args:
        dedup_s: how long it remembers our key (seconds); 0 is keyless.
        settle_s: how long an accepted post may stay invisible.
        rng: draws latencies.
        script: what goes wrong.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        name: str = "fake",
        dedup_s: float = 0.0,
        settle_s: float = 60.0,
        rng: random.Random,
        script: Script | None = None,
    ) -> None:
        self.arrivals: list[Arrival] = []
        self.sends: list[Send] = []
        self.removed: set[str] = set()
        self.signed_out_until = 0
        self._clock = clock
        self._name = name
        self._capabilities = Capabilities(dedup_s=dedup_s, settle_s=settle_s, text_max=300)
        self._rng = rng
        self._script = script or Script()
        self._made = 0

    @property
    def name(self) -> str:
        """The adapter's name."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return self._capabilities

    def length(self, text: str) -> int:
        """Characters."""
        return len(text)

    async def whoami(self) -> Identity:
        """Who we are there."""
        await self._latency()
        self._signed_in()
        return Identity(id=self._name, handle=self._name)

    async def prepare(self, post: Post) -> str:
        """Make the message; as on real platforms, making it twice makes two different ones."""
        await self._latency()
        if self._script.prepare(post):
            raise RuntimeError("the picture has no size")
        self._made += 1
        parent = post.payload.reply_to.parent.id if post.payload.reply_to else None
        return json.dumps({"text": post.payload.text, "reply": parent, "made": self._made})

    async def publish(self, post: Post) -> RemoteRef:
        """Send; see `faults.ON_PUBLISH` for what may happen."""
        wire = post.wire or ""
        fate = self._script.send(post)
        fault = fate.fault if fate else ""
        self.sends.append(Send(at=self._clock.now(), post_id=post.id, key=post.key, wire=wire, fault=fault))
        self._script.told(f"send {fault}".rstrip(), post.id)
        await self._latency()
        self._signed_in()
        if fate is None:
            return self._accept(post)
        return await self._suffer(post, fate)

    async def resolve(self, post: Post) -> Look:
        """Look: by the key where there is one, by the message where there is none."""
        await self._latency()
        why = self._script.look(post)
        if why == "slow":
            await self._clock.sleep(HANG_S)
        if why or self._clock.now() < self.signed_out_until:
            return Unknown(why=why or "signed out")
        arrival = self._seen(post)
        return Absent() if arrival is None else Found(ref=_ref(arrival))

    async def delete(self, ref: RemoteRef) -> None:
        """Take a post back."""
        await self._latency()
        self.removed.add(ref.id)

    async def counts(self, refs: Sequence[RemoteRef]) -> Mapping[str, Counts | Gone]:
        """Nobody reacts here: every number is an observed 0."""
        await self._latency()
        quiet = Counts(likes=0, reposts=0, replies=0, source="fake")
        return {ref.id: Gone() if ref.id in self.removed else quiet for ref in refs}

    async def mentions(self, after: int) -> list[Seen]:
        """Nobody speaks here."""
        return []

    async def search(self, query: str, limit: int = 25) -> list[Seen] | Unknown:
        """Nobody can search here."""
        return Unknown(why="this platform has no search")

    async def own_posts(self, limit: int = 50) -> list[Seen] | Unknown:
        """Everything that a look can see just now, newest first."""
        await self._latency()
        why = self._script.timeline()
        if why == "slow":
            await self._clock.sleep(HANG_S)
        now = self._clock.now()
        if why or now < self.signed_out_until:
            return Unknown(why=why or "signed out")
        shown = [one for one in reversed(self.arrivals) if one.visible_at <= now and one.id not in self.removed]
        return [
            Seen(ref=_ref(one), author=self._name, text=words_of(one.wire), posted_at=one.at, kind="own")
            for one in shown[:limit]
        ]

    async def close(self) -> None:
        """There is nothing to let go of."""

    def truth(self, post_id: str) -> list[Arrival]:
        """Every arrival of this post of ours, whatever a look can see."""
        return [arrival for arrival in self.arrivals if arrival.post_id == post_id]

    # --- what happens to a send -----------------------------------------------------------------------

    async def _suffer(self, post: Post, fate: Fate) -> RemoteRef:
        now = self._clock.now()
        match fate.fault:
            case "refused":
                raise Refused("the platform says no", reason="spam")
            case "rate_limited":
                raise RateLimited("too many posts", retry_at=now + int(fate.lasts_s * SECOND_US))
            case "unreachable":
                raise Unreachable("no route to host", reason="connect")
            case "signed_out":
                self.signed_out_until = now + int(fate.lasts_s * SECOND_US)
                self._signed_in()
            case "unforeseen_before":
                raise RuntimeError("nobody foresaw this")
            case "timeout_before_accept" | "swallowed":
                await self._clock.sleep(HANG_S)
            case "slow":
                return await self._accept_slowly(post, fate.lasts_s)
            case "cancelled":
                await self._cancel_caller(post, accept=fate.lasts_s < 0.5)
        return self._accept_badly(post, fate)

    def _accept_badly(self, post: Post, fate: Fate) -> NoReturn:
        self._accept(post, late_s=self._late_s(fate) if fate.fault == "late_appearance" else 0.0)
        if fate.fault == "unforeseen_after":
            raise RuntimeError("nobody foresaw this")
        raise Unconfirmed("500" if fate.fault == "error_after_accept" else "the answer was lost")

    def _late_s(self, fate: Fate) -> float:
        """How long the post stays invisible; only a platform that never forgets a key may break its word."""
        overdue = BREAKS_ITS_WORD if math.isinf(self._capabilities.dedup_s) else 1.0
        return fate.lasts_s * self._capabilities.settle_s * overdue

    async def _accept_slowly(self, post: Post, lasts_s: float) -> RemoteRef:
        """Accept when the time has come, or when the caller hangs up: a request on its way cannot be taken back."""
        try:
            await self._clock.sleep(lasts_s)
        finally:
            ref = self._accept(post)
        return ref

    async def _cancel_caller(self, post: Post, *, accept: bool) -> NoReturn:
        if accept:
            self._accept(post)
        task = CALLER.get() or asyncio.current_task()
        if task is not None:
            task.cancel()
        await asyncio.get_running_loop().create_future()
        raise AssertionError("a cancelled wait has no end")

    def _accept(self, post: Post, *, late_s: float = 0.0) -> RemoteRef:
        known = self._known(post.key)
        if known is not None:
            self._script.told("answered by key", post.id)
            return _ref(known)
        now = self._clock.now()
        arrival = Arrival(
            id=f"{self._name}-{len(self.arrivals) + 1}",
            post_id=post.id,
            key=post.key,
            wire=post.wire or "",
            at=now,
            visible_at=now + int(late_s * SECOND_US),
            overdue=late_s > self._capabilities.settle_s,
        )
        self.arrivals.append(arrival)
        self._script.told("arrives", post.id)
        return _ref(arrival)

    def _known(self, key: str) -> Arrival | None:
        """The post that this key has made already, if the platform still remembers the key."""
        oldest = self._clock.now() - self._capabilities.dedup_s * SECOND_US
        return next((a for a in self.arrivals if a.key == key and a.at > oldest), None)

    def _seen(self, post: Post) -> Arrival | None:
        now, keyed = self._clock.now(), self._capabilities.dedup_s > 0
        for arrival in self.arrivals:
            same = arrival.key == post.key if keyed else arrival.wire == post.wire
            if same and arrival.visible_at <= now and arrival.id not in self.removed:
                return arrival
        return None

    def _signed_in(self) -> None:
        if self._clock.now() < self.signed_out_until:
            raise SignedOut("the session has ended")

    async def _latency(self) -> None:
        await self._clock.sleep(self._rng.uniform(0.05, 2.0))


@lru_cache(maxsize=4_096)
def words_of(wire: str) -> str:
    """The words of a message; a wire that a restore lost has none."""
    return str(json.loads(wire)["text"]) if wire else ""


def _ref(arrival: Arrival) -> RemoteRef:
    return RemoteRef(id=arrival.id, url=f"fake://{arrival.id}", cid=arrival.key)

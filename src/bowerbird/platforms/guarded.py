"""A platform with a guard before it: every call has a deadline, and passes the breaker of its host.

One breaker per host, and never per account: what an account may not do says nothing about the host, and what the
host cannot do holds for every account. `says` tells the two apart.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from bowerbird.core.errors import PlatformError, RateLimited, Refused, SignedOut, Unconfirmed, Unreachable
from bowerbird.core.findings import Counts, Seen
from bowerbird.core.ports import Capabilities, Gone, Identity, Look, Platform, Unknown
from bowerbird.core.post import Post, RemoteRef
from bowerbird.resilience.breaker import Breaker
from bowerbird.resilience.deadline import within
from bowerbird.resilience.trip import Says, Trip

T = TypeVar("T")

DEADLINES_S: Mapping[str, float] = {
    "whoami": 15.0, "prepare": 40.0, "publish": 45.0, "resolve": 40.0, "delete": 20.0, "counts": 40.0,
    "mentions": 30.0, "search": 30.0, "own_posts": 40.0, "close": 10.0,
}  # fmt: skip
"""How long each kind of call may take, seconds; an adapter's own limits on single requests are tighter."""
BROWSER_DEADLINES_S: Mapping[str, float] = {**DEADLINES_S, "whoami": 45.0, "publish": 60.0, "counts": 60.0}
"""The same through a browser, which may have to be waited for and started first."""
WRITES = ("publish", "delete")
"""Calls of which nobody knows, after a deadline, whether they happened."""

ELSEWHERE = (
    "storage",
    "not_prepared",
    "no_browser",
    "browser_busy",
    "browser_died",
    "bad_state",
    "breaker_open",
    "no_driver",
    "changed",
    "strayed",
    "key_taken",
    "http_400",
    "http_404",
    "http_405",
    "http_408",
    "http_410",
)
"""Reason codes of failures that lie on this side, or say that a host answered in words we do not know."""

API = Trip(slow_s=8.0)
"""The breaker of a host that is asked directly."""
WEB = Trip(slow_s=30.0, lease_s=15.0, wait_max_s=30.0)
"""The breaker of a host that is driven through a browser: one call is many pages."""
BROWSER = Trip(slow_max=2.0, lease_s=10.0, wait_max_s=20.0)
"""The breaker of the browser itself: it is never slow, for how long a page takes is the host's affair. It waits less
than others, because the hosts driven through it are probed after it, and all of that is to take a minute at most."""


def says(outcome: object) -> Says:
    """Tell what an outcome says about the host: who refuses, limits or signs out has answered."""
    match outcome:
        case Refused() | SignedOut() | RateLimited():
            return Says.UP
        case Unreachable(reason=reason) | Unconfirmed(reason=reason):
            return Says.NOTHING if reason in ELSEWHERE else Says.DOWN
        case Exception() | Unknown():
            return Says.NOTHING
        case _:
            return Says.UP


def says_of_browser(outcome: object) -> Says:
    """Tell what an outcome says about the browser: only one that could not be started is down."""
    match outcome:
        case Unreachable(reason="no_browser"):
            return Says.DOWN
        case PlatformError(reason=reason) if reason in ELSEWHERE:
            return Says.NOTHING
        case PlatformError():
            return Says.UP
        case Exception() | Unknown():
            return Says.NOTHING
        case _:
            return Says.UP


@dataclass
class Guarded:
    """A platform behind its guard.

    Args:
        account_id: whose view of the network it is.
        inner: the adapter.
        breaker: of its host; None for a single question outside the loop, such as the first greeting.
    """

    account_id: str
    inner: Platform
    breaker: Breaker | None = None

    @property
    def name(self) -> str:
        """The adapter's name."""
        return self.inner.name

    @property
    def capabilities(self) -> Capabilities:
        """What the adapter can do."""
        return self.inner.capabilities

    def length(self, text: str) -> int:
        """The length of a text in the platform's own unit."""
        return self.inner.length(text)

    def refusal(self) -> str:
        """Say why a call would be refused just now; empty if it would be let through."""
        return self.breaker.refusal() if self.breaker else ""

    async def whoami(self) -> Identity:
        """Who we are there."""
        return await self._call("whoami", self.inner.whoami)

    async def prepare(self, post: Post) -> str:
        """Make the exact message; nothing becomes visible by it."""
        return await self._call("prepare", lambda: self.inner.prepare(post))

    async def publish(self, post: Post) -> RemoteRef:
        """Send it. Where the breaker is open nothing was sent (`Unreachable`); after a deadline nobody knows."""
        return await self._call("publish", lambda: self.inner.publish(post))

    async def resolve(self, post: Post) -> Look:
        """Look whether it is there; what fails is `Unknown`."""
        try:
            return await self._call("resolve", lambda: self.inner.resolve(post))
        except PlatformError as error:
            return Unknown(why=str(error))
        except Exception as error:  # noqa: BLE001 - a look never raises: whatever it was, it saw nothing, and says so
            return Unknown(why=f"the look failed: {type(error).__name__}")

    async def delete(self, ref: RemoteRef) -> None:
        """Take a post back."""
        await self._call("delete", lambda: self.inner.delete(ref))

    async def counts(self, refs: Sequence[RemoteRef]) -> Mapping[str, Counts | Gone]:
        """The numbers of these posts."""
        return await self._call("counts", lambda: self.inner.counts(refs))

    async def mentions(self, after: int) -> list[Seen]:
        """Those who addressed us."""
        return await self._call("mentions", lambda: self.inner.mentions(after))

    async def search(self, query: str, limit: int = 25) -> list[Seen] | Unknown:
        """Public posts on this subject."""
        return await self._call("search", lambda: self.inner.search(query, limit))

    async def own_posts(self, limit: int = 50) -> list[Seen] | Unknown:
        """The newest posts on our own timeline."""
        return await self._call("own_posts", lambda: self.inner.own_posts(limit))

    async def close(self) -> None:
        """Let go of connections and pages; what does not close in time is left to end by itself."""
        try:
            await self._bounded("close", self.inner.close)
        except Unreachable:
            return

    async def _call(self, kind: str, act: Callable[[], Awaitable[T]]) -> T:
        if self.breaker is None:
            return await self._bounded(kind, act)
        return await self.breaker.call(lambda: self._bounded(kind, act))

    async def _bounded(self, kind: str, act: Callable[[], Awaitable[T]]) -> T:
        limits = BROWSER_DEADLINES_S if self.inner.capabilities.browser else DEADLINES_S
        try:
            async with within(limits[kind]):
                return await act()
        except TimeoutError as error:
            unknown = Unconfirmed if kind in WRITES else Unreachable
            raise unknown(f"{self.name} did not answer within {limits[kind]:g} s", reason="deadline") from error


@dataclass
class Askers:
    """Those who may ask a host whether it is back: its accounts, in turn, so that no single one decides."""

    _doors: dict[str, Guarded] = field(default_factory=dict)
    _turn: int = 0

    def add(self, account_id: str, adapter: Platform) -> None:
        """Let this account ask too; the one it had before no longer does."""
        self._doors[account_id] = Guarded(account_id, adapter)

    def remove(self, account_id: str) -> None:
        """Ask through this account no more."""
        self._doors.pop(account_id, None)

    async def ask(self) -> object:
        """Ask who the next account is; a host that nobody uses any more has nothing to prove.

        Raises:
            PlatformError: what the host, or this side, said instead.
        """
        doors = list(self._doors.values())
        if not doors:
            return None
        self._turn += 1
        return await doors[self._turn % len(doors)].whoami()

"""The sockets of Bowerbird. What a room needs from outside, it asks for here.

* `Clock`, `Chance`    time and luck
* `Platform`           a social network: sandbox, sandbox-web, bluesky
* `Writer`             somebody who writes: the claim bank, a provider, a ladder of them

The books have sockets of their own, in `core.books`.
No connection, transaction, session or settings object passes through a socket, only values.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bowerbird.core.findings import Counts, Seen
from bowerbird.core.post import Choice, Media, Post, RemoteRef

if TYPE_CHECKING:
    from bowerbird.core.keeping import Words

# --- time and luck ---------------------------------------------------------------------------------------------


class Clock(Protocol):
    """Time. Timeouts inside a coroutine use the event loop's clock, which the virtual loop moves too."""

    def now(self) -> int:
        """The wall clock, UTC microseconds."""

    def monotonic(self) -> float:
        """Seconds that never go back, and stand still while the machine sleeps; the zero means nothing."""

    def boottime(self) -> float:
        """The same, but counting while the machine sleeps too, so that waking up is no step of the wall clock."""

    async def sleep(self, seconds: float) -> None:
        """Wait; returns at once for 0 or less."""


class Chance(Protocol):
    """Luck, one seeded stream per purpose, so that one more draw here changes nothing there."""

    def stream(self, purpose: str) -> random.Random:
        """The stream of this purpose; the same object each time."""

    def name(self, purpose: str) -> str:
        """A fresh id of 26 characters, unique and unguessable unless seeded."""


# --- platforms -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a platform can do, and for how long it remembers our key.

    Args:
        dedup_s: seconds for which a second send with the same key cannot make a second post: ``inf`` on Bluesky,
            3,000 on Mastodon, 0 where there is no key.
        settle_s: seconds an accepted post may take to become visible to a look.
        text_max: longest text in the platform's own unit; `bytes_max` in UTF-8 bytes, or None.
        shows_impressions: False where no view counts exist.
        media_max: pictures per post.
        browser: True if it is driven through a browser.
    """

    dedup_s: float
    settle_s: float
    text_max: int
    bytes_max: int | None = None
    shows_impressions: bool = False
    media_max: int = 0
    browser: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are on the platform; `name` is the one shown there, empty where it has none or none was seen."""

    id: str
    handle: str
    followers: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A look that found the post."""

    ref: RemoteRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A look that could see and did not find the post."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A look that could not see; `why` is a sentence for a person."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The post is no longer on the platform."""


Look = Found | Absent | Unknown


class Platform(Protocol):
    """One account's view of a social network. Every method raises only `PlatformError`s.

    Every call is bounded by the adapter's own time limits; the caller stands under a deadline besides.
    """

    @property
    def name(self) -> str:
        """The adapter's name, such as ``bluesky``."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    def length(self, text: str) -> int:
        """The length of a text in the platform's own unit."""

    async def whoami(self) -> Identity:
        """Who we are there; a read, so it never raises `Unconfirmed`."""

    async def prepare(self, post: Post) -> str:
        """Make the exact message once, from the payload (upload pictures, resolve mentions, check the target).

        Nothing becomes visible by it. The caller stores the text in `Post.wire` before the first `publish`.
        """

    async def publish(self, post: Post) -> RemoteRef:
        """Send `post.wire` under `post.key` and return its place; anything unforeseen is `Unconfirmed`."""

    async def resolve(self, post: Post) -> Look:
        """Look whether this post, with this key and this wire, is there. Never raises: what fails is `Unknown`."""

    async def delete(self, ref: RemoteRef) -> None:
        """Take a post back; doing it twice is not an error."""

    async def counts(self, refs: Sequence[RemoteRef]) -> Mapping[str, Counts | Gone]:
        """The numbers of these posts by remote id; an id that could not be read is left out."""

    async def mentions(self, after: int) -> list[Seen]:
        """Those who addressed us after this instant (microseconds), oldest first, at most 100."""

    async def search(self, query: str, limit: int = 25) -> list[Seen] | Unknown:
        """Public posts on this subject, newest first; an empty answer that is not proved empty is `Unknown`."""

    async def own_posts(self, limit: int = 50) -> list[Seen] | Unknown:
        """The newest posts on our own timeline, newest first, replies too; `Unknown` where it cannot be seen.

        An empty list means that the account was seen and has none.
        """

    async def close(self) -> None:
        """Let go of connections and pages; doing it twice is not an error."""


# --- writers ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What the planner asks for.

    Args:
        wants: the preferred cell (topic, angle, tone, format); empty fields are free.
        text_max, bytes_max: the platform's limits; `length` is the platform's own measure.
        avoid_claims: ids said recently.
        reply_to: the untrusted text to be answered, or empty.
    """

    id: str
    account_id: str
    wants: Choice
    text_max: int
    bytes_max: int | None = None
    avoid_claims: frozenset[str] = frozenset()
    reply_to: str = ""
    reply_author: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """What a picture beside a post may show.

    Args:
        text: the claim; what is shown where there is no code.
        code, output: lines, and what they print, exactly as they are.
    """

    text: str
    code: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a writer gives back: one text per part (more than one is a thread), and what it came from.

    Args:
        texts: the parts in order.
        choice: the cell it really fills, with writer, claim, evidence.
        cost: dollars spent on it, None where it is unknown.
        fell_back: why each writer before this one could not write, in sentences; empty for the first.
        words: the paid answers it was read from, to be recorded as used together with what becomes of it.
        sketch: what a picture beside it may show; None where nobody knows anything that is worth one.
    """

    texts: tuple[str, ...]
    choice: Choice
    cost: float | None = None
    fell_back: tuple[str, ...] = ()
    words: tuple[Words, ...] = ()
    sketch: Sketch | None = None


class Cards(Protocol):
    """Somebody who draws pictures that go with posts."""

    async def draw(self, sketch: Sketch, *, by: str) -> Media | str:
        """Return a picture that lies in the data folder, or in a sentence why there is none; empty: nothing to show.

        It is bounded in time by itself, and raises nothing: a post is not worth less without its picture.

        Args:
            by: the name of the account, as it stands on the picture.
        """


class Writer(Protocol):
    """Somebody who writes."""

    @property
    def name(self) -> str:
        """As recorded in `Choice.writer`."""

    def cells(self) -> Sequence[Choice]:
        """The cells (topic, angle, tone, format) it can fill; empty means any."""

    def reserve(self, said: Collection[str]) -> int:
        """How many posts it can still write without asking anybody, when these claims were said lately."""

    async def draft(self, brief: Brief) -> list[Draft]:
        """Write candidates, best first, possibly none; raise `WriterError`s only."""

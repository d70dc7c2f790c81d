"""The sockets of Bowerbird. What a room needs from outside, it asks for here.

* `Clock`, `Chance`    time and luck
* `Platform`           a social network: sandbox, sandbox-web, bluesky
* `Writer`             somebody who writes: the claim bank, a provider, a ladder of them
* `Storage`            the books, one small protocol per noun: memory, sqlite

No connection, transaction, session or settings object passes through a socket, only values.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bowerbird.core.account import Account, Hold, HoldKind, Limited, Quota, Used
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Advice, Counts, Model, Reading, Seen, Target, TargetState
from bowerbird.core.lifecycle import State
from bowerbird.core.post import Choice, Post, RemoteRef
from bowerbird.core.work import Command, Owner, Run

# --- time and luck ---------------------------------------------------------------------------------------------


class Clock(Protocol):
    """Time. Timeouts inside a coroutine use the event loop's clock, which the virtual loop moves too."""

    def now(self) -> int:
        """The wall clock, UTC microseconds."""

    def monotonic(self) -> float:
        """Seconds that never go back; the zero means nothing."""

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
    """Who we are on the platform."""

    id: str
    handle: str
    followers: int | None = None


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
class Draft:
    """What a writer gives back: one text per part (more than one is a thread), and what it came from.

    Args:
        texts: the parts in order.
        choice: the cell it really fills, with writer, claim, evidence.
        cost: dollars spent on it, None where it is unknown.
        fell_back: why each writer before this one could not write, in sentences; empty for the first.
    """

    texts: tuple[str, ...]
    choice: Choice
    cost: float | None = None
    fell_back: tuple[str, ...] = ()


class Writer(Protocol):
    """Somebody who writes."""

    @property
    def name(self) -> str:
        """As recorded in `Choice.writer`."""

    def cells(self) -> Sequence[Choice]:
        """The cells (topic, angle, tone, format) it can fill; empty means any."""

    async def draft(self, brief: Brief) -> list[Draft]:
        """Write candidates, best first, possibly none; raise `WriterError`s only."""


# --- the books -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One post's step: written only if the row still has `before.seq`."""

    before: Post
    after: Post


@dataclass(frozen=True, slots=True)
class Settle:
    """What becomes of the quota a post took at its claim.

    ``refund=True``: certain that it did not arrive, so it never counted; else it counts from `at` (microseconds).
    """

    post_id: str
    at: int
    refund: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Everything that must be true together, committed in one transaction or not at all.

    If any `Change` has lost its race, or any new row collides with one that exists (post id, key, reply target),
    nothing is written and the answer is `Lost`.
    `targets`, `accounts`, `runs`, `commands` are written whole (insert or replace by id).
    """

    changes: tuple[Change, ...] = ()
    new_posts: tuple[Post, ...] = ()
    facts: tuple[Fact, ...] = ()
    settles: tuple[Settle, ...] = ()
    readings: tuple[Reading, ...] = ()
    targets: tuple[Target, ...] = ()
    models: tuple[Model, ...] = ()
    advice: tuple[Advice, ...] = ()
    accounts: tuple[Account, ...] = ()
    holds: tuple[Hold, ...] = ()
    lifted: tuple[tuple[str, HoldKind], ...] = ()
    runs: tuple[Run, ...] = ()
    commands: tuple[Command, ...] = ()
    cursors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Committed:
    """It is in the books, durably; `last_fact` is the seq of the newest fact written, 0 if none was."""

    last_fact: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """Somebody else was there first; nothing was written. `what` names the row."""

    what: str


class Recorder(Protocol):
    """The one way to write, apart from the claims."""

    async def record(self, batch: Batch) -> Committed | Lost:
        """Write all of it or nothing; raise `StorageError` when the outcome is certainly *not written*."""


class Posts(Protocol):
    """The posts: claims are compare-and-set, and a lost race is ordinary."""

    async def due_accounts(self, *, now: int, limit: int = 100) -> list[str]:
        """Accounts with a claimable post and no hold, longest due first."""

    async def claim_post(
        self, account_id: str, *, now: int, owner: str, until: int, quotas: Sequence[Quota]
    ) -> Post | Limited | None:
        """Take the most due claimable post of this account: QUEUED -> SENDING, quotas reserved, fact written.

        Claimable: QUEUED, due <= now < expires_at, not_before <= now, not withdrawn, no hold on the account in
        force, and for part n of a thread part n-1 PUBLISHED. Replies come after all posts that are due, so that
        stale answers never use up a limit which the plan needs.
        The head of a thread reserves the quotas of all its parts; later parts reserve nothing.
        Writes attempt+1, owner, attempt_until=until, first_claim_at if unset. None if there is nothing to have.
        """

    async def claim_doubt(self, *, now: int, push_until: int) -> Post | None:
        """Take the UNSURE post whose `not_before` passed longest ago, and push its `not_before` to `push_until`."""

    async def lapsed_posts(self, *, now: int, heard_after: int, limit: int = 50) -> list[Post]:
        """SENDING posts whose attempt is over, or whose owner was not heard after `heard_after`."""

    async def late_posts(self, *, now: int, limit: int = 50) -> list[Post]:
        """QUEUED posts past `expires_at`, and PROPOSED posts past `due`."""

    async def orphaned_posts(self, *, limit: int = 50) -> list[Post]:
        """QUEUED or PROPOSED parts of threads whose previous part came to rest without being PUBLISHED."""

    async def claim_look(self, *, now: int, push_until: int, limit: int = 25) -> list[Post]:
        """Take PUBLISHED posts of one account whose `look_at` has passed, and push it to `push_until`."""

    async def post(self, post_id: str) -> Post | None:
        """One post by its id."""

    async def thread(self, thread_id: str) -> list[Post]:
        """All parts of a thread, in order."""

    async def posts(
        self,
        *,
        states: Sequence[State] = (),
        account_id: str = "",
        before: int | None = None,
        limit: int = 50,
        newest_first: bool = True,
    ) -> list[Post]:
        """Posts by due time; `before` is an exclusive bound on `due` (keyset paging), limit <= 1,000."""

    async def said(self, account_id: str, *, limit: int = 500) -> list[Post]:
        """The newest posts of this account that are not REJECTED or DROPPED, for the gate "not said before"."""

    async def said_elsewhere(self, text_hash: str, *, account_id: str) -> bool:
        """True if another account has, or will have, said exactly this."""

    async def count_posts(self) -> Mapping[tuple[str, State], int]:
        """How many posts each account has in each state."""


class Findings(Protocol):
    """Readings, targets, models, advice."""

    async def readings(
        self, *, post_id: str = "", account_id: str = "", after: int = 0, limit: int = 500
    ) -> list[Reading]:
        """Readings by seq, oldest first, those with seq > `after`."""

    async def targets(
        self, *, account_id: str = "", states: Sequence[TargetState] = (), limit: int = 100
    ) -> list[Target]:
        """Targets, best score first."""

    async def target(self, target_id: str) -> Target | None:
        """One target by its id."""

    async def champion(self, account_id: str) -> Model | None:
        """The model in use."""

    async def models(self, account_id: str, *, limit: int = 20) -> list[Model]:
        """Versions, newest first."""

    async def advice(self, account_id: str) -> Advice | None:
        """The newest advice."""


class Secrets(Protocol):
    """Where sessions and passwords are kept, encrypted."""

    async def load_secret(self, account_id: str, name: str) -> str | None:
        """A session or password, decrypted."""

    async def save_secret(self, account_id: str, name: str, value: str) -> None:
        """Store it encrypted, replacing the old one in one step; an empty value is refused with ValueError."""


class Ledger(Secrets, Protocol):
    """Accounts, holds, limits and secrets."""

    async def accounts(self) -> list[Account]:
        """All accounts, by id."""

    async def account(self, account_id: str) -> Account | None:
        """One account."""

    async def holds(self, *, now: int) -> list[Hold]:
        """Holds in force."""

    async def used(self, quotas: Sequence[Quota], *, now: int) -> list[Used]:
        """How much of each quota is gone."""

    async def reserve(self, subject: str, quotas: Sequence[Quota], *, now: int) -> Limited | None:
        """Reserve each quota's `cost` for a subject that is not a post, such as a call to a provider."""

    async def settle(self, subject: str, *, at: int, cost: float | None = None) -> None:
        """Count what was reserved from `at` on, at its true cost where that is known (0 refunds it)."""


class Journal(Protocol):
    """Facts, runs, commands, owners and cursors."""

    async def facts(
        self, *, after: int = 0, post_id: str = "", kinds: Sequence[str] = (), limit: int = 500
    ) -> list[Fact]:
        """Facts by seq, oldest first, those with seq > `after`; of one post with `post_id`."""

    async def newest_facts(self, *, kinds: Sequence[str] = (), account_id: str = "", limit: int = 50) -> list[Fact]:
        """The newest facts first."""

    async def claim_run(self, run: Run) -> bool:
        """Write the start of a run; False if this job, scope and slot has one already."""

    async def runs(self, *, job: str = "", limit: int = 100) -> list[Run]:
        """Runs, newest first."""

    async def forget(self, *, before: int, limit: int = 1000) -> int:
        """Forget the oldest runs that began before this instant; return how many, at most `limit`."""

    async def claim_command(self, *, now: int, owner: str) -> Command | None:
        """Take the oldest command that nobody has taken."""

    async def commands(self, *, limit: int = 50) -> list[Command]:
        """Commands, newest first."""

    async def beat(self, owner: Owner) -> None:
        """Write that this process is alive."""

    async def owners(self) -> list[Owner]:
        """The processes, last heard first."""

    async def cursor(self, name: str) -> int:
        """Where a reader of facts or readings stands; 0 if it never read."""

    async def change_mark(self) -> int:
        """A number that rises when anybody writes; cheap enough to ask twice a second."""


class Storage(Recorder, Posts, Findings, Ledger, Journal, Protocol):
    """The whole book. Rooms ask for the small protocols; only the composition root holds this."""

    async def close(self) -> None:
        """Let go of files and threads; doing it twice is not an error."""

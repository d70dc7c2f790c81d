"""The sockets of the books, one small protocol per noun; plugs are memory and sqlite.

Claims are compare-and-set; everything else is one `Batch`, written in one transaction or not at all.
No connection, transaction or session passes through these sockets, only values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bowerbird.core.account import Account, Hold, HoldKind, Learned, Limited, Quota, Used
from bowerbird.core.breaker import BreakerState
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Advice, Model, Reading, Target, TargetState
from bowerbird.core.gauge import Snapshot
from bowerbird.core.incident import Delivery, Incident, Silence
from bowerbird.core.keeping import Receipt, Words
from bowerbird.core.lifecycle import State
from bowerbird.core.lists import Found, Order, Place, Queue, Wanted
from bowerbird.core.people import Person
from bowerbird.core.post import Post
from bowerbird.core.work import Command, Owner, Run


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
    `targets`, `accounts`, `runs`, `commands`, `incidents`, `deliveries`, `silences`, `breakers`, `learned`,
    `snapshots` and `people` are written whole (insert or replace by id, name or key). A second open incident with the
    same fingerprint has lost, too.
    `words` are stored once, and settle their reservation; `used` are words of which a post was made, or of which
    none can be made: nobody reads them again.
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
    incidents: tuple[Incident, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    silences: tuple[Silence, ...] = ()
    breakers: tuple[BreakerState, ...] = ()
    learned: tuple[Learned, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    people: tuple[Person, ...] = ()
    words: tuple[Words, ...] = ()
    used: tuple[Words, ...] = ()
    cursors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Committed:
    """It is in the books, durably; `last_fact` is the seq of the newest fact written, 0 if none was."""

    last_fact: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """Somebody else was there first; nothing was written. `what` names the row."""

    what: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The books could not be written; it is in the spool, durably, and is written when they can be."""


class Old(StrEnum):
    """What may be forgotten when it is old; posts, facts and readings never are."""

    RUNS = "runs"  # by their start
    SPENDS = "spends"  # by the instant from which they count; older than every window they count no more
    WORDS = "words"  # paid answers, used or not
    DELIVERIES = "deliveries"  # sent or given up
    INCIDENTS = "incidents"  # by their end; an open one never
    COMMANDS = "commands"  # by when they were asked for; one that waits for its answer never
    OWNERS = "owners"  # by when they were last heard
    SILENCES = "silences"  # by their end


class Recorder(Protocol):
    """The one way to write, apart from the claims."""

    async def record(self, batch: Batch) -> Committed | Lost:
        """Write all of it or nothing; raise `StorageError` when the outcome is certainly *not written*."""


class Keeper(Recorder, Protocol):
    """For what was paid for or observed, and cannot be had again: words, readings, receipts, and facts."""

    async def keep(self, batch: Batch) -> Committed | Lost | Kept:
        """Record it, or spool it where the books cannot be written just now.

        Only facts, readings, incidents, deliveries, `words` and `used` can be kept; ValueError for anything else.
        Raises `StorageError` if neither the books nor the spool can be written.
        """

    async def keep_receipt(self, receipt: Receipt) -> Kept:
        """Spool a proof that the books could not take; whoever doubts the post waits until it is written.

        Raises `StorageError` if the spool cannot be written, or there is none.
        """

    async def replay_once(self) -> bool:
        """Write what waits in the spool into the books, in order; True if there is more and they can be written."""

    async def unused_words(self, account_id: str, *, after: int = 0, limit: int = 20) -> list[Words]:
        """Words that were paid for after this instant (microseconds) and never used, oldest first."""


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
        """QUEUED posts past `expires_at`, and PROPOSED posts past `due` and `not_before`."""

    async def orphaned_posts(self, *, limit: int = 50) -> list[Post]:
        """QUEUED or PROPOSED parts of threads whose previous part came to rest without being PUBLISHED."""

    async def claim_look(self, *, now: int, push_until: int, limit: int = 25) -> list[Post]:
        """Take PUBLISHED posts of one account whose `look_at` has passed, and push it to `push_until`."""

    async def coming_looks(self, *, limit: int = 50) -> list[Post]:
        """PUBLISHED posts that are to be measured again, the soonest look first; one that is overdue comes before."""

    async def post(self, post_id: str) -> Post | None:
        """One post by its id."""

    async def thread(self, thread_id: str) -> list[Post]:
        """All parts of a thread, in order."""

    async def threads(self, thread_ids: Collection[str]) -> Mapping[str, list[Post]]:
        """All parts of each of these threads, in order, in one look; a thread nobody knows is left out."""

    async def find_posts(
        self,
        wanted: Wanted,
        *,
        order: Order = Order.DUE,
        newest_first: bool = True,
        after: Place | None = None,
        limit: int = 50,
    ) -> Found:
        """One page of the posts that are wanted, from where the page before it ended (`Found.after`)."""

    async def posts(
        self,
        *,
        states: Sequence[State] = (),
        account_id: str = "",
        before: int | None = None,
        limit: int = 50,
        newest_first: bool = True,
    ) -> list[Post]:
        """Posts by due time, limit <= 1,000; `before` is an exclusive bound on `due`. For pages see `find_posts`."""

    async def said(self, account_id: str, *, limit: int = 500) -> list[Post]:
        """The newest posts of this account that are not REJECTED or DROPPED, for the gate "not said before"."""

    async def said_elsewhere(self, text_hash: str, *, account_id: str) -> bool:
        """True if another account has, or will have, said exactly this."""

    async def count_posts(self) -> Mapping[tuple[str, State], int]:
        """How many posts each account has in each state; a number kept while posts move, so it costs nothing."""

    async def queues(self) -> Mapping[str, Queue]:
        """How far the QUEUED posts of each account reach; an account without any is left out."""


class Findings(Protocol):
    """Readings, targets, models, advice."""

    async def readings(
        self, *, post_id: str = "", account_id: str = "", after: int = 0, limit: int = 500
    ) -> list[Reading]:
        """Readings by seq, oldest first, those with seq > `after`."""

    async def latest_readings(self, post_ids: Collection[str]) -> Mapping[str, Reading]:
        """The newest reading of each of these posts, in one look; a post without any is left out."""

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

    async def advice_given(self) -> Mapping[str, Advice]:
        """The newest advice of every account that has some."""


class Secrets(Protocol):
    """Where sessions and passwords are kept, encrypted."""

    async def load_secret(self, account_id: str, name: str) -> str | None:
        """A session or password, decrypted."""

    async def save_secret(self, account_id: str, name: str, value: str) -> None:
        """Store it encrypted, replacing the old one in one step; an empty value is refused with ValueError."""


class People(Protocol):
    """Who may sign in."""

    async def people(self) -> list[Person]:
        """Everybody who may, or once might, sign in, by name."""


class Ledger(Secrets, People, Protocol):
    """Accounts, holds, limits, secrets and people."""

    async def forget_secrets(self, account_id: str) -> None:
        """Delete every session and password kept under this name; none is no error."""

    async def accounts(self) -> list[Account]:
        """All accounts, by id."""

    async def account(self, account_id: str) -> Account | None:
        """One account."""

    async def holds(self, *, now: int) -> list[Hold]:
        """Holds in force."""

    async def used(self, quotas: Sequence[Quota], *, now: int) -> list[Used]:
        """How much of each quota is gone."""

    async def full(self, quotas: Sequence[Quota], *, now: int) -> list[Limited]:
        """Those of these quotas into which its cost does not fit just now, in order, with when it will."""

    async def learned(self) -> list[Learned]:
        """Every learned limit, by key."""

    async def reserve(self, subject: str, quotas: Sequence[Quota], *, now: int) -> Limited | None:
        """Reserve each quota's `cost` for a subject that is not a post, such as a call to a provider."""

    async def settle(self, subject: str, *, at: int, cost: float | None = None) -> None:
        """Count what was reserved from `at` on, at its true cost where that is known (0 refunds it)."""


class Alarms(Protocol):
    """Incidents, the outbox, silences and breakers."""

    async def incidents(
        self, *, open_only: bool = False, before: Place | None = None, limit: int = 100
    ) -> list[Incident]:
        """Incidents, newest first by their opening; those that opened before this place."""

    async def past_roots(self, *, before: Place | None = None, limit: int = 50) -> list[Incident]:
        """Roots that are over, newest first by their opening; those that opened before this place."""

    async def effects(self, root_ids: Collection[str], *, each: int = 50) -> Mapping[str, list[Incident]]:
        """What each of these roots caused, oldest first, in one look; a root without effects is left out."""

    async def incident(self, incident_id: str) -> Incident | None:
        """One incident by its id."""

    async def claim_delivery(self, *, now: int, until: int, but: Collection[str] = ()) -> Delivery | None:
        """Take the message that has been due longest and is neither sent nor given up; push its `due_at` to `until`.

        Args:
            but: none for these channels.
        """

    async def deliveries(self, *, incident_id: str = "", waiting: bool = False, limit: int = 100) -> list[Delivery]:
        """Messages, newest first; `waiting`: those neither sent nor given up."""

    async def deliveries_of(self, incident_ids: Collection[str], *, each: int = 50) -> Mapping[str, list[Delivery]]:
        """The newest messages about each of these, newest first, in one look; one without any is left out."""

    async def silences(self, *, now: int) -> list[Silence]:
        """Silences whose end has not come."""

    async def breakers(self) -> list[BreakerState]:
        """Every breaker as it was last written, by name."""


class Journal(Protocol):
    """Facts, runs, commands, owners and cursors."""

    async def facts(
        self, *, after: int = 0, post_id: str = "", kinds: Sequence[str] = (), limit: int = 500
    ) -> list[Fact]:
        """Facts by seq, oldest first, those with seq > `after`; of one post with `post_id`."""

    async def newest_facts(
        self, *, kinds: Sequence[str] = (), account_id: str = "", before: int | None = None, limit: int = 50
    ) -> list[Fact]:
        """The newest facts first; those with seq < `before`."""

    async def fact_before(self, at: int) -> int:
        """Where to read from to find what happened since an instant (microseconds): the seq of the fact before it.

        Found in some twenty looks, however many facts there are. They are written in the order of their instants but
        for seconds, so ask for a moment earlier than you mean.
        """

    async def claim_run(self, run: Run) -> bool:
        """Write the start of a run; False if this job, scope and slot has one already."""

    async def runs(self, *, job: str = "", before: Place | None = None, limit: int = 100) -> list[Run]:
        """Runs, newest first by their start; those that started before this place."""

    async def latest_runs(self, jobs: Collection[str] = (), *, each: int = 1) -> Mapping[str, list[Run]]:
        """The newest runs of each of these jobs, or of every job, newest first, in one look.

        A job that never ran is left out.
        """

    async def forget(self, *, before: int, limit: int = 1000, what: Old = Old.RUNS) -> int:
        """Forget the oldest rows of this kind from before this instant; return how many, at most `limit`."""

    async def forget_models(self, account_id: str, *, keep: int = 20, limit: int = 1000) -> int:
        """Forget models but the champion, the one it came from, and the `keep` newest; return how many."""

    async def claim_command(self, *, now: int, owner: str) -> Command | None:
        """Take the oldest command that nobody has taken."""

    async def command(self, command_id: str) -> Command | None:
        """One command by its id."""

    async def commands(
        self, *, by: str = "", verb: str = "", before: Place | None = None, limit: int = 50
    ) -> list[Command]:
        """Commands of one person and verb or of all, newest first; those asked for before this place."""

    async def beat(self, owner: Owner) -> None:
        """Write that this process is alive."""

    async def owners(self) -> list[Owner]:
        """The processes, last heard first."""

    async def snapshot(self, name: str) -> Snapshot | None:
        """The newest snapshot of this name."""

    async def cursor(self, name: str) -> int:
        """Where a reader of facts or readings stands; 0 if it never read."""

    async def change_mark(self) -> int:
        """A number that rises when anybody writes; cheap enough to ask twice a second."""


class Storage(Keeper, Posts, Findings, Ledger, Alarms, Journal, Protocol):
    """The whole book. Rooms ask for the small protocols; only the composition root holds this."""

    async def close(self) -> None:
        """Let go of files and threads; doing it twice is not an error."""

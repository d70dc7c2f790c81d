"""One list of numbers about Bowerbird itself: asked from every room that knows some, and read from the books.

Alerts judge this list and the page shows it, so they cannot disagree. A room or a table that cannot be asked just
now gives nothing: what was not observed is absent, and the rules about silence see to the rest.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from bowerbird.core.account import Account, Hold, HoldKind, Mode
from bowerbird.core.books import Findings, Journal, Ledger, Posts
from bowerbird.core.errors import StorageError
from bowerbird.core.findings import TargetState
from bowerbird.core.gauge import Sample
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.planning.calendar import SLOTS_MAX, all_slots

HOUR_US = 3_600 * SECOND_US

READ_S = 2.0
"""The books are read for samples at most this often, seconds."""
FLOOR_H = 4.0
"""Below so many hours the queue is too short (row 3.4 of the mission)."""
FLOOR_SHARE = 0.25
"""Accounts that want little cover have a floor of this share of it."""
GONE = (State.SENDING, State.UNSURE, State.PUBLISHED)
"""States of posts that hold their slot and left the queue."""
SOON_MAX = 20
"""Posts looked at that went before their slot came, in each of these states."""
TARGETS_MAX = 200
"""Conversations counted per account."""
AT_REST = (HoldKind.PAUSED, HoldKind.SIGNED_OUT, HoldKind.UNATTESTED)
"""Holds under which nothing is due, so a short queue is no trouble."""

Source = Callable[[], Iterable[Sample] | Awaitable[Iterable[Sample]]]
"""A room that knows numbers."""


class Books(Posts, Findings, Ledger, Journal, Protocol):
    """What is read for samples."""


@dataclass
class Sampling:
    """Gathers every sample there is.

    Args:
        sources: the rooms, asked each time; the books are read every `READ_S` seconds besides.
    """

    storage: Books
    clock: Clock
    sources: Sequence[Source]
    _read: list[Sample] = field(default_factory=list)
    _read_at: float = float("-inf")

    async def gather(self) -> list[Sample]:
        """Ask everybody once; a source with a defect is a number of its own, and silences nobody else."""
        found: list[Sample] = []
        for source in (*self.sources, self._of_books):
            try:
                found += await _asked(source)
            except Exception:  # noqa: BLE001 - told as a number: a watch that a defect can end is none
                found.append(Sample(name="bowerbird_sampling_broken", value=1, labels={"source": _name(source)}))
        return found

    async def _of_books(self) -> list[Sample]:
        now_s = self.clock.monotonic()
        if now_s - self._read_at >= READ_S:
            self._read = list(await _asked(lambda: book_samples(self.storage, self.clock.now())))
            self._read_at = now_s
        return self._read


def _name(source: Source) -> str:
    """Where the source stands in the code."""
    return str(getattr(source, "__qualname__", type(source).__name__)).replace(".<locals>", "")


async def _asked(source: Source) -> list[Sample]:
    try:
        given = source()
        return list(await given if inspect.isawaitable(given) else given)
    except StorageError:
        return []  # the books' own samples tell that they cannot be read


async def book_samples(storage: Books, now: int) -> list[Sample]:
    """Read what the books say about queues, approvals, holds, readings, conversations and models."""
    counts, holds = await storage.count_posts(), await storage.holds(now=now)
    found = [
        Sample(name="bowerbird_queue_posts", value=n, labels={"account": account_id, "state": str(state)})
        for (account_id, state), n in counts.items()
    ]
    for account in await storage.accounts():
        mine = [hold for hold in holds if hold.account_id == account.id]
        waiting = counts.get((account.id, State.PROPOSED), 0)
        found += _held(account, mine) + await _queue(storage, account, mine, waiting, now)
        found += await _findings(storage, account, now)
    return found


def _held(account: Account, holds: Sequence[Hold]) -> list[Sample]:
    return [
        Sample(name="bowerbird_account_held", value=1, labels={"account": account.id, "hold": str(hold.kind)})
        for hold in holds
    ]


def floor_h(account: Account) -> float:
    """Hours of cover below which an account's queue is too short."""
    return min(FLOOR_H, account.cover_h * FLOOR_SHARE)


async def _queue(storage: Books, account: Account, holds: Sequence[Hold], waiting: int, now: int) -> list[Sample]:
    """How far the queue reaches, and how far it should: an account at rest has no floor, so it is never too short."""
    queued = await storage.posts(
        states=(State.QUEUED,), account_id=account.id, limit=SLOTS_MAX, newest_first=False
    )  # fmt: skip
    taken = {post.due for post in queued}
    cover_h = _cover_h(account, taken, now)
    if cover_h < floor_h(account):  # what went early, by a clock that was fast, is no gap
        gone = await storage.posts(states=GONE, account_id=account.id, limit=len(GONE) * SOON_MAX)
        cover_h = _cover_h(account, taken | {post.due for post in gone}, now)
    labels = {"account": account.id}
    found = [
        Sample(name="bowerbird_queue_cover_hours", value=cover_h, labels=labels),
        Sample(name="bowerbird_approval_waits", value=waiting, labels=labels),
    ]
    if not (account.rests or _asks_in_rehearsal(account) or any(hold.kind in AT_REST for hold in holds)):
        found.append(Sample(name="bowerbird_queue_floor_hours", value=floor_h(account), labels=labels))
    return found


def _cover_h(account: Account, taken: Collection[int], now: int) -> float:
    """Hours until the first slot that nobody has taken."""
    until = now + int(account.cover_h * HOUR_US)
    gap = next((slot.at for slot in islice(all_slots(account, now, until), SLOTS_MAX) if slot.at not in taken), until)
    return (gap - now) / HOUR_US


def _asks_in_rehearsal(account: Account) -> bool:
    """True where nothing is lost if nobody says yes; whoever is told of that in earnest would stop to listen."""
    return account.rehearsal and account.mode is Mode.ASK


async def _findings(storage: Books, account: Account, now: int) -> list[Sample]:
    labels = {"account": account.id}
    open_targets = await storage.targets(account_id=account.id, states=(TargetState.OPEN,), limit=TARGETS_MAX)
    found = [Sample(name="bowerbird_targets_fresh", value=len(open_targets), labels=labels)]
    model = await storage.champion(account.id)
    if model is not None:
        age_s = max(0.0, (now - model.created_at) / SECOND_US)
        found.append(Sample(name="bowerbird_model_age_seconds", value=age_s, labels=labels))
    late = await storage.posts(states=(State.PUBLISHED,), account_id=account.id, limit=50)
    looks = [post.look_at for post in late if post.look_at is not None]
    if looks:
        overdue_s = max(0.0, (now - min(looks)) / SECOND_US)
        found.append(Sample(name="bowerbird_reading_overdue_seconds", value=overdue_s, labels=labels))
    return found

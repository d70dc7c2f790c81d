"""What is committed: the tables as dictionaries, and the indices that keep every verb away from long scans."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bowerbird.core.account import Account, Hold, HoldKind, Learned
from bowerbird.core.breaker import BreakerState
from bowerbird.core.facts import Fact
from bowerbird.core.findings import Advice, Model, Reading, Target
from bowerbird.core.gauge import Snapshot
from bowerbird.core.incident import Delivery, Incident, Silence
from bowerbird.core.keeping import Words
from bowerbird.core.lifecycle import State
from bowerbird.core.people import Person
from bowerbird.core.post import Kind, Post
from bowerbird.core.work import Command, Owner, Run

Line = list[tuple[Any, ...]]
"""A sorted list of small tuples that end in an id: an index."""


@dataclass(slots=True, eq=False)
class Spend:
    """One row of a quota's ledger; `at` says when it counts, see `quotas`."""

    key: str
    unit: str
    subject: str
    amount: float
    at: int
    reserved: bool = True


class Shelf:
    """All posts, found by whatever they are asked for."""

    def __init__(self) -> None:
        self.by_id: dict[str, Post] = {}
        self.by_key: dict[tuple[str, str], str] = {}
        self.threads: defaultdict[str, dict[int, str]] = defaultdict(dict)
        self.states: defaultdict[State, dict[str, None]] = defaultdict(dict)  # a set that keeps its order
        self.tallies: defaultdict[tuple[str, State], int] = defaultdict(int)
        self.hashes: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self.hash_of: dict[str, str] = {}
        self.replies: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        self.queues: defaultdict[str, Line] = defaultdict(list)  # QUEUED, by account, in the order of claims
        self.accounts: defaultdict[str, Line] = defaultdict(list)  # all, by account, by due
        self.looks: Line = []  # PUBLISHED and to be looked at, by time

    def put(self, post: Post) -> None:
        """Insert or replace one post, and mend every index it stands in."""
        old = self.by_id.get(post.id)
        if old is not None:
            self._unlist(old)
        if old is None or old.payload is not post.payload:
            self.hash_of[post.id] = post.payload.text_hash
        self.by_id[post.id] = post
        self.by_key[post.account_id, post.key] = post.id
        self.threads[post.thread_id][post.part] = post.id
        self.states[post.state][post.id] = None
        self.tallies[post.account_id, post.state] += 1
        self.hashes[self.hash_of[post.id]][post.id] = None
        if parent := reply_parent(post):
            self.replies[post.account_id, parent][post.id] = None
        for line, place in self._lines(post):
            insort(line, place)

    def _unlist(self, old: Post) -> None:
        del self.by_key[old.account_id, old.key]
        del self.states[old.state][old.id]
        self.tallies[old.account_id, old.state] -= 1
        del self.hashes[self.hash_of[old.id]][old.id]
        if parent := reply_parent(old):
            del self.replies[old.account_id, parent][old.id]
        for line, place in self._lines(old):
            del line[bisect_left(line, place)]

    def _lines(self, post: Post) -> Iterator[tuple[Line, tuple[Any, ...]]]:
        yield self.accounts[post.account_id], (post.due, post.id)
        if post.state is State.QUEUED:
            yield self.queues[post.account_id], (post.due, post.kind is Kind.REPLY, post.part, post.id)
        if post.state is State.PUBLISHED and post.look_at is not None:
            yield self.looks, (post.look_at, post.account_id, post.id)

    def of_thread(self, thread_id: str) -> list[Post]:
        """All parts of a thread, in order."""
        parts = self.threads.get(thread_id, {})
        return [self.by_id[parts[part]] for part in sorted(parts)]

    def previous(self, post: Post) -> Post | None:
        """The part before this one; None for the head."""
        post_id = self.threads[post.thread_id].get(post.part - 1) if post.part else None
        return None if post_id is None else self.by_id[post_id]

    def in_state(self, *states: State) -> Iterator[Post]:
        """The posts in these states."""
        return (self.by_id[post_id] for state in states for post_id in self.states[state])


class MemoryBooks:
    """The committed data, shared by every handle opened on it.

    Attributes:
        trouble: called with the verb's name before it acts; may raise a `StorageError`. For fault schedules.
        at_once: an answer comes in the turn of its act; else others have one between the two.
        mark: rises with every write.
    """

    def __init__(self) -> None:
        self.trouble: Callable[[str], None] | None = None
        self.at_once = False
        self.mark = 0
        self.shelf = Shelf()
        self.facts: list[Fact] = []
        self.facts_of_post: defaultdict[str, list[Fact]] = defaultdict(list)
        self.facts_of_kind: defaultdict[str, list[Fact]] = defaultdict(list)
        self.readings: list[Reading] = []
        self.readings_of_post: defaultdict[str, dict[int, Reading]] = defaultdict(dict)
        self.targets: dict[str, Target] = {}
        self.models: dict[tuple[str, str], Model] = {}
        self.advice: dict[str, Advice] = {}
        self.accounts: dict[str, Account] = {}
        self.holds: dict[tuple[str, HoldKind], Hold] = {}
        self.spends: defaultdict[tuple[str, str], list[Spend]] = defaultdict(list)  # sorted by `at`
        self.spends_of: defaultdict[str, list[Spend]] = defaultdict(list)
        self.secrets: dict[tuple[str, str], str] = {}
        self.runs: dict[str, Run] = {}
        self.runs_by_age: Line = []  # (started_at, id)
        self.slots: dict[tuple[str, str, int], str] = {}
        self.commands: dict[str, Command] = {}
        self.takers: dict[str, tuple[str, int]] = {}
        self.owners: dict[str, Owner] = {}
        self.cursors: dict[str, int] = {}
        self.words: dict[str, Words] = {}
        self.used: set[str] = set()
        self.learned: dict[tuple[str, str, float], Learned] = {}
        self.incidents: dict[str, Incident] = {}
        self.open_incidents: dict[str, str] = {}  # fingerprint -> id
        self.deliveries: dict[str, Delivery] = {}
        self.silences: dict[str, Silence] = {}
        self.breakers: dict[str, BreakerState] = {}
        self.people: dict[str, Person] = {}
        self.snapshots: dict[str, Snapshot] = {}


def put_run(books: MemoryBooks, run: Run) -> None:
    """Insert or replace one run, with its slot and its place by age."""
    old = books.runs.get(run.id)
    if old is None or old.started_at != run.started_at:
        if old is not None:
            del books.runs_by_age[bisect_left(books.runs_by_age, (old.started_at, old.id))]
        place = (run.started_at, run.id)
        if books.runs_by_age and place < books.runs_by_age[-1]:
            insort(books.runs_by_age, place)
        else:  # by far the most frequent case
            books.runs_by_age.append(place)
    books.runs[run.id] = run
    books.slots[run.job, run.scope, run.slot_at] = run.id


def reply_parent(post: Post) -> str:
    """The id of the remote post that is answered, or empty."""
    return post.payload.reply_to.parent.id if post.payload.reply_to is not None else ""

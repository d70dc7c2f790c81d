"""Facts, runs, commands, owners and cursors."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from heapq import merge
from itertools import islice

from bowerbird.core.books import Old
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Snapshot
from bowerbird.core.lists import Place
from bowerbird.core.work import Command, Owner, Run
from bowerbird.storage.checks import checked_limit
from bowerbird.storage.leases import TAKER_MAX_US
from bowerbird.storage.memory.books import MemoryBooks, put_run
from bowerbird.storage.memory.forgetting import FORGET, forget_models
from bowerbird.storage.memory.handle import Handle, verb


class MemoryJournal(Handle):
    """Facts, runs, commands, owners and cursors."""

    @verb
    def facts(self, *, after: int = 0, post_id: str = "", kinds: Sequence[str] = (), limit: int = 500) -> list[Fact]:
        """Facts by seq, oldest first, those with seq > `after`; of one post with `post_id`."""
        source = self.books.facts_of_post.get(post_id, []) if post_id else self.books.facts
        if kinds and not post_id:
            lines = [self.books.facts_of_kind.get(kind, []) for kind in dict.fromkeys(kinds)]
            return list(islice(merge(*(_after(line, after) for line in lines), key=_seq), checked_limit(limit)))
        found = [fact for fact in _after(source, after) if not kinds or fact.kind in kinds]
        return found[: checked_limit(limit)]

    @verb
    def newest_facts(
        self, *, kinds: Sequence[str] = (), account_id: str = "", before: int | None = None, limit: int = 50
    ) -> list[Fact]:
        """The newest facts first; those with seq < `before`."""
        lines = [self.books.facts_of_kind.get(kind, []) for kind in dict.fromkeys(kinds)]
        newest = merge(*(reversed(line) for line in lines or [self.books.facts]), key=_seq, reverse=True)
        earlier = newest if before is None else (fact for fact in newest if _seq(fact) < before)
        wanted = (fact for fact in earlier if account_id in {"", fact.account_id})
        return list(islice(wanted, checked_limit(limit)))

    @verb
    def fact_before(self, at: int) -> int:
        """The seq of the fact before this instant."""
        past = bisect_left(self.books.facts, at, key=lambda fact: fact.at)
        return _seq(self.books.facts[past - 1]) if past else 0

    @verb
    def claim_run(self, run: Run) -> bool:
        """Write the start of a run; False if this job, scope and slot has one already."""
        place = (run.job, run.scope, run.slot_at)
        if place in self.books.slots or run.id in self.books.runs:
            return False
        put_run(self.books, run)
        self.books.mark += 1
        return True

    @verb
    def runs(self, *, job: str = "", before: Place | None = None, limit: int = 100) -> list[Run]:
        """Runs, newest first by their start."""
        return _runs(self.books, job, before, checked_limit(limit))

    @verb
    def latest_runs(self, jobs: Collection[str] = (), *, each: int = 1) -> Mapping[str, list[Run]]:
        """The newest runs of each of these jobs, or of every job, newest first."""
        wanted = jobs or sorted({run.job for run in self.books.runs.values()})
        return {job: runs for job in wanted if (runs := _runs(self.books, job, None, checked_limit(each)))}

    @verb
    def forget(self, *, before: int, limit: int = 1000, what: Old = Old.RUNS) -> int:
        """Forget the oldest rows of this kind from before this instant; return how many, at most `limit`."""
        gone = FORGET[what](self.books, before, checked_limit(limit))
        self.books.mark += bool(gone)
        return gone

    @verb
    def forget_models(self, account_id: str, *, keep: int = 20, limit: int = 1000) -> int:
        """Forget models but the champion, the one it came from, and the `keep` newest; return how many."""
        gone = forget_models(self.books, account_id, keep, checked_limit(limit))
        self.books.mark += bool(gone)
        return gone

    @verb
    def claim_command(self, *, now: int, owner: str) -> Command | None:
        """Take the oldest command that nobody has taken, or whose taker died before it was done."""
        free = [c for c in self.books.commands.values() if c.done_at is None and _is_free(self.books, c, now)]
        if not free:
            return None
        oldest = min(free, key=lambda command: (command.asked_at, command.id))
        self.books.takers[oldest.id] = (owner, now)
        self.books.mark += 1
        return oldest

    @verb
    def command(self, command_id: str) -> Command | None:
        """One command by its id."""
        return self.books.commands.get(command_id)

    @verb
    def commands(self, *, by: str = "", verb: str = "", before: Place | None = None, limit: int = 50) -> list[Command]:
        """Commands of one person and verb or of all, newest first."""
        wanted = [c for c in self.books.commands.values() if by in {"", c.by} and verb in {"", c.verb}]
        newest = sorted(wanted, key=lambda c: (c.asked_at, c.id), reverse=True)
        earlier = (c for c in newest if before is None or Place(c.asked_at, c.id) < before)
        return list(islice(earlier, checked_limit(limit)))

    @verb
    def beat(self, owner: Owner) -> None:
        """Write that this process is alive."""
        self.books.owners[owner.id] = owner
        self.books.mark += 1

    @verb
    def owners(self) -> list[Owner]:
        """The processes, last heard first, at most 100."""
        last_first = sorted(self.books.owners.values(), key=lambda o: (o.heard_at, o.id), reverse=True)
        return last_first[:100]

    @verb
    def snapshot(self, name: str) -> Snapshot | None:
        """The newest snapshot of this name."""
        return self.books.snapshots.get(name)

    @verb
    def cursor(self, name: str) -> int:
        """Where a reader of facts or readings stands; 0 if it never read."""
        return self.books.cursors.get(name, 0)

    @verb
    def change_mark(self) -> int:
        """A number that rises when anybody writes."""
        return self.books.mark


def _runs(books: MemoryBooks, job: str, before: Place | None, limit: int) -> list[Run]:
    line = books.runs_by_age
    past = len(line) if before is None else bisect_left(line, (before.at, before.id))
    newest = (books.runs[line[n][1]] for n in range(past - 1, -1, -1))
    return list(islice((run for run in newest if job in {"", run.job}), limit))


def _seq(fact: Fact) -> int:
    return fact.seq or 0


def _after(line: list[Fact], after: int) -> list[Fact]:
    return line[bisect_right(line, after, key=_seq) :]


def _is_free(books: MemoryBooks, command: Command, now: int) -> bool:
    if command.id not in books.takers:
        return True
    taker, taken_at = books.takers[command.id]
    heard_at = books.owners[taker].heard_at if taker in books.owners else 0
    return max(taken_at, heard_at) <= now - TAKER_MAX_US

"""Facts, runs, commands, owners and cursors."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bowerbird.core.books import Old
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Snapshot
from bowerbird.core.lists import Place
from bowerbird.core.work import Command, Owner, Run
from bowerbird.storage import alarms, rows
from bowerbird.storage import forgetting as f
from bowerbird.storage import statements as s
from bowerbird.storage.checks import checked_limit
from bowerbird.storage.leases import TAKER_MAX_US
from bowerbird.storage.paging import bounds
from bowerbird.storage.sqlite.handle import Handle, reading, writing
from bowerbird.storage.sqlite.tx import Line, Tx


class SqliteJournal(Handle):
    """Facts, runs, commands, owners and cursors."""

    @reading
    def facts(
        self, tx: Tx, *, after: int = 0, post_id: str = "", kinds: Sequence[str] = (), limit: int = 500
    ) -> list[Fact]:
        """Facts by seq, oldest first, those with seq > `after`; of one post with `post_id`."""
        statement = s.list_facts(of_post=bool(post_id), of_kind=bool(kinds))
        return _by_kind(tx, statement, kinds, limit, {"after": after, "post_id": post_id})

    @reading
    def newest_facts(
        self,
        tx: Tx,
        *,
        kinds: Sequence[str] = (),
        account_id: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> list[Fact]:
        """The newest facts first; those with seq < `before`."""
        bounded = before is not None
        statement = s.newest_facts(of_account=bool(account_id), of_kind=bool(kinds), bounded=bounded)
        return _by_kind(tx, statement, kinds, limit, {"account_id": account_id, "before": before}, newest_first=True)

    @reading
    def fact_before(self, tx: Tx, at: int) -> int:
        """The seq of the fact before this instant, by halving."""
        last = tx.one(s.LAST_FACT)
        low, high = 0, 0 if last is None else int(last[0])  # `low` is before it, `high + 1` is not
        while low < high:
            middle = (low + high + 1) // 2
            line = tx.one(s.FIRST_FACT, seq=middle)
            if line is not None and line[1] < at:
                low = int(line[0])
            else:
                high = middle - 1
        return low

    @writing
    def claim_run(self, tx: Tx, run: Run) -> bool:
        """Write the start of a run; False if this job, scope and slot has one already."""
        return tx.run(s.CLAIM_RUN, **rows.run_row(run)) == 1

    @reading
    def runs(self, tx: Tx, *, job: str = "", before: Place | None = None, limit: int = 100) -> list[Run]:
        """Runs, newest first by their start."""
        statement = s.list_runs(of_job=bool(job), bounded=before is not None)
        lines = tx.all(statement, job=job, limit=checked_limit(limit), **bounds(before))
        return [rows.run_of(line) for line in lines]

    @reading
    def latest_runs(self, tx: Tx, jobs: Collection[str] = (), *, each: int = 1) -> Mapping[str, list[Run]]:
        """The newest runs of each of these jobs, or of every job, newest first."""
        jobs = jobs or [line[0] for line in tx.all(s.JOBS)]
        statement, most = s.list_runs(of_job=True), checked_limit(each)
        found = {job: [rows.run_of(line) for line in tx.all(statement, job=job, limit=most)] for job in jobs}
        return {job: runs for job, runs in found.items() if runs}

    @writing
    def forget(self, tx: Tx, *, before: int, limit: int = 1000, what: Old = Old.RUNS) -> int:
        """Forget the oldest rows of this kind from before this instant; return how many, at most `limit`."""
        return tx.run(f.FORGET[what], before=before, limit=checked_limit(limit))

    @writing
    def forget_models(self, tx: Tx, account_id: str, *, keep: int = 20, limit: int = 1000) -> int:
        """Forget models but the champion, the one it came from, and the `keep` newest; return how many."""
        values = {"account_id": account_id, "keep": keep, "limit": checked_limit(limit)}
        old = [line[0] for line in tx.all(f.UNUSED_MODELS, **values)]
        tx.each(f.FORGET_MODEL, ({"of_account": account_id, "old_version": version} for version in old))
        return len(old)

    @writing
    def claim_command(self, tx: Tx, *, now: int, owner: str) -> Command | None:
        """Take the oldest command that nobody has taken, or whose taker died before it was done."""
        line = tx.one(s.FREE_COMMAND, silent_since=now - TAKER_MAX_US)
        if line is None:
            return None
        command = rows.command_of(line)
        tx.run(s.TAKE_COMMAND, command_id=command.id, owner=owner, now=now)
        return command

    @reading
    def command(self, tx: Tx, command_id: str) -> Command | None:
        """One command by its id."""
        line = tx.one(s.COMMAND, id=command_id)
        return None if line is None else rows.command_of(line)

    @reading
    def commands(
        self, tx: Tx, *, by: str = "", verb: str = "", before: Place | None = None, limit: int = 50
    ) -> list[Command]:
        """Commands of one person and verb or of all, newest first."""
        statement = s.list_commands(of_person=bool(by), of_verb=bool(verb), bounded=before is not None)
        lines = tx.all(statement, by_given=by, verb=verb, limit=checked_limit(limit), **bounds(before))
        return [rows.command_of(line) for line in lines]

    @writing
    def beat(self, tx: Tx, owner: Owner) -> None:
        """Write that this process is alive."""
        tx.run(s.BEAT, **rows.flat(owner))

    @reading
    def owners(self, tx: Tx) -> list[Owner]:
        """The processes, last heard first, at most 100."""
        return [rows.owner_of(line) for line in tx.all(s.OWNERS, limit=100)]

    @reading
    def snapshot(self, tx: Tx, name: str) -> Snapshot | None:
        """The newest snapshot of this name."""
        line = tx.one(alarms.SNAPSHOT, name=name)
        return None if line is None else alarms.snapshot_of(line)

    @reading
    def cursor(self, tx: Tx, name: str) -> int:
        """Where a reader of facts or readings stands; 0 if it never read."""
        line = tx.one(s.CURSOR, name=name)
        return 0 if line is None else int(line[0])

    async def change_mark(self) -> int:
        """A number that rises when anybody writes."""
        return await self.desk.change_mark()


def _by_kind(
    tx: Tx,
    statement: s.Statement,
    kinds: Sequence[str],
    limit: int,
    values: Mapping[str, str | int | None],
    *,
    newest_first: bool = False,
) -> list[Fact]:
    """One short list per kind, in the order of its index, merged."""
    most = checked_limit(limit)
    found: list[Line] = []
    for kind in dict.fromkeys(kinds) or [""]:
        found += tx.all(statement, kind=kind, limit=most, **values)
    found.sort(key=lambda line: line[0], reverse=newest_first)
    return [rows.fact_of(line) for line in found[:most]]

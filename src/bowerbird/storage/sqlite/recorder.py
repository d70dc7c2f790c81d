"""Writing: all of a batch, or nothing."""

from __future__ import annotations

import sqlite3
from typing import Any

from bowerbird.core.books import Batch, Change, Committed, Kept, Lost
from bowerbird.core.errors import StorageError
from bowerbird.core.facts import Fact
from bowerbird.core.keeping import Receipt, Words
from bowerbird.core.post import Post
from bowerbird.storage import alarms, people, rows
from bowerbird.storage import statements as s
from bowerbird.storage.checks import GIVEN_UP, came_to_rest, check, check_kept, never_sent
from bowerbird.storage.sqlite.handle import Handle, writing
from bowerbird.storage.sqlite.ledger import settle
from bowerbird.storage.sqlite.tx import Tx
from bowerbird.storage.sqlite.verdicts import is_collision


class LostRaceError(Exception):
    """Undoes the transaction when somebody else was first; never leaves the room."""


class SqliteRecorder(Handle):
    """The one way to write, apart from the claims."""

    async def record(self, batch: Batch) -> Committed | Lost:
        """Write all of it or nothing; see the port."""
        check(batch)
        try:
            return await self._record(batch)
        except LostRaceError as lost:
            return Lost(str(lost))

    async def keep(self, batch: Batch) -> Committed | Lost | Kept:
        """Record what may be kept; it is `storage.spool` that keeps it when this cannot be done."""
        check_kept(batch)
        return await self.record(batch)

    async def replay_once(self) -> bool:
        """Nothing waits, for these books have no spool."""
        return False

    async def keep_receipt(self, receipt: Receipt) -> Kept:
        """There is no spool here."""
        raise StorageError(f"the proof of post {receipt.attempt.id} cannot be kept: these books have no spool")

    @writing
    def _record(self, tx: Tx, batch: Batch) -> Committed:
        """Everything in the order of the dependencies: the posts, what they spent, what was seen, the facts."""
        for change in batch.changes:
            write_change(tx, change)
        for post in batch.new_posts:
            _write_new(tx, post)
        for settling in batch.settles:
            settle(tx, settling.post_id, at=settling.at, cost=0.0 if settling.refund else None)
        for change in batch.changes:
            if came_to_rest(change):
                settle(tx, change.after.id, at=change.after.since, cost=0.0 if never_sent(change) else None)
        _write_findings(tx, batch)
        _write_ledger(tx, batch)
        _write_alarms(tx, batch)
        _write_journal(tx, batch)
        return Committed(write_facts(tx, *batch.facts))


def write_change(tx: Tx, change: Change) -> None:
    """Write one step over the row that was read, or raise `LostRaceError`."""
    before, after = change.before, change.after
    stepped = _same_version(before, after)
    statement, row = (s.STEP, rows.step_row(after)) if stepped else (s.EDIT, rows.post_row(after))
    values = {name: row[name] for name in (s.STEPPED if stepped else s.EDITED)}
    values |= {"post_id": after.id, "before_seq": before.seq}
    if _written(tx, statement, values, what=f"key {after.key}") == 0:
        raise LostRaceError(f"post {before.id}")


def write_facts(tx: Tx, *facts: Fact) -> int:
    """Append facts and return the newest one's seq, 0 if there were none."""
    seq = 0
    for fact in facts:
        seq = tx.insert(s.NEW_FACT, **rows.fact_row(fact))
    return seq


def _same_version(before: Post, after: Post) -> bool:
    """Tell whether only the progress of a post changed, which spares most of its indices."""
    kept = ("key", "version", "payload", "choice", "due", "expires_at", "parts", "kind")
    return all(getattr(before, name) == getattr(after, name) for name in kept)


def _write_new(tx: Tx, post: Post) -> None:
    values = rows.post_row(post)
    if tx.one(s.POST, id=post.id) is not None:
        raise LostRaceError(f"post {post.id}")
    parent = values["reply_parent_id"]
    if parent and post.state not in GIVEN_UP:
        answered = {"account_id": post.account_id, "reply_parent_id": parent}
        if tx.one(s.ANSWERED, **answered) is not None:
            raise LostRaceError(f"reply to {parent}")
    _written(tx, s.NEW_POST, values, what=f"key {post.key}")


def _written(tx: Tx, statement: s.Statement, values: dict[str, Any], *, what: str) -> int:
    try:
        return tx.run(statement, **values)
    except sqlite3.IntegrityError as error:
        if is_collision(error):
            raise LostRaceError(what) from error
        raise


def _write_findings(tx: Tx, batch: Batch) -> None:
    tx.each(s.NEW_READING, map(rows.reading_row, batch.readings))
    tx.each(s.WRITE_TARGET, map(rows.target_row, batch.targets))
    for model in batch.models:
        if model.champion:
            tx.run(s.DETHRONE, of_account=model.account_id)
        tx.run(s.WRITE_MODEL, **rows.model_row(model))
    tx.each(s.WRITE_ADVICE, map(rows.advice_row, batch.advice))


def _write_ledger(tx: Tx, batch: Batch) -> None:
    tx.each(s.WRITE_ACCOUNT, map(rows.account_row, batch.accounts))
    for account_id, kind in batch.lifted:
        tx.run(s.LIFT_HOLD, account_id=account_id, kind=kind.value)
    tx.each(s.WRITE_HOLD, map(rows.hold_row, batch.holds))
    tx.each(people.WRITE_PERSON, map(people.person_row, batch.people))
    tx.each(alarms.WRITE_LEARNED, map(rows.flat, batch.learned))
    for words in batch.words:
        _write_words(tx, s.KEEP_WORDS, rows.words_row(words), words)
    for words in batch.used:
        _write_words(tx, s.USE_WORDS, rows.words_row(words, used=True), words)


def _write_words(tx: Tx, statement: s.Statement, row: rows.Row, words: Words) -> None:
    """Store an answer, and count what it cost; a second time changes neither."""
    tx.run(statement, **row)
    settle(tx, words.id, at=words.at, cost=words.spent)


def _write_alarms(tx: Tx, batch: Batch) -> None:
    for incident in batch.incidents:
        _written(tx, alarms.WRITE_INCIDENT, alarms.incident_row(incident), what=f"incident {incident.fingerprint}")
    tx.each(alarms.WRITE_DELIVERY, map(alarms.delivery_row, batch.deliveries))
    tx.each(alarms.WRITE_SILENCE, map(rows.flat, batch.silences))
    tx.each(alarms.WRITE_BREAKER, map(alarms.breaker_row, batch.breakers))


def _write_journal(tx: Tx, batch: Batch) -> None:
    for run in batch.runs:
        _written(tx, s.WRITE_RUN, rows.run_row(run), what=f"run {run.id}")
    tx.each(s.WRITE_COMMAND, map(rows.command_row, batch.commands))
    tx.each(alarms.WRITE_SNAPSHOT, map(alarms.snapshot_row, batch.snapshots))
    for name, seq in batch.cursors.items():
        tx.run(s.WRITE_CURSOR, name=name, seq=seq)

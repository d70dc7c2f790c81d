"""A copy of the books while they are in use, and starting again from one without saying anything twice.

What the books did after the backup is lost, but the world remembers it. So a restore begins a new epoch:

* Every post that may have been sent meanwhile (SENDING, or QUEUED and due by now) becomes UNSURE and is settled
  by looking, from the time of the backup on: by its key, or by its words where its message is lost (an empty
  `wire` says so, for None would say that there never was one). This is the one place where a state is written
  without the lifecycle's table: it is no event in the life of a post, but a hole in our knowledge of it.
* What was PUBLISHED stays so. What was PROPOSED and is due by now expires as ever; it is never queued, for
  nobody knows here whether a person agreed to it.
* Commands that nobody had answered are answered: ask again. Done once already, they must not be done twice.
* Posts written and published after the backup are not in these books. The reconciler sees them as foreign
  posts of the account, as it does with posts that a person typed there.

Limits forget what was sent after the backup, apart from what is found by looking.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bowerbird.core.books import Change
from bowerbird.core.errors import BadInput, StorageBusy, StorageError, StorageFull
from bowerbird.core.facts import Fact
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Post
from bowerbird.storage import pictures, rows
from bowerbird.storage import statements as s
from bowerbird.storage.sqlite.desk import connect
from bowerbird.storage.sqlite.lock import EngineLock
from bowerbird.storage.sqlite.recorder import write_change, write_facts
from bowerbird.storage.sqlite.schema import make_folder, prepare, ready, version
from bowerbird.storage.sqlite.tx import Tx
from bowerbird.storage.sqlite.verdicts import primary, verdict

MADE_AT = "backed_up_at"
EPOCH = "epoch"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """A backup that was made: the file, its size, and the copy of the key if one was asked for."""

    path: Path
    size: int
    key_file: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Books that begin a new epoch.

    Args:
        epoch: its number; books that were never restored are in epoch 0.
        backed_up_at: when the backup was made, UTC microseconds.
        unsure: posts that will be settled by looking.
        set_aside: where the old books are now, or None if there were none.
    """

    epoch: int
    backed_up_at: int
    unsure: int
    set_aside: Path | None


def backup(path: Path, target: Path, *, now: int, key_file: Path | None = None) -> BackedUp:
    """Copy the books into one file, while an engine may be at work on them; blocks, so give it a thread.

    1. Copy page by page into a draft beside the target. 2. Write into it when it was made, and the pictures of posts
    that have not gone. 3. Check it, and put it on the disk. 4. Give it its name, which nobody may have yet.

    Args:
        path: the books.
        target: the backup; must not exist.
        now: UTC microseconds.
        key_file: copied to `<target>.key` (mode 0600) if given and there is one. Without the key the backup is
            complete apart from the secrets, which nobody can read: safer where backups are kept elsewhere.

    Raises:
        BadInput: there are no books at `path`, or something is at `target` already.
        StorageFull: the target cannot be written.
    """
    if key_file is not None and not key_file.exists():
        key_file = None
    key_target = _key_of(target) if key_file is not None else None
    for place in (target, key_target):
        if place is not None and place.exists():
            raise BadInput(f"{place} exists already; a backup never overwrites anything, choose another name")
    if version(path) is None:
        raise BadInput(f"there are no books at {path}")
    with _draft(target, path) as draft:
        _copy(path, draft)
        with closing(connect(draft)) as copy:
            Tx(copy).run(s.WRITE_META, name=MADE_AT, value=str(now))
        pictures.pack(draft, path.parent)
        _check(draft)
        if key_file is not None and key_target is not None:
            _copy_key(key_file, key_target)
        _name(draft, target)
    return BackedUp(path=target, size=target.stat().st_size, key_file=key_target)


def restore(source: Path, into: Path, *, now: int, key_file: Path | None = None) -> Restored:
    """Start again from a backup; blocks, so give it a thread. Stop every process of the old books first.

    1. Take the engine's lock. 2. Copy the backup beside its place, and migrate it. 3. Begin the new epoch in
    it, and put its pictures back. 4. Set the old books aside; they are never deleted. 5. Put the new ones in their
    place.

    Args:
        source: a file that `backup` made; it is left as it is.
        into: where the books belong.
        now: UTC microseconds.
        key_file: where the key belongs; the one beside the backup is put there, if there is one, and a
            different key is set aside like the books.

    Raises:
        BadInput: `source` is no backup, or a newer program made it.
        StorageBusy: an engine is at work on the old books; says who.
        StorageFull: there is no room for the copy.
    """
    if version(source) is None:
        raise BadInput(f"{source} is no backup of a Bowerbird")
    make_folder(into.parent)
    lock = EngineLock(into)
    lock.take(now)
    try:
        with _draft(into, into) as draft:
            _copy(source, draft)
            if not ready(draft):
                prepare(draft)
            began = _begin_epoch(draft, source, now)
            pictures.unpack(draft, into.parent)
            _check(draft)
            aside = _set_aside(into, now)
            _put_key_back(_key_of(source), key_file, now)
            draft.replace(into)
            _sync(into.parent)
    finally:
        lock.release()
    return replace(began, set_aside=aside)


# --- the new epoch ---------------------------------------------------------------------------------------------


def _begin_epoch(path: Path, source: Path, now: int) -> Restored:
    """Write everything that a restore changes, in one transaction."""
    with closing(connect(path)) as connection:
        tx = Tx(connection)
        connection.execute("BEGIN IMMEDIATE")
        made_at, epoch = int(_meta(tx, MADE_AT) or 0), int(_meta(tx, EPOCH) or 0) + 1
        if not made_at:
            raise BadInput(f"{source} does not say when it was backed up; use a file made by `bowerbird backup`")
        unsure = _doubt(tx, made_at=made_at, now=now)
        tx.run(s.ANSWER_COMMANDS, now=now, answer_given="The books were restored from a backup. Please ask again.")
        tx.run(s.FORGET_OWNERS)
        tx.run(s.WRITE_META, name=EPOCH, value=str(epoch))
        data = {"epoch": epoch, "backed_up_at": made_at, "unsure": unsure, "backup": source.name}
        write_facts(tx, Fact(kind="restored", at=now, by="restore", data=data))
        connection.execute("COMMIT")
    return Restored(epoch=epoch, backed_up_at=made_at, unsure=unsure, set_aside=None)


def _doubt(tx: Tx, *, made_at: int, now: int) -> int:
    """Make UNSURE whatever may have been sent since the backup; says how many posts that are."""
    doubtful = [rows.post_of(line) for line in tx.all(s.DUE_SINCE, now=now)]
    for post in doubtful:
        write_change(tx, Change(post, _unsure(post, made_at=made_at, now=now)))
        data = {"why": "restored", "was": post.state.value}
        fact = Fact(kind="lost_touch", at=now, by="restore", account_id=post.account_id, post_id=post.id, data=data)
        write_facts(tx, fact)
    return len(doubtful)


def _unsure(post: Post, *, made_at: int, now: int) -> Post:
    """The post as far as we can know it: perhaps sent, by an attempt that ended before now."""
    first = made_at if post.first_claim_at is None else min(post.first_claim_at, made_at)
    attempt = {"attempt": max(post.attempt, 1), "attempt_until": now, "first_claim_at": first, "wire": post.wire or ""}
    doubt = {"state": State.UNSURE, "since": now, "not_before": now, "owner": "", "reason": "restored"}
    return post.changed(**attempt, **doubt)


def _meta(tx: Tx, name: str) -> str | None:
    line = tx.one(s.META, name=name)
    return None if line is None else str(line[0])


# --- files -----------------------------------------------------------------------------------------------------


@contextmanager
def _draft(target: Path, path: Path) -> Iterator[Path]:
    """A name beside the target for the time of writing; whatever is left of it is removed."""
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    try:
        yield draft
    except sqlite3.Error as error:
        raise verdict(error, path=str(path), waited_s=2.0) from error
    except OSError as error:
        raise StorageFull(f"{target} cannot be written: {error.strerror}") from error
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            with suppress(OSError):
                draft.with_name(draft.name + end).unlink(missing_ok=True)


def _copy(source: Path, draft: Path) -> None:
    """Copy a consistent state of a database that may be in use, into one file of its own."""
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(connect(source, query_only=True)) as original, closing(connect(draft)) as copy:
        original.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")


def _check(draft: Path) -> None:
    """Read it once from end to end, and see it on the disk."""
    with closing(connect(draft, query_only=True)) as copy:
        answer = copy.execute("PRAGMA quick_check").fetchone()[0]
    if answer != "ok":
        raise StorageError(f"the copy is damaged: {answer}")
    with draft.open("rb") as file:
        os.fsync(file.fileno())


def _name(draft: Path, target: Path) -> None:
    """Give the draft its name unless somebody was faster."""
    try:
        os.link(draft, target)
    except FileExistsError:
        raise BadInput(f"{target} exists already; a backup never overwrites anything") from None
    _sync(target.parent)


def _copy_key(key_file: Path, target: Path) -> None:
    with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as copy:
        copy.write(key_file.read_bytes())
        copy.flush()
        os.fsync(copy.fileno())


def _key_of(backup_file: Path) -> Path:
    """Where a backup's key is, if it has one beside it."""
    return backup_file.with_name(f"{backup_file.name}.key")


def _put_key_back(source: Path, key_file: Path | None, now: int) -> None:
    """Give the restored books the key their secrets were locked with; no other key is ever lost."""
    if key_file is None or not source.exists():
        return
    if key_file.exists():
        if key_file.read_bytes() == source.read_bytes():
            return
        key_file.replace(_free_name(key_file, now))
    _copy_key(source, key_file)


def _set_aside(path: Path, now: int) -> Path | None:
    """Move the old books out of the way, log and all, so that the new ones never meet their log."""
    if not path.exists():
        return None
    aside = _free_name(path, now)
    _close_log(path)
    for end in ("-wal", "-shm"):
        log = path.with_name(path.name + end)
        if log.exists():
            log.replace(aside.with_name(aside.name + end))
    try:
        os.link(path, aside)
    except OSError:
        shutil.copy2(path, aside)
    return aside


def _close_log(path: Path) -> None:
    """Bring the old log home, which SQLite only does for who is alone; a damaged file keeps its log."""
    with closing(connect(path)) as old, suppress(sqlite3.DatabaseError):
        try:
            old.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            if primary(error) == sqlite3.SQLITE_BUSY:
                raise StorageBusy(f"{path} is still open in another process, such as the dashboard; stop it") from error


def _free_name(path: Path, now: int) -> Path:
    stamp = f"{datetime.fromtimestamp(now / SECOND_US, UTC):%Y%m%dT%H%M%SZ}"
    names = (path.with_name(f"{path.name}.before-{stamp}{end}") for end in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(name for name in names if not name.exists())


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

"""A deadline on every call, and always a verdict: done, or ended and nothing changed."""

import asyncio
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from bowerbird.core.errors import StorageBusy, StorageError, StorageTimeout
from bowerbird.storage import statements as s
from bowerbird.storage.rows import fact_row
from bowerbird.storage.sqlite import SqliteStorage
from bowerbird.storage.sqlite.tx import Tx
from tests.contracts.books import a_fact, write
from tests.storage.conftest import open_books

RUNAWAY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


def _write_fact(tx: Tx) -> int:
    return tx.insert(s.NEW_FACT, **fact_row(a_fact()))


async def test_a_runaway_query_is_ended_at_its_deadline(books: SqliteStorage) -> None:
    """It ends in time, says how, and the next call finds the desk free."""
    started = time.monotonic()
    with pytest.raises(StorageTimeout, match=r"ended after 0\.3 s; nothing was changed"):
        await books.desk.read(lambda tx: tx.plain(RUNAWAY))
    assert time.monotonic() - started < 1.5
    assert await books.facts() == []


async def test_a_write_that_runs_away_changes_nothing(books: SqliteStorage) -> None:
    """What the transaction had written before its deadline is undone with it."""

    def runs_away(tx: Tx) -> None:
        _write_fact(tx)
        tx.plain(RUNAWAY)

    with pytest.raises(StorageTimeout):
        await books.desk.write(runs_away)
    assert await books.facts() == []
    await write(books, facts=(a_fact(),))


async def test_a_file_locked_by_somebody_else_is_busy(books: SqliteStorage, tmp_path: Path) -> None:
    """The wait for the lock is bounded by the same deadline; reads go on meanwhile."""
    rude = sqlite3.connect(tmp_path / "books.db", isolation_level=None)
    rude.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with pytest.raises(StorageBusy, match=r"locked for 0\.3 s by process \d+"):
        await write(books, facts=(a_fact(),))
    assert time.monotonic() - started < 1.5
    assert await books.facts() == []
    rude.execute("ROLLBACK")
    rude.close()
    await write(books, facts=(a_fact(),))


async def test_a_call_that_waits_past_its_deadline_never_begins(books: SqliteStorage) -> None:
    """The writer is taken for longer than the deadline; who waited is told that nothing was begun."""
    slow = asyncio.create_task(books.desk.write(lambda _: time.sleep(0.5)))
    await asyncio.sleep(0.05)
    with pytest.raises(StorageTimeout, match="never began"):
        await write(books, facts=(a_fact(),))
    await slow
    assert await books.facts() == []


async def test_a_cancelled_call_that_has_begun_is_waited_for(books: SqliteStorage) -> None:
    """When the cancellation comes through, the transaction is over and its outcome stands in the books."""
    begun, go_on = threading.Event(), threading.Event()

    def act(tx: Tx) -> None:
        begun.set()
        go_on.wait(5)
        _write_fact(tx)

    task = asyncio.create_task(books.desk.write(act))
    await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    await asyncio.sleep(0.02)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await books.facts()) == 1


async def test_a_cancelled_call_that_has_not_begun_never_begins(books: SqliteStorage) -> None:
    """It is given up at once, without waiting for the one before it."""
    slow = asyncio.create_task(books.desk.write(lambda _: time.sleep(0.2)))
    await asyncio.sleep(0.05)
    waiting = asyncio.create_task(books.desk.write(_write_fact))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not slow.done()
    await slow
    await books.desk.write(lambda _: None)
    assert await books.facts() == []


async def test_a_timeout_around_a_call_is_still_a_timeout(books: SqliteStorage) -> None:
    """`asyncio.timeout` around a storage call raises TimeoutError, after the verdict."""

    def slowly(tx: Tx) -> None:
        time.sleep(0.2)
        _write_fact(tx)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await books.desk.write(slowly)
    assert len(await books.facts()) == 1


async def test_an_error_inside_a_call_undoes_it(books: SqliteStorage) -> None:
    """Whatever a verb raises comes out as it is, and what it wrote before is gone."""

    def fails(tx: Tx) -> None:
        _write_fact(tx)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await books.desk.write(fails)
    assert await books.facts() == []


async def test_a_reader_cannot_write(books: SqliteStorage) -> None:
    """A verb that reads and tries to write is a bug that the engine refuses."""
    with pytest.raises(StorageError):
        await books.desk.read(_write_fact)


async def test_reads_go_on_while_the_writer_is_busy(books: SqliteStorage) -> None:
    """A slow write keeps no reader waiting."""
    slow = asyncio.create_task(books.desk.write(lambda _: time.sleep(0.25)))
    await asyncio.sleep(0.02)
    await asyncio.gather(*(books.facts() for _ in range(20)))
    assert not slow.done()
    await slow


async def test_closed_books_say_so(tmp_path: Path) -> None:
    """After `close` every verb is refused, and the threads are gone."""
    books = await open_books(tmp_path)
    await books.close()
    with pytest.raises(StorageError, match="closed"):
        await books.facts()
    assert not [thread for thread in threading.enumerate() if thread.name == "books"]

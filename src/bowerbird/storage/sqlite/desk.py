"""The desk: one thread that writes and a few that read, a deadline on every call, and always a verdict.

* A call that has begun is waited for, also by a task that is cancelled meanwhile: by the time the
  cancellation is let through, the transaction is committed or undone, and none is left half done.
* A call that has not begun when its task is cancelled, or when its deadline passes, never begins.
* The deadline is a progress handler for statements that run, and a busy timeout for locks that are held.
  What it cannot end is a disk that never answers: then the caller waits with it.
"""

from __future__ import annotations

import asyncio
import math
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from bowerbird.core.errors import StorageError, StorageFull, StorageTimeout
from bowerbird.core.ports import Clock
from bowerbird.resilience import failpoints
from bowerbird.resilience.deadline import alive
from bowerbird.storage.sqlite.inline import at_once, carry_out
from bowerbird.storage.sqlite.tx import Tx
from bowerbird.storage.sqlite.verdicts import verdict

R = TypeVar("R")
STEPS = 2000
"""The deadline is asked after this many steps of SQLite's machine: about every 50 microseconds."""


class Call(Generic[R]):
    """One piece of work for the desk, and the future on which somebody waits for it."""

    def __init__(self, act: Callable[[Tx], R], ends_at: float) -> None:
        self.act = act
        self.ends_at = ends_at
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[R] = self._loop.create_future()
        self._ticket = threading.Lock()

    def begin(self) -> bool:
        """Take the call: True once, for whoever is first, the thread or the task that gives it up."""
        return self._ticket.acquire(blocking=False)

    def answer(self, result: R | None, error: BaseException | None) -> None:
        """Give the verdict to the waiting task; a loop that is gone waits for nothing."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._deliver, result, error)

    def _deliver(self, result: Any, error: BaseException | None) -> None:
        if self.future.done():
            return
        if error is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)

    async def verdict(self) -> R:
        """Wait for the verdict, through every cancellation, and let the cancellation go on after it."""
        cancelled: asyncio.CancelledError | None = None
        while not self.future.done():
            try:
                await asyncio.wait((self.future,))
            except asyncio.CancelledError as error:
                cancelled = error
                if self.begin():
                    self.future.cancel()
        if cancelled is not None:
            if not self.future.cancelled():
                self.future.exception()
            raise cancelled
        return self.future.result()


class Desk:
    """The connections to one file, and the threads that use them.

    Args:
        path: the database file; it exists and has the present schema.
        clock: for the deadlines.
        deadline_s: the longest any call may take, in seconds, its waiting included.
        readers: threads that read.
        inline: carry everything out in the caller's thread instead, for the simulation.
        holder: says who else may hold the file.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        deadline_s: float = 2.0,
        readers: int = 2,
        inline: bool = False,
        holder: Callable[[], str] = lambda: "",
    ) -> None:
        self._path, self._clock, self._deadline_s, self._holder = path, clock, deadline_s, holder
        self._inline = inline
        self._writes: SimpleQueue[Call[Any] | None] = SimpleQueue()
        self._reads: SimpleQueue[Call[Any] | None] = SimpleQueue()
        self._writer = _logging(path)
        self._readers = [connect(path, query_only=True) for _ in range(1 if inline else readers)]
        self._mark = connect(path, query_only=True)
        self._mark_lock = threading.Lock()
        self._closed = False
        self._under_way: list[float] = []
        self._wrote: tuple[bool, float] | None = None
        self._threads = [] if inline else self._start()

    def _start(self) -> list[threading.Thread]:
        lanes = [partial(self._work, self._writes, self._writer, writes=True)]
        lanes += [partial(self._work, self._reads, reader, writes=False) for reader in self._readers]
        threads = [threading.Thread(target=lane, daemon=True, name="books") for lane in lanes]
        for thread in threads:
            thread.start()
        return threads

    async def write(self, act: Callable[[Tx], R]) -> R:
        """Carry out `act` in one immediate transaction; whatever it raises undoes all of it."""
        began = self._clock.monotonic()
        self._under_way.append(began)
        try:
            await self._pass_failpoint()
            answer = await self._ask(self._writes, self._writer, act, writes=True)
        except StorageError:
            self._wrote = (False, self._clock.monotonic() - began)
            raise
        finally:
            self._under_way.remove(began)
        self._wrote = (True, self._clock.monotonic() - began)
        return answer

    async def _pass_failpoint(self) -> None:
        """Where a drill breaks the books; costs one look where none does."""
        if failpoints.armed is None:
            return
        try:
            async with asyncio.timeout(self._deadline_s):
                await failpoints.reach("storage.write")
        except (failpoints.Broken, TimeoutError) as error:
            raise StorageFull(f"{self._path} cannot be written: a drill says so") from error

    def verdict(self) -> tuple[bool, float] | None:
        """Whether the last write went well, and how long it took in seconds; None before the first one.

        A write that has been under way for twice its deadline waits for a disk that does not answer: that is a no.
        """
        waited_s = self._clock.monotonic() - min(self._under_way, default=math.inf)
        return (False, waited_s) if waited_s > 2 * self._deadline_s else self._wrote

    async def read(self, act: Callable[[Tx], R]) -> R:
        """Carry out `act` on one snapshot."""
        return await self._ask(self._reads, self._readers[0], act, writes=False)

    async def change_mark(self) -> int:
        """SQLite's own count of commits by other connections, seen from one that never writes."""
        return await self.read(lambda _: self._data_version())

    async def free_bytes(self) -> int | None:
        """The room on the disk of the file; None if nobody can say."""

        def room() -> int | None:
            try:
                disk = os.statvfs(self._path.parent)
            except OSError:
                return None
            return disk.f_bavail * disk.f_frsize

        return await carry_out(room, inline=self._inline)

    async def file_bytes(self) -> dict[str, int]:
        """How large the file and its log are on the disk, by those two names; one that is not there is left out."""
        files = {"books": self._path, "log": self._path.with_name(f"{self._path.name}-wal")}

        def sizes() -> dict[str, int]:
            found = {}
            for name, path in files.items():
                with suppress(OSError):
                    found[name] = path.stat().st_size
            return found

        return await carry_out(sizes, inline=self._inline)

    def _data_version(self) -> int:
        with self._mark_lock:
            mark: int = self._mark.execute("PRAGMA data_version").fetchone()[0]
            return mark

    async def _ask(
        self,
        queue: SimpleQueue[Call[Any] | None],
        connection: sqlite3.Connection,
        act: Callable[[Tx], R],
        *,
        writes: bool,
    ) -> R:
        if self._closed:
            raise StorageError("the books are closed")
        alive()
        ends_at = self._clock.monotonic() + self._deadline_s
        if self._inline:
            return at_once(self._carry_out, connection, act, ends_at, writes=writes)
        call = Call(act, ends_at)
        queue.put(call)
        return await call.verdict()

    def _work(self, queue: SimpleQueue[Call[Any] | None], connection: sqlite3.Connection, *, writes: bool) -> None:
        """A thread's life: take a call, carry it out, answer; the empty call ends it."""
        while (call := queue.get()) is not None:
            if not call.begin():
                continue
            try:
                result = self._carry_out(connection, call.act, call.ends_at, writes=writes)
            except BaseException as error:  # noqa: BLE001 - it is raised again, in the task that waits for it
                call.answer(None, error)
            else:
                call.answer(result, None)

    def _carry_out(self, connection: sqlite3.Connection, act: Callable[[Tx], R], ends_at: float, *, writes: bool) -> R:
        """One transaction under its deadline.

        1. Is there time left? 2. Begin. 3. Act. 4. Commit. Any error undoes it and becomes a verdict.
        """
        left = ends_at - self._clock.monotonic()
        if left <= 0:
            raise StorageTimeout(f"the call waited {self._deadline_s:g} s for its turn and never began")
        _undo(connection)
        try:
            connection.execute(f"PRAGMA busy_timeout={int(left * 1000)}")
            connection.set_progress_handler(lambda: self._clock.monotonic() > ends_at, STEPS)
            connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            answer = act(Tx(connection))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise verdict(error, path=str(self._path), waited_s=self._deadline_s, holder=self._holder()) from error
        finally:
            connection.set_progress_handler(None, 0)
            _undo(connection)
        return answer

    async def close(self) -> None:
        """Finish what has begun, end the threads, close the files."""
        if self._closed:
            return
        self._closed = True
        for queue, count in ((self._writes, 1), (self._reads, len(self._readers))):
            for _ in range(count if self._threads else 0):
                queue.put(None)
        await carry_out(self._let_go, inline=self._inline)

    def _let_go(self) -> None:
        for thread in self._threads:
            thread.join(self._deadline_s + 1)
        for connection in (*self._readers, self._mark, self._writer):
            connection.close()


def _logging(path: Path) -> sqlite3.Connection:
    """A connection that writes ahead into a log, so that readers and the writer never wait for one another."""
    try:
        connection = connect(path)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.Error:
            connection.close()  # or the file stays open as long as somebody keeps the error
            raise
    except sqlite3.Error as error:
        raise verdict(error, path=str(path), waited_s=2.0) from error
    return connection


def _undo(connection: sqlite3.Connection) -> None:
    """Leave no transaction behind; one that cannot even be undone is tried again before the next call."""
    if connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


def connect(path: Path, *, query_only: bool = False) -> sqlite3.Connection:
    """A connection that commits when told to, and to the disk when it does."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        for pragma in ("busy_timeout=2000", "synchronous=FULL", "foreign_keys=ON", f"query_only={int(query_only)}"):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection

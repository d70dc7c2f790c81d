"""A handle on the file: opened once, closed once, and two kinds of verbs in between."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from bowerbird.core.errors import StorageBusy
from bowerbird.core.gauge import Sample
from bowerbird.core.ports import Clock
from bowerbird.storage.cipher import Cipher
from bowerbird.storage.sqlite.desk import Desk
from bowerbird.storage.sqlite.inline import carry_out
from bowerbird.storage.sqlite.lock import EngineLock
from bowerbird.storage.sqlite.schema import make_folder, prepare, ready, version
from bowerbird.storage.sqlite.tx import Tx

P = ParamSpec("P")
R = TypeVar("R")
H = TypeVar("H", bound="Handle")

PATIENCE_S = 10.0
"""How long a guest waits for an engine that is just making the file, in seconds."""


class Handle:
    """The part of `SqliteStorage` that is about being open."""

    def __init__(self, desk: Desk, cipher: Cipher, lock: EngineLock) -> None:
        self.desk, self.cipher, self._lock = desk, cipher, lock

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        key_file: Path,
        clock: Clock,
        engine: bool = True,
        deadline_s: float = 2.0,
        readers: int = 2,
        inline: bool = False,
    ) -> Self:
        """Open the books, and make them if there are none.

        1. An engine takes the lock beside the file. 2. The schema is made or migrated by whoever holds the
        lock; a guest waits for that. 3. The threads start.

        Args:
            path: the database file; its folder is made if it is missing.
            key_file: the key for secrets; made, with mode 0600, when the first secret is stored.
            clock: for deadlines and for the lock's note.
            engine: True for the one process that does the work; guests (a command, the face) say False.
            deadline_s: the longest any call may take, in seconds.
            readers: threads that read.
            inline: no threads; for the simulation.

        Raises:
            StorageBusy: another engine holds the file; says who.
            StorageFull: the folder is read-only or the disk is full.
            BadInput: the file is newer than this program.
            StorageError: the file is damaged or no database.
        """
        lock = EngineLock(path)
        try:
            await _prepared(path, lock, clock, engine=engine, inline=inline)
            desk = await carry_out(
                lambda: Desk(
                    path, clock=clock, deadline_s=deadline_s, readers=readers, inline=inline, holder=lock.holder
                ),
                inline=inline,
            )
        except BaseException:
            lock.release()
            raise
        return cls(desk, Cipher(key_file), lock)

    async def samples(self) -> list[Sample]:
        """Whether and how fast the books are written, and the room that is left: told without asking them.

        What nobody has observed yet has no sample.
        """
        found = []
        if verdict := self.desk.verdict():
            up, took_s = verdict
            found.append(Sample(name="bowerbird_storage_up", value=float(up)))
            found.append(Sample(name="bowerbird_storage_write_seconds", value=took_s))
        free = await self.desk.free_bytes()
        if free is not None:
            found.append(Sample(name="bowerbird_storage_free_bytes", value=float(free)))
        for file, size in (await self.desk.file_bytes()).items():
            found.append(Sample(name="bowerbird_storage_file_bytes", value=float(size), labels={"file": file}))
        return found

    async def close(self) -> None:
        """Let go of files, threads and the lock; doing it twice is not an error."""
        await self.desk.close()
        self._lock.release()


async def _prepared(path: Path, lock: EngineLock, clock: Clock, *, engine: bool, inline: bool) -> None:
    """Take the lock if this is an engine, and see to it that the file has the present schema.

    A new file is made by whoever comes first. An old one is migrated only under the lock, so that no engine
    is at work on it; a guest takes the lock for as long as that needs, or waits for the engine that does it.
    """
    await carry_out(lambda: make_folder(path.parent), inline=inline)
    if engine:
        await carry_out(lambda: lock.take(clock.now()), inline=inline)
    patience = clock.monotonic() + PATIENCE_S
    while True:
        try:
            return await carry_out(lambda: _prepare_once(path, lock, clock.now(), engine=engine), inline=inline)
        except StorageBusy:
            if clock.monotonic() > patience:
                raise
            await clock.sleep(0.1)


def _prepare_once(path: Path, lock: EngineLock, now: int, *, engine: bool) -> None:
    if ready(path):
        return
    if not engine and version(path) is not None:
        lock.take(now)
    try:
        prepare(path)
    finally:
        if not engine:
            lock.release()


def writing(act: Callable[Concatenate[H, Tx, P], R]) -> Callable[Concatenate[H, P], Coroutine[Any, Any, R]]:
    """Make a verb of a sentence that writes: one transaction, all of it or nothing."""

    @wraps(act)
    async def asked(self: H, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self.desk.write(lambda tx: act(self, tx, *args, **kwargs))

    return asked


def reading(act: Callable[Concatenate[H, Tx, P], R]) -> Callable[Concatenate[H, P], Coroutine[Any, Any, R]]:
    """Make a verb of a sentence that only reads: one snapshot."""

    @wraps(act)
    async def asked(self: H, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self.desk.read(lambda tx: act(self, tx, *args, **kwargs))

    return asked

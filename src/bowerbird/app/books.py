"""Where the books, their key and their spool are, and how they are opened."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bowerbird.core.books import Storage
from bowerbird.core.keeping import Receipt
from bowerbird.core.ports import Clock
from bowerbird.posting.proof import confirm_late
from bowerbird.settings import Settings, make_folder
from bowerbird.storage.spooled import SpooledStorage
from bowerbird.storage.sqlite import SqliteStorage

BOOKS = "bowerbird.db"
"""The books, in the data folder."""
KEY = "secrets.key"
"""The key of the secrets, in the data folder, readable by its owner alone."""
SPOOL = "spool"
"""What waits while the books cannot be written, in the data folder."""


def books_path(settings: Settings) -> Path:
    """Where the books are."""
    return settings.folder / BOOKS


async def open_books(settings: Settings, clock: Clock, *, engine: bool) -> SqliteStorage:
    """Open the books as the engine, which holds the lock and the spool, or as a guest.

    Raises:
        BadInput: the data folder cannot be made or written.
        StorageBusy: another engine holds the books; says who.
    """
    if engine:
        return await open_engine_books(settings, clock)
    folder = await asyncio.to_thread(make_folder, settings.folder)
    return await SqliteStorage.open(
        books_path(settings), key_file=folder / KEY, clock=clock, engine=False, deadline_s=settings["data.deadline_s"]
    )


async def open_engine_books(settings: Settings, clock: Clock) -> SpooledStorage:
    """Open the books as the engine, and write down what a dead engine left in the spool: nobody doubts it then."""
    folder = await asyncio.to_thread(make_folder, settings.folder)
    books = await SpooledStorage.with_spool(
        books_path(settings),
        folder / SPOOL,
        apply=write_proof,
        clock=clock,
        most=settings["spool.max_mb"] * 1_000_000,
        key_file=folder / KEY,
        deadline_s=settings["data.deadline_s"],
    )
    try:
        while await books.replay_once():
            pass
    except BaseException:
        await books.close()
        raise
    return books


async def write_proof(storage: Storage, receipt: Receipt) -> None:
    """Write the proof that a post was sent; where the books have it already, nothing changes."""
    await confirm_late(storage, receipt.attempt, receipt.ref, now=receipt.at, look_at=receipt.look_at, by="spool")

"""Where the books and their key are, and how they are opened."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bowerbird.core.ports import Clock
from bowerbird.settings import Settings, make_folder
from bowerbird.storage.sqlite import SqliteStorage

BOOKS = "bowerbird.db"
"""The books, in the data folder."""
KEY = "secrets.key"
"""The key of the secrets, in the data folder, readable by its owner alone."""


def books_path(settings: Settings) -> Path:
    """Where the books are."""
    return settings.folder / BOOKS


async def open_books(settings: Settings, clock: Clock, *, engine: bool) -> SqliteStorage:
    """Open the books as the engine, which holds the lock, or as a guest.

    Raises:
        BadInput: the data folder cannot be made or written.
        StorageBusy: another engine holds the books; says who.
    """
    folder = await asyncio.to_thread(make_folder, settings.folder)
    return await SqliteStorage.open(
        books_path(settings), key_file=folder / KEY, clock=clock, engine=engine, deadline_s=settings["data.deadline_s"]
    )

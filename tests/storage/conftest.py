"""A file of books to break: opened as an engine, with a short deadline."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bowerbird.clock import SystemClock
from bowerbird.storage.sqlite import SqliteStorage


async def open_books(folder: Path, *, engine: bool = True, deadline_s: float = 2.0) -> SqliteStorage:
    """Open the books in this folder with real time and real threads."""
    return await SqliteStorage.open(
        folder / "books.db",
        key_file=folder / "secrets.key",
        clock=SystemClock(),
        engine=engine,
        deadline_s=deadline_s,
    )


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[SqliteStorage]:
    """Books whose calls end after 0.3 seconds."""
    opened = await open_books(tmp_path, deadline_s=0.3)
    yield opened
    await opened.close()

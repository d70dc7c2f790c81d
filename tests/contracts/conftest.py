"""Which engines keep the books: every suite of the storage runs on each of them, with two real handles."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bowerbird.core.ports import Storage
from bowerbird.storage.memory import MemoryBooks, MemoryStorage

Opener = Callable[[], Awaitable[Storage]]


def memory_opener(_folder: Path) -> Opener:
    """Handles on one set of dictionaries."""
    books = MemoryBooks()

    async def opened() -> Storage:
        return MemoryStorage(books)

    return opened


ENGINES: dict[str, Callable[[Path], Opener]] = {"memory": memory_opener}


@pytest.fixture(params=sorted(ENGINES))
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[Storage, Storage]]:
    """Two handles on the same books, as an engine and a guest have them."""
    opener = ENGINES[request.param](tmp_path)
    handles = (await opener(), await opener())
    yield handles
    for handle in handles:
        await handle.close()


@pytest.fixture
def books(pair: tuple[Storage, Storage]) -> Storage:
    """The first of the two handles."""
    return pair[0]


@pytest.fixture
def guest(pair: tuple[Storage, Storage]) -> Storage:
    """The second of the two handles."""
    return pair[1]

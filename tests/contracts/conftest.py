"""Which engines keep the books: every suite of the storage runs on each of them, with two real handles."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bowerbird.clock import SystemClock
from bowerbird.core.books import Storage
from bowerbird.storage.memory import MemoryBooks, MemoryStorage
from bowerbird.storage.sqlite import SqliteStorage
from bowerbird.storage.sqlite.schema import prepare

Opener = Callable[[], Awaitable[Storage]]


def memory_opener(_folder: Path) -> Opener:
    """Handles on one set of dictionaries."""
    books = MemoryBooks()

    async def opened() -> Storage:
        return MemoryStorage(books)

    return opened


@cache
def blank_file() -> bytes:
    """An empty file with the present schema; making one takes longer than most tests."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "books.db"
        prepare(path)
        return path.read_bytes()


def sqlite_opener(folder: Path, *, inline: bool = False) -> Opener:
    """Handles on one file: the first is the engine's, the others are guests'."""
    (folder / "books.db").write_bytes(blank_file())
    opened_before: list[Storage] = []

    async def opened() -> Storage:
        handle = await SqliteStorage.open(
            folder / "books.db",
            key_file=folder / "secrets.key",
            clock=SystemClock(),
            engine=not opened_before,
            inline=inline,
        )
        opened_before.append(handle)
        return handle

    return opened


ENGINES: dict[str, Callable[[Path], Opener]] = {
    "memory": memory_opener,
    "sqlite": sqlite_opener,
    "inline": partial(sqlite_opener, inline=True),
}


@pytest.fixture(scope="session", autouse=True)
def blank() -> None:
    """The blank file is made before any loop runs, for making it blocks."""
    blank_file()


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

"""A full disk, a read-only folder, a damaged file, a killed process: a clear error, and nothing lost."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bowerbird.core.books import Batch
from bowerbird.core.errors import StorageError, StorageFull
from bowerbird.storage.sqlite import SqliteStorage
from tests.contracts.books import a_fact, a_post, write
from tests.storage.conftest import open_books

FULL = """
import asyncio, resource, sys
from pathlib import Path
from bowerbird.core.errors import StorageFull
from tests.contracts.books import a_fact, write
from tests.storage.conftest import open_books
async def main():
    books = await open_books(Path(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    written = 0
    try:
        while written < 10_000:
            await write(books, facts=(a_fact(data={"text": "x" * 4000}),))
            written += 1
    except StorageFull as error:
        print(error, flush=True)
    assert len(await books.facts(limit=1000)) == written, "reads go on"
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await write(books, facts=(a_fact(),))
    assert len(await books.facts(limit=1000)) == written + 1, "writes go on when there is room"
    await books.close()
    print("written", written)
asyncio.run(main())
"""

READ_ONLY = """
import asyncio, os, sys
from pathlib import Path
from bowerbird.core.errors import StorageFull
from tests.contracts.books import a_fact, write
from tests.storage.conftest import open_books
async def main(folder, engine):
    await (await open_books(Path("{warm}"))).close()
    if os.geteuid() == 0:
        os.seteuid(65534)
    try:
        books = await open_books(folder, engine=engine)
        await write(books, facts=(a_fact(),))
    except StorageFull as error:
        print("StorageFull:", error)
asyncio.run(main(Path(sys.argv[1]), sys.argv[2] == "engine"))
"""

WRITER = """
import asyncio, sys
from pathlib import Path
from tests.contracts.books import a_fact, a_post, write
from tests.storage.conftest import open_books
async def main():
    books = await open_books(Path(sys.argv[1]))
    n = len(await books.facts(limit=1000))
    while True:
        n += 1
        await write(books, new_posts=(a_post(f"p{n}"),), facts=(a_fact(post_id=f"p{n}"),), cursors={"n": n})
        print(n, flush=True)
asyncio.run(main())
"""


async def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    """Writing stops with StorageFull, reading goes on, and writing too as soon as there is room again."""
    answer = await asyncio.to_thread(_run, FULL, str(tmp_path))
    assert "cannot be written" in answer
    assert "free some space" in answer
    assert int(answer.split()[-1]) > 10


async def test_a_file_that_may_not_grow_keeps_its_rows(books: SqliteStorage) -> None:
    """The batch that did not fit is undone as a whole."""
    await write(books, facts=(a_fact(),))
    await books.desk.write(lambda tx: tx.plain("PRAGMA max_page_count = 60"))
    big = Batch(new_posts=tuple(a_post(f"p{n}") for n in range(500)), facts=(a_fact(),))
    with pytest.raises(StorageFull):
        await books.record(big)
    assert len(await books.facts()) == 1
    assert await books.post("p0") is None


@pytest.mark.parametrize("role", ["engine", "guest"])
async def test_a_read_only_folder_is_said(role: str) -> None:
    """Neither an engine nor a guest gets anything but a sentence that tells what to mend."""
    with TemporaryDirectory() as folder, TemporaryDirectory() as warm:
        books = await open_books(Path(folder))
        await books.close()
        Path(folder).chmod(0o555)
        answer = await asyncio.to_thread(_run, READ_ONLY.replace("{warm}", warm), folder, role)
        Path(folder).chmod(0o755)
    assert answer.startswith("StorageFull:")
    assert folder in answer


async def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    """The data folder cannot be made where a file stands."""
    (tmp_path / "taken").write_text("not a folder")
    with pytest.raises(StorageFull, match="taken"):
        await open_books(tmp_path / "taken")


async def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    """Something else under our name is named, left as it is, and the lock is let go."""
    (tmp_path / "books.db").write_text("This is a poem, and rather a long one. " * 100)
    for _ in range(2):
        with pytest.raises(StorageError, match="damaged or not a database"):
            await open_books(tmp_path)
    assert (tmp_path / "books.db").read_text().startswith("This is a poem")


async def test_a_killed_writer_leaves_whole_batches(tmp_path: Path) -> None:
    """Five times killed in the middle of writing: every answered batch is there, and none is there in part."""
    chance = random.Random(5)
    answered = 0
    for _ in range(5):
        answered = max(answered, await asyncio.to_thread(_kill_a_writer, tmp_path, chance.randint(3, 25)))
    books = await open_books(tmp_path)
    facts = await books.facts(limit=1000)
    assert len(facts) in {answered, answered + 1}
    assert [fact.post_id for fact in facts] == [f"p{n}" for n in range(1, len(facts) + 1)]
    assert len(await books.posts(limit=1000)) == len(facts)
    assert await books.cursor("n") == len(facts)
    await books.close()


def _kill_a_writer(folder: Path, after: int) -> int:
    """Start a writer, kill it in the middle after some answers, and return the last one it gave."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as said:
        answers = [said.readline() for _ in range(after)]
        process.kill()
        answers += said.readlines()
    process.wait()
    return max(int(answer) for answer in answers if answer.endswith("\n"))


def _run(script: str, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *args], capture_output=True, text=True, check=False, timeout=60, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


async def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Database, log and lock are readable by nobody else, in a folder that nobody else may enter."""
    books = await open_books(tmp_path / "data")
    await write(books, facts=(a_fact(),))
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "data").iterdir()} == {0o600}
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    await books.close()

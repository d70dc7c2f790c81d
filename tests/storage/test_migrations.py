"""The schema: made by the migrations, equal to the tables, and never newer than the program that opens it."""

import asyncio
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from bowerbird.core.errors import BadInput
from bowerbird.core.lifecycle import State
from bowerbird.core.post import Post
from bowerbird.storage import alarms, rows, statements
from bowerbird.storage.sqlite import schema
from bowerbird.storage.sqlite.desk import connect
from bowerbird.storage.sqlite.tx import Tx
from tests.contracts.books import WREN, a_post, shelve
from tests.storage.conftest import open_books

OPEN_TWICE = """
import asyncio, sys
from pathlib import Path
from tests.storage.conftest import open_books
async def main():
    await (await open_books(Path(sys.argv[1]))).close()
asyncio.run(main())
print(sorted({"alembic", "cryptography"} & set(sys.modules)))
"""


def _spelled(path: Path) -> dict[str, str]:
    """Every table and index of a file, in a spelling that does not depend on who wrote it."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: re.sub(r"[\s\"]+", " ", text) for name, text in rows if name != "alembic_version"}


def test_upgrading_from_nothing_gives_the_tables(tmp_path: Path) -> None:
    """Alembic finds no difference between the migrated file and the tables as they are written."""
    schema.prepare(tmp_path / "a.db")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), alarms.incidents.metadata) == []
    engine.dispose()


def test_migrations_and_tables_are_spelled_alike(tmp_path: Path) -> None:
    """Column by column, constraint by constraint, index by index, the partial ones too."""
    schema.prepare(tmp_path / "a.db")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'b.db'}")
    alarms.incidents.metadata.create_all(engine)
    engine.dispose()
    migrated, written = _spelled(tmp_path / "a.db"), _spelled(tmp_path / "b.db")
    assert set(migrated) == set(written)
    for name, text in migrated.items():
        assert _pieces(text) == _pieces(written[name]), name


def _pieces(text: str) -> list[str]:
    """The columns and constraints; one that was added later stands last, where the bracket closes."""
    return sorted(piece.rstrip(" )") for piece in re.split(r", ?", text))


def test_the_newest_migration_is_the_one_we_know() -> None:
    """`HEAD` is the last file of the folder, so that a new migration cannot be forgotten."""
    files = Path(schema.__file__).parent.parent.joinpath("migrations", "versions").glob("*.py")
    assert max(file.name.split("_")[0] for file in files) == schema.HEAD


async def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    """The error says which schema the file has, and what to do; the file is left as it is."""
    await (await open_books(tmp_path)).close()
    with sqlite3.connect(tmp_path / "books.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(BadInput, match=r"newer Bowerbird \(schema 9999"):
        await open_books(tmp_path)
    assert await asyncio.to_thread(schema.version, tmp_path / "books.db") == "9999"


async def test_alembic_is_loaded_only_to_migrate(tmp_path: Path) -> None:
    """Opening a file that is up to date costs no start-up time for tools it does not need."""
    await (await open_books(tmp_path)).close()
    asked = [sys.executable, "-c", OPEN_TWICE, str(tmp_path)]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_file_half_made_is_made_whole(tmp_path: Path) -> None:
    """A process that died while it made the file leaves an empty one, and the next process makes it."""
    (tmp_path / "books.db").write_bytes(b"")
    books = await open_books(tmp_path)
    assert await books.accounts() == []
    await books.close()


async def test_posts_of_an_older_file_are_counted_when_it_is_migrated(tmp_path: Path) -> None:
    """The numbers begin right, and go on right."""
    await asyncio.to_thread(_first_schema, tmp_path / "books.db", a_post("a"), a_post("b"))
    books = await open_books(tmp_path)
    await shelve(books, a_post("c"))
    assert dict(await books.count_posts()) == {(WREN, State.QUEUED): 3}
    await books.close()


def _first_schema(path: Path, *posts: Post) -> None:
    """A file as the first version of the program wrote it."""
    connection = connect(path)
    config = Config()
    config.set_main_option("script_location", str(Path(alarms.__file__).parent / "migrations"))
    config.attributes["connect"] = lambda: connection
    command.upgrade(config, "0001")
    for post in posts:
        Tx(connection).run(statements.NEW_POST, **rows.post_row(post))
    connection.close()

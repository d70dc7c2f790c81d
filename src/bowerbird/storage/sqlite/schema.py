"""Which schema a file has, and bringing it to the present one by the migrations."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

from bowerbird.core.errors import BadInput, StorageFull
from bowerbird.storage.sqlite.desk import connect
from bowerbird.storage.sqlite.verdicts import verdict

HEAD = "0004"
"""The newest migration; a test compares it with the folder."""

_one_at_a_time = threading.Lock()
"""Alembic keeps its present environment in a module, so two threads of one process take turns."""

_MIGRATIONS = Path(__file__).parent.parent / "migrations"


def make_folder(folder: Path) -> None:
    """Make the data folder, readable by its owner alone; `StorageFull` if that cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFull(f"the data folder {folder} cannot be made: {error.strerror}") from error


def ready(path: Path) -> bool:
    """Tell whether the file has the present schema; `BadInput` if it is newer than this program."""
    found = version(path)
    if found is not None and found > HEAD:
        raise BadInput(
            f"{path} was written by a newer Bowerbird (schema {found}, known up to {HEAD}); "
            "install that version, or restore an older backup"
        )
    return found == HEAD


def version(path: Path) -> str | None:
    """The file's schema, None if it has none yet."""
    if not path.exists():
        return None
    try:
        connection = connect(path, query_only=True)
        try:
            known = "SELECT name FROM sqlite_master WHERE name = 'alembic_version'"
            if connection.execute(known).fetchone() is None:
                return None
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return str(found[0]) if found else None
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise verdict(error, path=str(path), waited_s=2.0) from error


def prepare(path: Path) -> None:
    """Make or migrate the schema, in one transaction; Alembic is only loaded here."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy.exc import DBAPIError

    try:
        # Made for its owner alone; SQLite gives its log the same permissions.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        writer = connect(path)
        try:
            writer.execute("PRAGMA journal_mode=WAL")
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
            config.attributes["connect"] = lambda: writer
            with _one_at_a_time:
                command.upgrade(config, "head")
        finally:
            writer.close()
    except sqlite3.Error as error:
        raise verdict(error, path=str(path), waited_s=2.0) from error
    except OSError as error:
        raise StorageFull(f"{path} cannot be written: {error.strerror}") from error
    except DBAPIError as error:
        if not isinstance(error.orig, sqlite3.Error):
            raise
        raise verdict(error.orig, path=str(path), waited_s=2.0) from error

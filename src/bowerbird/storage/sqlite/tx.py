"""Statements on a connection: Core's words, compiled once, carried out by the standard driver."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from sqlalchemy.dialects import sqlite

from bowerbird.storage.statements import Statement

Line = tuple[Any, ...]
_DIALECT = sqlite.dialect(paramstyle="named")


@cache
def sql(statement: Statement) -> tuple[str, dict[str, Any]]:
    """The text of a statement, and the values that stand in it already."""
    compiled = statement.compile(dialect=_DIALECT)
    return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}


class Tx:
    """One transaction, as the verbs see it; it never leaves the thread that began it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self, statement: Statement, **values: Any) -> list[Line]:
        """Every line of the answer."""
        return self._execute(statement, values).fetchall()

    def lines(self, statement: Statement, **values: Any) -> Iterator[Line]:
        """The lines of the answer, each found when it is asked for; they end with the transaction."""
        return iter(self._execute(statement, values))

    def one(self, statement: Statement, **values: Any) -> Line | None:
        """The first line, or None."""
        line: Line | None = self._execute(statement, values).fetchone()
        return line

    def run(self, statement: Statement, **values: Any) -> int:
        """Carry it out; answers how many rows it touched."""
        return self._execute(statement, values).rowcount

    def insert(self, statement: Statement, **values: Any) -> int:
        """Carry it out; answers the number the engine gave the row."""
        return self._execute(statement, values).lastrowid or 0

    def each(self, statement: Statement, rows: Iterable[dict[str, Any]]) -> None:
        """Carry it out once per row."""
        for row in rows:
            self._execute(statement, row)

    def plain(self, text: str, **values: Any) -> list[Line]:
        """A statement of SQLite's own, such as a pragma."""
        return self._connection.execute(text, values).fetchall()

    def _execute(self, statement: Statement, values: dict[str, Any]) -> sqlite3.Cursor:
        text, given = sql(statement)
        return self._connection.execute(text, given | values if given else values)

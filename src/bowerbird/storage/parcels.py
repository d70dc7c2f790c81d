"""What stands in one record of the spool: a batch that may wait, or the proof that a post was sent, as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bowerbird.core.books import Batch
from bowerbird.core.keeping import Receipt
from bowerbird.core.post import RemoteRef
from bowerbird.storage import alarms, rows, tables
from bowerbird.storage.rows import Line, Row, encode, flat


@dataclass(frozen=True, slots=True)
class Kind:
    """One field of a batch: its table, and how a value becomes a row of it and back."""

    table: Any
    row: Callable[[Any], Row]
    of: Callable[[Line], Any]


KINDS: dict[str, Kind] = {
    "facts": Kind(tables.facts, rows.fact_row, rows.fact_of),
    "readings": Kind(tables.readings, rows.reading_row, rows.reading_of),
    "incidents": Kind(alarms.incidents, alarms.incident_row, alarms.incident_of),
    "deliveries": Kind(alarms.deliveries, alarms.delivery_row, alarms.delivery_of),
    "words": Kind(tables.words, rows.words_row, rows.words_of),
    "used": Kind(tables.words, rows.words_row, rows.words_of),
}
"""Everything a kept batch may hold."""
POST = Kind(tables.posts, rows.post_row, rows.post_of)


def packed(thing: Batch | Receipt) -> bytes:
    """The bytes of a record; `ValueError` or `TypeError` for what JSON has no word for."""
    if isinstance(thing, Receipt):
        carried: Row = {"receipt": _columns(POST, thing.attempt), "ref": flat(thing.ref)}
        return encode(carried | {"at": thing.at, "look_at": thing.look_at}).encode()
    lists = {name: [_columns(kind, value) for value in getattr(thing, name)] for name, kind in KINDS.items()}
    return encode({name: listed for name, listed in lists.items() if listed}).encode()


def is_proof(payload: bytes) -> bool:
    """Tell whether a record is the proof that a post was sent."""
    return payload.startswith(b'{"receipt":')


def unpacked(payload: bytes) -> Batch | Receipt:
    """What a record was made from; any error means that this program cannot read it."""
    carried = json.loads(payload)
    if "receipt" in carried:
        attempt = POST.of(_line(POST, carried["receipt"]))
        return Receipt(attempt=attempt, ref=RemoteRef(**carried["ref"]), at=carried["at"], look_at=carried["look_at"])
    lists: dict[str, Any] = {
        name: tuple(KINDS[name].of(_line(KINDS[name], row)) for row in listed) for name, listed in carried.items()
    }
    return Batch(**lists)


def _columns(kind: Kind, value: Any) -> Row:
    """The row of a value, without what is no column."""
    row = kind.row(value)
    return {column.name: row[column.name] for column in kind.table.c if column.name in row}


def _line(kind: Kind, row: Row) -> Line:
    """A row in the table's order, as the database would give it back."""
    return tuple(row.get(column.name) for column in kind.table.c)

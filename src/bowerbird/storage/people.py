"""People who may sign in: their table, its statements, and values to rows and back."""

from __future__ import annotations

import sqlalchemy as sa

from bowerbird.core.people import Person, Role
from bowerbird.storage.columns import home, instant, metadata, one_of, text
from bowerbird.storage.rows import Line, Row, flat, reader
from bowerbird.storage.statements import HOME, upsert

people = sa.Table(
    "people",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    home(),
    text("role"),
    text("password"),
    instant("made_at"),
    text("by"),
    instant("ended_at", nullable=True),
    one_of("role", Role),
)

PEOPLE = sa.select(*people.c).order_by(people.c.name)
WRITE_PERSON = upsert(people, leave=HOME)

_read_person = reader(people)


def person_row(person: Person) -> Row:
    """Every column of a person."""
    return flat(person) | {"role": person.role.value}


def person_of(line: Line) -> Person:
    """The person a line was made from."""
    row = _read_person(line)
    del row["workspace_id"]
    row["role"] = Role(row["role"])
    return Person(**row)

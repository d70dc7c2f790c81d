"""What tables are made of, for every engine alike."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa

from bowerbird.core.lifecycle import State

metadata = sa.MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
)

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A number that the engine gives; SQLite numbers only what it calls INTEGER."""


def one_of(column: str, words: type[StrEnum]) -> sa.CheckConstraint:
    """A constraint: this column holds one of these words."""
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def in_states(*states: State) -> sa.ColumnElement[bool]:
    """A condition spelled out in the statement itself, which is what lets the planner use a partial index."""
    words: list[sa.ColumnElement[str]] = [sa.literal_column(f"'{state}'") for state in sorted(states)]
    column = sa.column("state", sa.Text)
    return column.in_(words) if len(words) > 1 else column == words[0]


def text(name: str, default: str | None = None) -> sa.Column[str]:
    """Text that is always there."""
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def instant(name: str, *, nullable: bool = False) -> sa.Column[int]:
    """UTC microseconds."""
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def count(name: str) -> sa.Column[int]:
    """A small whole number."""
    return sa.Column(name, sa.Integer, nullable=False)


def home() -> sa.Column[str]:
    """Whose row it is, where several share a machine."""
    return text("workspace_id", "home")

"""How Alembic reaches the books: over the connection that the opener hands in, in one transaction."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from bowerbird.storage import alarms, people, tallies

BOOKS = (alarms.incidents, tallies.tallies, people.people)
"""Importing these has filled the metadata that they share."""


def _engine() -> sa.Engine:
    engine = sa.create_engine("sqlite://", creator=context.config.attributes["connect"], poolclass=sa.pool.StaticPool)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # The driver begins nothing by itself, so that the tables and the version are written together.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


with _engine().connect() as connection:
    context.configure(
        connection=connection, target_metadata=BOOKS[0].metadata, render_as_batch=True, transactional_ddl=True
    )
    with context.begin_transaction():
        context.run_migrations()

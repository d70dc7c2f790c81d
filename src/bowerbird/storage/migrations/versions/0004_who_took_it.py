"""Incidents that somebody took, roots and effects found by an index, and commands found by person and verb."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add who took an incident, and the indices of the history and of the audit log."""
    op.add_column("incidents", sa.Column("acknowledged_at", sa.BigInteger(), nullable=True))
    op.add_column("incidents", sa.Column("acknowledged_by", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_incidents_by_root", "incidents", ["root", "opened_at", "id"], unique=False)
    past = sa.text("root = '' AND closed_at IS NOT NULL")
    op.create_index("ix_incidents_past", "incidents", ["opened_at", "id"], unique=False, sqlite_where=past)
    for name, by in (("person", ["by"]), ("verb", ["verb"]), ("person_verb", ["by", "verb"])):
        op.create_index(f"ix_commands_by_{name}", "commands", [*by, "asked_at", "id"], unique=False)

"""Posts are counted while they move, and listed by when they were published, and answers by themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATES = "'proposed', 'queued', 'sending', 'unsure', 'parked', 'published', 'rejected', 'dropped', 'removed'"
_ADD = (
    "INSERT INTO tallies (account_id, state, n) VALUES (NEW.account_id, NEW.state, 1) "
    "ON CONFLICT (account_id, state) DO UPDATE SET n = n + 1;"
)
_TAKE = "UPDATE tallies SET n = n - 1 WHERE account_id = OLD.account_id AND state = OLD.state;"


def upgrade() -> None:
    """Count what is there, keep counting, and make the indices of the long lists."""
    _tallies()
    _indices()


def _tallies() -> None:
    op.create_table(
        "tallies",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"state IN ({_STATES})", name="state_known"),
        sa.PrimaryKeyConstraint("account_id", "state"),
    )
    op.execute(
        "INSERT INTO tallies (account_id, state, n) "
        "SELECT account_id, state, count(*) FROM posts GROUP BY account_id, state"
    )
    op.execute(f"CREATE TRIGGER tally_new_posts AFTER INSERT ON posts BEGIN {_ADD} END")
    op.execute(
        "CREATE TRIGGER tally_steps AFTER UPDATE OF state ON posts WHEN NEW.state <> OLD.state "
        f"BEGIN {_TAKE} {_ADD} END"
    )
    op.execute(f"CREATE TRIGGER tally_gone_posts AFTER DELETE ON posts BEGIN {_TAKE} END")


def _indices() -> None:
    published, reply = sa.text("published_at IS NOT NULL"), sa.text("kind = 'reply'")
    for name, by, where in (
        ("published", "published_at", published),
        ("replies", "due", reply),
        ("published_replies", "published_at", reply),
    ):
        op.create_index(f"ix_posts_{name}", "posts", ["state", by, "id"], unique=False, sqlite_where=where)
        of_account = ["account_id", "state", by, "id"]
        op.create_index(f"ix_posts_{name}_by_account", "posts", of_account, unique=False, sqlite_where=where)

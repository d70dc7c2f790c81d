"""The first schema: posts, findings, the ledger, the alarms and the journal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    _posts()
    _indices_of_posts()
    _findings()
    _accounts()
    _ledger()
    _incidents()
    _deliveries()
    _silences_and_breakers()
    _journal()
    _processes()


def _posts() -> None:
    op.create_table(
        "posts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("reply_parent_id", sa.Text(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("first_claim_at", sa.BigInteger(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("absences", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("attempt_until", sa.BigInteger(), nullable=False),
        sa.Column("wire", sa.Text(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("remote", sa.Text(), nullable=True),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.Column("look_at", sa.BigInteger(), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('proposed', 'queued', 'sending', 'unsure', 'parked', "
            "'published', 'rejected', 'dropped', 'removed')",
            name="state_known",
        ),
        sa.CheckConstraint("length(trim(text)) > 0", name="text_not_empty"),
        sa.CheckConstraint("part >= 0 AND part < parts", name="part_of_parts"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "key", name=op.f("uq_posts_account_id_key")),
        sa.UniqueConstraint("thread_id", "part", name=op.f("uq_posts_thread_id_part")),
    )


def _indices_of_posts() -> None:
    watched = "state = 'published' AND look_at IS NOT NULL"
    answering = "reply_parent_id IS NOT NULL"
    still_open = f"{answering} AND state IN ('parked', 'proposed', 'queued', 'sending', 'unsure')"
    _index("by_state", "state", "due", "id")
    _index("by_account", "account_id", "state", "due", "id")
    _index("by_hash", "text_hash")
    _index("by_remote", "account_id", "remote_id", where="remote_id IS NOT NULL")
    _index("by_parent", "account_id", "reply_parent_id", where=answering)
    _index("sending", "state", "attempt_until", "id", where="state = 'sending'")
    _index("unsure", "state", "not_before", "id", where="state = 'unsure'")
    _index("missing", "state", "expires_at", where="state = 'queued'")
    _index("tails", "state", "part", "thread_id", where="part > 0")
    _index("looks", "state", "look_at", "account_id", where=watched)
    _index("looks_by_account", "account_id", "state", "look_at", "id", where=watched)
    op.create_index(
        "uq_posts_open_reply", "posts", ["account_id", "reply_parent_id"], unique=True, sqlite_where=sa.text(still_open)
    )


def _index(name: str, *columns: str, where: str = "") -> None:
    op.create_index(f"ix_posts_{name}", "posts", list(columns), sqlite_where=sa.text(where) if where else None)


def _findings() -> None:
    op.create_table(
        "readings",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("post_id", sa.Text(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("age_s", sa.Float(), nullable=False),
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.Column("impressions", sa.BigInteger(), nullable=True),
        sa.Column("likes", sa.BigInteger(), nullable=True),
        sa.Column("reposts", sa.BigInteger(), nullable=True),
        sa.Column("replies", sa.BigInteger(), nullable=True),
        sa.Column("quotes", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("followers", sa.BigInteger(), nullable=True),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("post_id", "rung", name=op.f("uq_readings_post_id_rung")),
    )
    op.create_index("ix_readings_by_account", "readings", ["account_id", "seq"], unique=False)
    op.create_index("ix_readings_by_post", "readings", ["post_id", "seq"], unique=False)
    op.create_table(
        "targets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("addressed", sa.Boolean(), nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("post_id", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'drafted', 'answered', 'dismissed', 'stale')", name="state_known"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_targets_by_account", "targets", ["account_id", "state", "score", "id"], unique=False)
    op.create_index("ix_targets_by_state", "targets", ["state", "score", "id"], unique=False)
    op.create_table(
        "models",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("champion", sa.Boolean(), nullable=False),
        sa.Column("scores", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "version"),
    )
    op.create_index("ix_models_by_age", "models", ["account_id", "created_at", "version"], unique=False)
    op.create_index("uq_models_champion", "models", ["account_id"], unique=True, sqlite_where=sa.text("champion = 1"))
    op.create_table(
        "advice",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
    )


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "holds",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('paused', 'signed out', 'budget', 'limited', 'clock', 'unattested')", name="kind_known"
        ),
        sa.PrimaryKeyConstraint("account_id", "kind"),
    )
    op.create_table(
        "secrets",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "name"),
    )


def _ledger() -> None:
    op.create_table(
        "words",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("brief", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=True),
        sa.Column("spent", sa.Float(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_words_by_age", "words", ["at", "id"], unique=False)
    op.create_index(
        "ix_words_unused", "words", ["account_id", "at", "id"], unique=False, sqlite_where=sa.text("used = 0")
    )
    op.create_table(
        "spends",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_spends_by_age", "spends", ["at", "id"], unique=False)
    op.create_index("ix_spends_by_subject", "spends", ["subject"], unique=False, sqlite_where=sa.text("reserved = 1"))
    op.create_index("ix_spends_by_window", "spends", ["key", "unit", "at", "amount"], unique=False)
    op.create_table(
        "learned",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("window_s", sa.Float(), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("max", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "unit", "window_s"),
    )


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("healed_by", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint("severity IN ('info', 'warning', 'critical')", name="severity_known"),
        sa.PrimaryKeyConstraint("id"),
    )
    still_open, closed = sa.text("closed_at IS NULL"), sa.text("closed_at IS NOT NULL")
    op.create_index("ix_incidents_by_age", "incidents", ["opened_at", "id"], unique=False)
    op.create_index("ix_incidents_open", "incidents", ["opened_at", "id"], unique=False, sqlite_where=still_open)
    op.create_index("ix_incidents_closed", "incidents", ["closed_at", "id"], unique=False, sqlite_where=closed)
    op.create_index("uq_incidents_fingerprint", "incidents", ["fingerprint"], unique=True, sqlite_where=still_open)


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("gave_up", sa.Boolean(), nullable=False),
        sa.CheckConstraint("told IN ('opened', 'updated', 'reminded', 'resolved', 'test')", name="told_known"),
        sa.PrimaryKeyConstraint("id"),
    )
    waiting = sa.text("sent_at IS NULL AND gave_up = 0")
    op.create_index("ix_deliveries_by_age", "deliveries", ["made_at", "id"], unique=False)
    op.create_index("ix_deliveries_by_incident", "deliveries", ["incident_id", "made_at", "id"], unique=False)
    op.create_index("ix_deliveries_due", "deliveries", ["due_at", "id"], unique=False, sqlite_where=waiting)
    op.create_index("ix_deliveries_waiting", "deliveries", ["made_at", "id"], unique=False, sqlite_where=waiting)


def _silences_and_breakers() -> None:
    op.create_table(
        "silences",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_silences_by_end", "silences", ["until", "id"], unique=False)
    op.create_table(
        "breakers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("manual", sa.Boolean(), nullable=False),
        sa.Column("opens", sa.Integer(), nullable=False),
        sa.Column("next_probe_at", sa.BigInteger(), nullable=True),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("slow", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.CheckConstraint("position IN ('closed', 'open', 'half open')", name="position_known"),
        sa.PrimaryKeyConstraint("name"),
    )


def _journal() -> None:
    op.create_table(
        "facts",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("post_id", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_facts_by_account", "facts", ["account_id", "seq"], unique=False)
    op.create_index("ix_facts_by_account_kind", "facts", ["account_id", "kind", "seq"], unique=False)
    op.create_index("ix_facts_by_kind", "facts", ["kind", "seq"], unique=False)
    op.create_index("ix_facts_by_post", "facts", ["post_id", "seq"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("slot_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job", "scope", "slot_at", name=op.f("uq_runs_job_scope_slot_at")),
    )
    op.create_index("ix_runs_by_job", "runs", ["job", "started_at", "id"], unique=False)
    op.create_index("ix_runs_by_start", "runs", ["started_at", "id"], unique=False)


def _processes() -> None:
    op.create_table(
        "commands",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), server_default="home", nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("args", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("ok", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("taken_by", sa.Text(), server_default="", nullable=False),
        sa.Column("taken_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_commands_by_age", "commands", ["asked_at", "id"], unique=False)
    op.create_index(
        "ix_commands_open", "commands", ["asked_at", "id"], unique=False, sqlite_where=sa.text("done_at IS NULL")
    )
    op.create_table(
        "owners",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_owners_by_age", "owners", ["heard_at", "id"], unique=False)
    op.create_table(
        "snapshots",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )

"""The tables, written once for every engine.

* Instants are integer UTC microseconds; what was not observed is NULL, never 0.
* `workspace_id` and `account_id` stand on every row that belongs to one.
* What is asked for is a column with an index; what is only carried along is JSON in a text column.
* Indices over one state are partial, so a hundred thousand published posts cost a claim nothing.
"""

from __future__ import annotations

import sqlalchemy as sa

from bowerbird.core.account import HoldKind
from bowerbird.core.breaker import Position
from bowerbird.core.findings import TargetState
from bowerbird.core.incident import Severity, Told
from bowerbird.core.lifecycle import State
from bowerbird.storage.checks import OPEN

metadata = sa.MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
)

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A number that the engine gives; SQLite numbers only what it calls INTEGER."""


def one_of(column: str, words: type[State | HoldKind | TargetState | Severity | Told | Position]) -> sa.CheckConstraint:
    """A constraint: this column holds one of these words."""
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def in_states(*states: State) -> sa.ColumnElement[bool]:
    """A condition spelled out in the statement itself, which is what lets the planner use a partial index."""
    words: list[sa.ColumnElement[str]] = [sa.literal_column(f"'{state}'") for state in sorted(states)]
    column = sa.column("state", sa.Text)
    return column.in_(words) if len(words) > 1 else column == words[0]


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _home() -> sa.Column[str]:
    return _text("workspace_id", "home")


posts = sa.Table(
    "posts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _home(),
    _text("account_id"),
    _text("key"),
    _count("version"),
    _text("kind"),
    _text("thread_id"),
    _count("part"),
    _count("parts"),
    _text("text"),
    _text("text_hash"),
    sa.Column("reply_parent_id", sa.Text),
    _text("payload"),
    _text("choice"),
    _text("state"),
    _instant("since"),
    _count("seq"),
    _instant("created_at"),
    _instant("due"),
    _instant("expires_at"),
    _instant("not_before"),
    _instant("first_claim_at", nullable=True),
    _count("attempt"),
    _count("absences"),
    _text("owner"),
    _instant("attempt_until"),
    sa.Column("wire", sa.Text),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    _text("reason"),
    _text("approved_by"),
    _instant("approved_at", nullable=True),
    sa.Column("remote_id", sa.Text),
    sa.Column("remote", sa.Text),
    _instant("published_at", nullable=True),
    _instant("look_at", nullable=True),
    _count("looks"),
    one_of("state", State),
    sa.CheckConstraint("length(trim(text)) > 0", name="text_not_empty"),
    sa.CheckConstraint("part >= 0 AND part < parts", name="part_of_parts"),
    sa.UniqueConstraint("account_id", "key"),
    sa.UniqueConstraint("thread_id", "part"),
)

sa.Index("ix_posts_by_state", posts.c.state, posts.c.due, posts.c.id)
sa.Index("ix_posts_by_account", posts.c.account_id, posts.c.state, posts.c.due, posts.c.id)
sa.Index("ix_posts_by_hash", posts.c.text_hash)
sa.Index("ix_posts_by_remote", posts.c.account_id, posts.c.remote_id, sqlite_where=sa.text("remote_id IS NOT NULL"))
sa.Index(
    "ix_posts_by_parent",
    posts.c.account_id,
    posts.c.reply_parent_id,
    sqlite_where=sa.text("reply_parent_id IS NOT NULL"),
)
sa.Index(
    "uq_posts_open_reply",
    posts.c.account_id,
    posts.c.reply_parent_id,
    unique=True,
    sqlite_where=sa.and_(sa.text("reply_parent_id IS NOT NULL"), in_states(*OPEN)),
)
# The state stands first in these too, so that the planner finds them better than the index over all states.
_sending, _unsure = in_states(State.SENDING), in_states(State.UNSURE)
_watched = sa.and_(in_states(State.PUBLISHED), sa.text("look_at IS NOT NULL"))
sa.Index("ix_posts_sending", posts.c.state, posts.c.attempt_until, posts.c.id, sqlite_where=_sending)
sa.Index("ix_posts_unsure", posts.c.state, posts.c.not_before, posts.c.id, sqlite_where=_unsure)
sa.Index("ix_posts_missing", posts.c.state, posts.c.expires_at, sqlite_where=in_states(State.QUEUED))
sa.Index("ix_posts_tails", posts.c.state, posts.c.part, posts.c.thread_id, sqlite_where=sa.text("part > 0"))
sa.Index("ix_posts_looks", posts.c.state, posts.c.look_at, posts.c.account_id, sqlite_where=_watched)
sa.Index(
    "ix_posts_looks_by_account",
    *(posts.c.account_id, posts.c.state, posts.c.look_at, posts.c.id),
    sqlite_where=_watched,
)

facts = sa.Table(
    "facts",
    metadata,
    sa.Column("seq", Serial, primary_key=True),
    _home(),
    _text("account_id"),
    _text("kind"),
    _instant("at"),
    _text("by"),
    _text("post_id"),
    _text("data"),
)
sa.Index("ix_facts_by_post", facts.c.post_id, facts.c.seq)
sa.Index("ix_facts_by_kind", facts.c.kind, facts.c.seq)
sa.Index("ix_facts_by_account", facts.c.account_id, facts.c.seq)
sa.Index("ix_facts_by_account_kind", facts.c.account_id, facts.c.kind, facts.c.seq)

readings = sa.Table(
    "readings",
    metadata,
    sa.Column("seq", Serial, primary_key=True),
    _home(),
    _text("account_id"),
    _text("post_id"),
    _count("rung"),
    sa.Column("age_s", sa.Float, nullable=False),
    _instant("observed_at"),
    sa.Column("impressions", sa.BigInteger),
    sa.Column("likes", sa.BigInteger),
    sa.Column("reposts", sa.BigInteger),
    sa.Column("replies", sa.BigInteger),
    sa.Column("quotes", sa.BigInteger),
    _text("source"),
    sa.Column("followers", sa.BigInteger),
    sa.Column("rehearsal", sa.Boolean, nullable=False),
    sa.UniqueConstraint("post_id", "rung"),
)
sa.Index("ix_readings_by_account", readings.c.account_id, readings.c.seq)
sa.Index("ix_readings_by_post", readings.c.post_id, readings.c.seq)

targets = sa.Table(
    "targets",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _home(),
    _text("account_id"),
    _text("seen"),
    sa.Column("score", sa.Float, nullable=False),
    _text("because"),
    sa.Column("addressed", sa.Boolean, nullable=False),
    _instant("found_at"),
    _text("state"),
    _text("post_id"),
    one_of("state", TargetState),
)
sa.Index("ix_targets_by_state", targets.c.state, targets.c.score, targets.c.id)
sa.Index("ix_targets_by_account", targets.c.account_id, targets.c.state, targets.c.score, targets.c.id)

models = sa.Table(
    "models",
    metadata,
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Text, primary_key=True),
    _home(),
    _text("parent"),
    _count("n"),
    sa.Column("cursor", sa.BigInteger, nullable=False),
    sa.Column("state", sa.LargeBinary, nullable=False),
    _instant("created_at"),
    sa.Column("champion", sa.Boolean, nullable=False),
    _text("scores"),
)
sa.Index("ix_models_by_age", models.c.account_id, models.c.created_at, models.c.version)
sa.Index("uq_models_champion", models.c.account_id, unique=True, sqlite_where=sa.text("champion = 1"))

advice = sa.Table(
    "advice",
    metadata,
    sa.Column("account_id", sa.Text, primary_key=True),
    _home(),
    _text("version"),
    _instant("made_at"),
    _text("data"),
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _home(),
    _text("platform"),
    _text("handle"),
    sa.Column("rehearsal", sa.Boolean, nullable=False),
    _text("data"),
)

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    _home(),
    _instant("since"),
    _instant("until", nullable=True),
    _text("why"),
    one_of("kind", HoldKind),
)

words = sa.Table(
    "words",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _home(),
    _text("account_id"),
    _text("writer"),
    _text("brief"),
    _text("text"),
    sa.Column("cost", sa.Float),
    sa.Column("spent", sa.Float),
    _instant("at"),
    sa.Column("used", sa.Boolean, nullable=False),
)
sa.Index("ix_words_by_age", words.c.at, words.c.id)
sa.Index("ix_words_unused", words.c.account_id, words.c.at, words.c.id, sqlite_where=sa.text("used = 0"))

spends = sa.Table(
    "spends",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    _text("key"),
    _text("unit"),
    _text("subject"),
    sa.Column("amount", sa.Float, nullable=False),
    _instant("at"),
    sa.Column("reserved", sa.Boolean, nullable=False),
)
sa.Index("ix_spends_by_window", spends.c.key, spends.c.unit, spends.c.at, spends.c.amount)
sa.Index("ix_spends_by_age", spends.c.at, spends.c.id)
sa.Index("ix_spends_by_subject", spends.c.subject, sqlite_where=sa.text("reserved = 1"))

learned = sa.Table(
    "learned",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("unit", sa.Text, primary_key=True),
    sa.Column("window_s", sa.Float, primary_key=True),
    _home(),
    sa.Column("max", sa.Float, nullable=False),
    _instant("at"),
    _text("why"),
    _count("refusals"),
)

incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _home(),
    _text("fingerprint"),
    _text("rule"),
    _text("part"),
    _text("scope"),
    _text("severity"),
    _text("title"),
    _text("why"),
    _text("fix"),
    _instant("opened_at"),
    _instant("since", nullable=True),
    _instant("seen_at"),
    _instant("closed_at", nullable=True),
    _text("healed_by"),
    _text("root"),
    _instant("told_at", nullable=True),
    _text("by"),
    one_of("severity", Severity),
)
_open = sa.text("closed_at IS NULL")
sa.Index("ix_incidents_by_age", incidents.c.opened_at, incidents.c.id)
sa.Index("ix_incidents_open", incidents.c.opened_at, incidents.c.id, sqlite_where=_open)
sa.Index("ix_incidents_closed", incidents.c.closed_at, incidents.c.id, sqlite_where=sa.text("closed_at IS NOT NULL"))
sa.Index("uq_incidents_fingerprint", incidents.c.fingerprint, unique=True, sqlite_where=_open)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _home(),
    _text("incident_id"),
    _text("told"),
    _text("channel"),
    _text("title"),
    _text("body"),
    _instant("due_at"),
    _instant("made_at"),
    _count("attempts"),
    _text("error"),
    _instant("sent_at", nullable=True),
    sa.Column("gave_up", sa.Boolean, nullable=False),
    one_of("told", Told),
)
_waiting = sa.text("sent_at IS NULL AND gave_up = 0")
sa.Index("ix_deliveries_by_age", deliveries.c.made_at, deliveries.c.id)
sa.Index("ix_deliveries_by_incident", deliveries.c.incident_id, deliveries.c.made_at, deliveries.c.id)
sa.Index("ix_deliveries_due", deliveries.c.due_at, deliveries.c.id, sqlite_where=_waiting)
sa.Index("ix_deliveries_waiting", deliveries.c.made_at, deliveries.c.id, sqlite_where=_waiting)

silences = sa.Table(
    "silences",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _home(),
    _text("rule"),
    _text("part"),
    _text("scope"),
    _instant("since"),
    _instant("until"),
    _text("why"),
    _text("by"),
)
sa.Index("ix_silences_by_end", silences.c.until, silences.c.id)

breakers = sa.Table(
    "breakers",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _text("position"),
    _instant("since"),
    _text("why"),
    sa.Column("manual", sa.Boolean, nullable=False),
    _count("opens"),
    _instant("next_probe_at", nullable=True),
    _text("parent"),
    _count("failed"),
    _count("slow"),
    _count("calls"),
    one_of("position", Position),
)

snapshots = sa.Table(
    "snapshots",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _instant("at"),
    _text("data"),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _home(),
    _text("job"),
    _text("scope"),
    _instant("slot_at"),
    _instant("started_at"),
    _instant("ended_at", nullable=True),
    _text("outcome"),
    _count("attempt"),
    _count("units"),
    _text("owner"),
    _text("error"),
    sa.UniqueConstraint("job", "scope", "slot_at"),
)
sa.Index("ix_runs_by_start", runs.c.started_at, runs.c.id)
sa.Index("ix_runs_by_job", runs.c.job, runs.c.started_at, runs.c.id)

commands = sa.Table(
    "commands",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _home(),
    _text("verb"),
    _text("args"),
    _text("by"),
    _instant("asked_at"),
    _instant("done_at", nullable=True),
    sa.Column("ok", sa.Boolean),
    _text("answer"),
    _text("taken_by", ""),
    sa.Column("taken_at", sa.BigInteger, nullable=False, server_default="0"),
)
sa.Index("ix_commands_by_age", commands.c.asked_at, commands.c.id)
sa.Index("ix_commands_open", commands.c.asked_at, commands.c.id, sqlite_where=sa.text("done_at IS NULL"))

owners = sa.Table(
    "owners",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("role"),
    _count("pid"),
    _instant("started_at"),
    _instant("heard_at"),
    _text("note"),
)
sa.Index("ix_owners_by_age", owners.c.heard_at, owners.c.id)

secrets = sa.Table(
    "secrets",
    metadata,
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    _home(),
    sa.Column("token", sa.LargeBinary, nullable=False),
)

cursors = sa.Table(
    "cursors", metadata, sa.Column("name", sa.Text, primary_key=True), sa.Column("seq", sa.BigInteger, nullable=False)
)

meta = sa.Table("meta", metadata, sa.Column("name", sa.Text, primary_key=True), _text("value"))

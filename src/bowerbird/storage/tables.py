"""The tables but those of the alarms, written once for every engine.

* Instants are integer UTC microseconds; what was not observed is NULL, never 0.
* `workspace_id` and `account_id` stand on every row that belongs to one.
* What is asked for is a column with an index; what is only carried along is JSON in a text column.
* Indices over one state are partial, so a hundred thousand published posts cost a claim nothing.
"""

from __future__ import annotations

import sqlalchemy as sa

from bowerbird.core.account import HoldKind
from bowerbird.core.findings import TargetState
from bowerbird.core.lifecycle import State
from bowerbird.storage.checks import OPEN
from bowerbird.storage.columns import Serial, count, home, in_states, instant, metadata, one_of, text

posts = sa.Table(
    "posts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    home(),
    text("account_id"),
    text("key"),
    count("version"),
    text("kind"),
    text("thread_id"),
    count("part"),
    count("parts"),
    text("text"),
    text("text_hash"),
    sa.Column("reply_parent_id", sa.Text),
    text("payload"),
    text("choice"),
    text("state"),
    instant("since"),
    count("seq"),
    instant("created_at"),
    instant("due"),
    instant("expires_at"),
    instant("not_before"),
    instant("first_claim_at", nullable=True),
    count("attempt"),
    count("absences"),
    text("owner"),
    instant("attempt_until"),
    sa.Column("wire", sa.Text),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    text("reason"),
    text("approved_by"),
    instant("approved_at", nullable=True),
    sa.Column("remote_id", sa.Text),
    sa.Column("remote", sa.Text),
    instant("published_at", nullable=True),
    instant("look_at", nullable=True),
    count("looks"),
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
# What pages list besides: by publication, and the answers, which are few and must not be sought among all the rest.
for _name, _by, _where in (
    ("published", posts.c.published_at, "published_at IS NOT NULL"),
    ("replies", posts.c.due, "kind = 'reply'"),
    ("published_replies", posts.c.published_at, "kind = 'reply'"),
):
    sa.Index(f"ix_posts_{_name}", posts.c.state, _by, posts.c.id, sqlite_where=sa.text(_where))
    _columns = (posts.c.account_id, posts.c.state, _by, posts.c.id)
    sa.Index(f"ix_posts_{_name}_by_account", *_columns, sqlite_where=sa.text(_where))

facts = sa.Table(
    "facts",
    metadata,
    sa.Column("seq", Serial, primary_key=True),
    home(),
    text("account_id"),
    text("kind"),
    instant("at"),
    text("by"),
    text("post_id"),
    text("data"),
)
sa.Index("ix_facts_by_post", facts.c.post_id, facts.c.seq)
sa.Index("ix_facts_by_kind", facts.c.kind, facts.c.seq)
sa.Index("ix_facts_by_account", facts.c.account_id, facts.c.seq)
sa.Index("ix_facts_by_account_kind", facts.c.account_id, facts.c.kind, facts.c.seq)

readings = sa.Table(
    "readings",
    metadata,
    sa.Column("seq", Serial, primary_key=True),
    home(),
    text("account_id"),
    text("post_id"),
    count("rung"),
    sa.Column("age_s", sa.Float, nullable=False),
    instant("observed_at"),
    sa.Column("impressions", sa.BigInteger),
    sa.Column("likes", sa.BigInteger),
    sa.Column("reposts", sa.BigInteger),
    sa.Column("replies", sa.BigInteger),
    sa.Column("quotes", sa.BigInteger),
    text("source"),
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
    home(),
    text("account_id"),
    text("seen"),
    sa.Column("score", sa.Float, nullable=False),
    text("because"),
    sa.Column("addressed", sa.Boolean, nullable=False),
    instant("found_at"),
    text("state"),
    text("post_id"),
    one_of("state", TargetState),
)
sa.Index("ix_targets_by_state", targets.c.state, targets.c.score, targets.c.id)
sa.Index("ix_targets_by_account", targets.c.account_id, targets.c.state, targets.c.score, targets.c.id)

models = sa.Table(
    "models",
    metadata,
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Text, primary_key=True),
    home(),
    text("parent"),
    count("n"),
    sa.Column("cursor", sa.BigInteger, nullable=False),
    sa.Column("state", sa.LargeBinary, nullable=False),
    instant("created_at"),
    sa.Column("champion", sa.Boolean, nullable=False),
    text("scores"),
)
sa.Index("ix_models_by_age", models.c.account_id, models.c.created_at, models.c.version)
sa.Index("uq_models_champion", models.c.account_id, unique=True, sqlite_where=sa.text("champion = 1"))

advice = sa.Table(
    "advice",
    metadata,
    sa.Column("account_id", sa.Text, primary_key=True),
    home(),
    text("version"),
    instant("made_at"),
    text("data"),
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    home(),
    text("platform"),
    text("handle"),
    sa.Column("rehearsal", sa.Boolean, nullable=False),
    text("data"),
)

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    home(),
    instant("since"),
    instant("until", nullable=True),
    text("why"),
    one_of("kind", HoldKind),
)

words = sa.Table(
    "words",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    home(),
    text("account_id"),
    text("writer"),
    text("brief"),
    text("text"),
    sa.Column("cost", sa.Float),
    sa.Column("spent", sa.Float),
    instant("at"),
    sa.Column("used", sa.Boolean, nullable=False),
)
sa.Index("ix_words_by_age", words.c.at, words.c.id)
sa.Index("ix_words_unused", words.c.account_id, words.c.at, words.c.id, sqlite_where=sa.text("used = 0"))

spends = sa.Table(
    "spends",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    text("key"),
    text("unit"),
    text("subject"),
    sa.Column("amount", sa.Float, nullable=False),
    instant("at"),
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
    home(),
    sa.Column("max", sa.Float, nullable=False),
    instant("at"),
    text("why"),
    count("refusals"),
)

snapshots = sa.Table(
    "snapshots",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    instant("at"),
    text("data"),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    home(),
    text("job"),
    text("scope"),
    instant("slot_at"),
    instant("started_at"),
    instant("ended_at", nullable=True),
    text("outcome"),
    count("attempt"),
    count("units"),
    text("owner"),
    text("error"),
    sa.UniqueConstraint("job", "scope", "slot_at"),
)
sa.Index("ix_runs_by_start", runs.c.started_at, runs.c.id)
sa.Index("ix_runs_by_job", runs.c.job, runs.c.started_at, runs.c.id)

commands = sa.Table(
    "commands",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    home(),
    text("verb"),
    text("args"),
    text("by"),
    instant("asked_at"),
    instant("done_at", nullable=True),
    sa.Column("ok", sa.Boolean),
    text("answer"),
    text("taken_by", ""),
    sa.Column("taken_at", sa.BigInteger, nullable=False, server_default="0"),
)
sa.Index("ix_commands_by_age", commands.c.asked_at, commands.c.id)
sa.Index("ix_commands_by_person", commands.c.by, commands.c.asked_at, commands.c.id)
sa.Index("ix_commands_by_verb", commands.c.verb, commands.c.asked_at, commands.c.id)
sa.Index("ix_commands_by_person_verb", commands.c.by, commands.c.verb, commands.c.asked_at, commands.c.id)
sa.Index("ix_commands_open", commands.c.asked_at, commands.c.id, sqlite_where=sa.text("done_at IS NULL"))

owners = sa.Table(
    "owners",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    text("role"),
    count("pid"),
    instant("started_at"),
    instant("heard_at"),
    text("note"),
)
sa.Index("ix_owners_by_age", owners.c.heard_at, owners.c.id)

secrets = sa.Table(
    "secrets",
    metadata,
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    home(),
    sa.Column("token", sa.LargeBinary, nullable=False),
)

cursors = sa.Table(
    "cursors", metadata, sa.Column("name", sa.Text, primary_key=True), sa.Column("seq", sa.BigInteger, nullable=False)
)

meta = sa.Table("meta", metadata, sa.Column("name", sa.Text, primary_key=True), text("value"))

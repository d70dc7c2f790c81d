"""What is forgotten when it is old: the oldest rows first, found by an index, and never more than was asked."""

from __future__ import annotations

import sqlalchemy as sa

from bowerbird.core.books import Old
from bowerbird.storage import alarms
from bowerbird.storage import tables as t
from bowerbird.storage.statements import LIMIT, given


def forgetting(table: sa.Table, instant: str, *conditions: sa.TextClause) -> sa.Delete:
    """Delete the oldest rows by this column, from before an instant, where the conditions hold."""
    at = table.c[instant]
    oldest = sa.select(table.c.id).where(*conditions, at < given("before")).order_by(at, table.c.id).limit(LIMIT)
    return sa.delete(table).where(table.c.id.in_(oldest))


FORGET = {
    Old.RUNS: forgetting(t.runs, "started_at"),
    Old.SPENDS: forgetting(t.spends, "at"),
    Old.WORDS: forgetting(t.words, "at"),
    Old.DELIVERIES: forgetting(alarms.deliveries, "made_at", sa.text("(sent_at IS NOT NULL OR gave_up = 1)")),
    Old.INCIDENTS: forgetting(alarms.incidents, "closed_at", sa.text("closed_at IS NOT NULL")),
    Old.COMMANDS: forgetting(t.commands, "asked_at", sa.text("done_at IS NOT NULL")),
    Old.OWNERS: forgetting(t.owners, "heard_at"),
    Old.SILENCES: forgetting(alarms.silences, "until"),
}
_m = t.models.c
_reigning = t.models.alias("reigning")
_parent = (
    sa.select(_reigning.c.parent)
    .where(_reigning.c.account_id == given("account_id"), sa.text("reigning.champion = 1"))
    .limit(sa.literal_column("1"))
)
UNUSED_MODELS = (
    sa.select(_m.version)
    .where(_m.account_id == given("account_id"), sa.text("champion = 0"))
    .where(_m.version != sa.func.coalesce(_parent.scalar_subquery(), sa.literal_column("''")))
    .order_by(_m.created_at.desc(), _m.version.desc())
    .limit(LIMIT)
    .offset(given("keep"))
)
FORGET_MODEL = sa.delete(t.models).where(_m.account_id == given("of_account"), _m.version == given("old_version"))

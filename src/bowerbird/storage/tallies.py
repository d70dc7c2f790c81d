"""How many posts each account has in each state, kept by the books themselves while posts move.

Counting a hundred thousand posts takes longer than a page may; adding one to a number does not. Triggers keep the
numbers because no writer can forget them: the transaction that moves a post moves its tally, a restore's too.
A migration that rebuilds the table of posts has to make them anew, for they go with the table.
"""

from __future__ import annotations

import sqlalchemy as sa

from bowerbird.core.lifecycle import State
from bowerbird.storage import tables as t
from bowerbird.storage.columns import count, home, metadata, one_of

tallies = sa.Table(
    "tallies",
    metadata,
    sa.Column("account_id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, primary_key=True),
    home(),
    count("n"),
    one_of("state", State),
)

_ADD = (
    "INSERT INTO tallies (account_id, state, n) VALUES (NEW.account_id, NEW.state, 1) "
    "ON CONFLICT (account_id, state) DO UPDATE SET n = n + 1;"
)
_TAKE = "UPDATE tallies SET n = n - 1 WHERE account_id = OLD.account_id AND state = OLD.state;"
TRIGGERS = (
    f"CREATE TRIGGER tally_new_posts AFTER INSERT ON posts BEGIN {_ADD} END",
    f"CREATE TRIGGER tally_steps AFTER UPDATE OF state ON posts WHEN NEW.state <> OLD.state BEGIN {_TAKE} {_ADD} END",
    f"CREATE TRIGGER tally_gone_posts AFTER DELETE ON posts BEGIN {_TAKE} END",
)
for _trigger in TRIGGERS:
    sa.event.listen(metadata, "after_create", sa.DDL(_trigger))  # type: ignore[no-untyped-call]  # SQLAlchemy's own

_n, _p = tallies.c, t.posts.c
TALLIES = sa.select(_n.account_id, _n.state, _n.n).where(_n.n > sa.literal_column("0"))


def _queued(column: sa.ColumnElement[object], *order: sa.ColumnElement[object]) -> sa.ScalarSelect[object]:
    """One value of the first QUEUED post of a tally's account."""
    own = sa.and_(_p.account_id == _n.account_id, _p.state == sa.literal_column("'queued'"))
    return sa.select(column).where(own).order_by(*order).limit(sa.literal_column("1")).scalar_subquery()


QUEUES = sa.select(
    _n.account_id,
    _queued(_p.id, _p.due, _p.id).label("next_id"),
    _queued(_p.due, _p.due, _p.id).label("next_due"),
    _queued(_p.due, _p.due.desc(), _p.id.desc()).label("last_due"),
).where(_n.state == sa.literal_column("'queued'"), _n.n > sa.literal_column("0"))

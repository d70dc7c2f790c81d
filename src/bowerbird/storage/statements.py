"""The statements, written once for every engine; no `SELECT *`, and none without a limit that needs one.

A state is spelled out in a statement wherever an index is partial on it: the planner does not look into
parameters. Lists over several states are several statements, one per state, each in the order of its index;
the engine merges their rows, so no list ever sorts or scans what it does not return.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bowerbird.core.lifecycle import FINAL, State
from bowerbird.core.lists import Order
from bowerbird.core.post import Kind
from bowerbird.storage import tables as t
from bowerbird.storage.checks import GIVEN_UP
from bowerbird.storage.columns import in_states

Statement = sa.Select[Any] | sa.Insert | sa.Update | sa.Delete


def given(name: str) -> Any:
    """A parameter of this name."""
    return sa.bindparam(name)


def there_is(table: sa.FromClause, *conditions: sa.ColumnElement[bool]) -> sa.Exists:
    """A condition: this table has a row like that."""
    return sa.select(sa.literal_column("1")).select_from(table).where(*conditions).exists()


def upsert(table: sa.Table, *, keep: Sequence[str] = (), leave: Sequence[str] = ()) -> sa.Insert:
    """Insert a row, or replace the columns of the one with its primary key; `keep` columns stay as they are."""
    key = [column.name for column in table.primary_key]
    names = [column.name for column in table.c if column.name not in leave]
    written = insert(table).values({name: given(name) for name in names})
    changed = {name: written.excluded[name] for name in names if name not in {*key, *keep}}
    return written.on_conflict_do_update(index_elements=key, set_=changed)


def _insert(table: sa.Table, *, leave: Sequence[str] = ()) -> sa.Insert:
    return sa.insert(table).values({c.name: given(c.name) for c in table.c if c.name not in leave})


def earlier(at: sa.ColumnElement[Any], row_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """A condition: before a place in a list that is newest first."""
    return sa.tuple_(at, row_id) < sa.tuple_(given("before_at"), given("before_id"))


LIMIT = given("limit")
HOME = ("workspace_id",)

# --- posts -----------------------------------------------------------------------------------------------------

_p = t.posts.c
_previous = t.posts.alias("previous")
_held = there_is(
    t.holds, t.holds.c.account_id == _p.account_id, sa.or_(t.holds.c.until.is_(None), t.holds.c.until > given("now"))
)
_follows = there_is(
    _previous,
    _previous.c.thread_id == _p.thread_id,
    _previous.c.part == _p.part - sa.literal_column("1"),
    _previous.c.state == sa.literal_column("'published'"),
)
_queued_and_due = sa.and_(_p.state == sa.literal_column("'queued'"), _p.due <= given("now"))
_claimable = sa.and_(
    _queued_and_due,
    # The plus keeps the index on `expires_at` out of it: of two ranges, the one on `due` is the shorter.
    sa.literal_column("+posts.expires_at") > given("now"),
    _p.not_before <= given("now"),
    _p.withdrawn == sa.literal_column("0"),
    ~_held,
    sa.or_(_p.part == sa.literal_column("0"), _follows),
)
_said = ~in_states(*GIVEN_UP)
_waits_longest = sa.func.min(_p.due)

DUE_ACCOUNTS = (
    sa.select(_p.account_id)
    .where(_claimable)
    .group_by(_p.account_id)
    .order_by(_waits_longest, _p.account_id)
    .limit(LIMIT)
)
CLAIMABLE = (
    sa.select(*_p)
    .where(_p.account_id == given("account_id"), _claimable)
    .order_by(_p.kind == sa.literal_column(f"'{Kind.REPLY}'"), _p.due, _p.part, _p.id)
    .limit(sa.literal_column("1"))
)
DOUBT = (
    sa.select(*_p)
    .where(in_states(State.UNSURE), _p.not_before <= given("now"))
    .order_by(_p.not_before, _p.id)
    .limit(sa.literal_column("1"))
)
LAPSED = (
    sa.select(*_p)
    .where(
        in_states(State.SENDING),
        sa.or_(
            _p.attempt_until <= given("now"),
            ~there_is(t.owners, t.owners.c.id == _p.owner, t.owners.c.heard_at > given("heard_after")),
        ),
    )
    .order_by(_p.attempt_until, _p.id)
    .limit(LIMIT)
)
MISSED = (
    sa.select(*_p).where(in_states(State.QUEUED), _p.expires_at <= given("now")).order_by(_p.expires_at).limit(LIMIT)
)
EXPIRED = (
    sa.select(*_p)
    .where(in_states(State.PROPOSED), _p.due <= given("now"), _p.not_before <= given("now"))
    .order_by(_p.due, _p.id)
    .limit(LIMIT)
)
_broken = ", ".join(f"'{state}'" for state in sorted(FINAL - {State.PUBLISHED}))
ORPHANED = (
    sa.select(*_p)
    .where(
        sa.text("posts.part > 0"),
        _p.state.in_([sa.literal_column("'proposed'"), sa.literal_column("'queued'")]),
        there_is(
            _previous,
            _previous.c.thread_id == _p.thread_id,
            _previous.c.part == _p.part - sa.literal_column("1"),
            sa.literal_column(f"previous.state IN ({_broken})"),
        ),
    )
    .order_by(_p.thread_id, _p.part)
    .limit(LIMIT)
)
LOOK_ACCOUNT = (
    sa.select(_p.account_id)
    .where(in_states(State.PUBLISHED), sa.text("look_at IS NOT NULL"), _p.look_at <= given("now"))
    .order_by(_p.look_at, _p.account_id)
    .limit(sa.literal_column("1"))
)
LOOKS = (
    sa.select(*_p)
    .where(
        in_states(State.PUBLISHED),
        sa.text("look_at IS NOT NULL"),
        _p.look_at <= given("now"),
        _p.account_id == given("account_id"),
    )
    .order_by(_p.look_at, _p.id)
    .limit(LIMIT)
)
COMING_LOOKS = (
    sa.select(*_p)
    .where(in_states(State.PUBLISHED), sa.text("look_at IS NOT NULL"))
    .order_by(_p.look_at, _p.account_id)
    .limit(LIMIT)
)
POST = sa.select(*_p).where(_p.id == given("id"))
THREAD = sa.select(*_p).where(_p.thread_id == given("thread_id")).order_by(_p.part)
ANSWERED = (
    sa.select(_p.id)
    .where(
        _p.account_id == given("account_id"),
        _p.reply_parent_id == given("reply_parent_id"),
        _said,
    )
    .limit(sa.literal_column("1"))
)
SAID_ELSEWHERE = (
    sa.select(_p.id)
    .where(_p.text_hash == given("text_hash"), _p.account_id != given("account_id"), _said)
    .limit(sa.literal_column("1"))
)
STEPPED = (
    *("state", "since", "seq", "not_before", "first_claim_at", "attempt", "absences", "owner", "attempt_until"),
    *("wire", "withdrawn", "reason", "approved_by", "approved_at"),
    *("remote_id", "remote", "published_at", "look_at", "looks"),
)
EDITED = (
    *STEPPED,
    *("key", "version", "kind", "parts", "text", "text_hash", "reply_parent_id", "payload", "choice"),
    *("due", "expires_at"),
)


def _update_post(names: Sequence[str]) -> sa.Update:
    unchanged = sa.and_(_p.id == given("post_id"), _p.seq == given("before_seq"))
    return sa.update(t.posts).where(unchanged).values({name: given(name) for name in names})


STEP = _update_post(STEPPED)
"""What a step of its life changes; columns that stay are left out, and so are their indices."""
EDIT = _update_post(EDITED)
"""What a new version changes besides."""
NEW_POST = _insert(t.posts)


@cache
def list_posts(*, of_account: bool, bounded: bool, newest_first: bool) -> sa.Select[Any]:
    """Posts in one state, in the order of the index."""
    listed = sa.select(*_p).where(_p.state == given("state"))
    if of_account:
        listed = listed.where(_p.account_id == given("account_id"))
    if bounded:
        listed = listed.where(_p.due < given("before"))
    order = (_p.due.desc(), _p.id.desc()) if newest_first else (_p.due, _p.id)
    return listed.order_by(*order).limit(LIMIT)


@cache
def find_posts(
    order: Order, kind: Kind | None, *, of_account: bool, goes_on: bool, newest_first: bool
) -> sa.Select[Any]:
    """What a page is made of, of one state and in the order of an index: the instant, the id, the text."""
    at = _p[order.value]
    found = sa.select(at, _p.id, _p.text).where(_p.state == given("state"))
    # What goes on after a place has an instant anyhow; to say so twice leads the planner to the index of all kinds.
    if order is Order.PUBLISHED and not (goes_on and kind is Kind.REPLY):
        found = found.where(sa.text("published_at IS NOT NULL"))
    if kind is not None:
        found = found.where(_p.kind == sa.literal_column(f"'{kind}'"))
    if of_account:
        found = found.where(_p.account_id == given("account_id"))
    if goes_on:
        here, there = sa.tuple_(at, _p.id), sa.tuple_(given("after_at"), given("after_id"))
        found = found.where(here < there if newest_first else here > there)
    return found.order_by(*((at.desc(), _p.id.desc()) if newest_first else (at, _p.id)))


# --- findings --------------------------------------------------------------------------------------------------

_r = t.readings.c
NEW_READING = (
    insert(t.readings)
    .values({c.name: given(c.name) for c in t.readings.c if c.name not in {"seq", *HOME}})
    .on_conflict_do_nothing(index_elements=["post_id", "rung"])
)


@cache
def list_readings(*, of_post: bool, of_account: bool) -> sa.Select[Any]:
    """Readings after a cursor, oldest first."""
    listed = sa.select(*_r).where(_r.seq > given("after"))
    if of_post:
        listed = listed.where(_r.post_id == given("post_id"))
    if of_account:
        listed = listed.where(_r.account_id == given("account_id"))
    return listed.order_by(_r.seq).limit(LIMIT)


NEWEST_READING = (
    sa.select(*_r).where(_r.post_id == given("post_id")).order_by(_r.seq.desc()).limit(sa.literal_column("1"))
)

_t = t.targets.c
TARGET = sa.select(*_t).where(_t.id == given("id"))
WRITE_TARGET = upsert(t.targets, leave=HOME)


@cache
def list_targets(*, of_account: bool) -> sa.Select[Any]:
    """Targets in one state, best first."""
    listed = sa.select(*_t).where(_t.state == given("state"))
    if of_account:
        listed = listed.where(_t.account_id == given("account_id"))
    return listed.order_by(_t.score.desc(), _t.id.desc()).limit(LIMIT)


_m = t.models.c
CHAMPION = sa.select(*_m).where(_m.account_id == given("account_id"), sa.text("champion = 1"))
MODELS = (
    sa.select(*_m)
    .where(_m.account_id == given("account_id"))
    .order_by(_m.created_at.desc(), _m.version.desc())
    .limit(LIMIT)
)
DETHRONE = (
    sa.update(t.models)
    .where(_m.account_id == given("of_account"), sa.text("champion = 1"))
    .values(champion=sa.literal_column("0"))
)
WRITE_MODEL = upsert(t.models, leave=HOME)
ADVICE = sa.select(*t.advice.c).where(t.advice.c.account_id == given("account_id"))
ALL_ADVICE = sa.select(*t.advice.c).order_by(t.advice.c.account_id)
WRITE_ADVICE = upsert(t.advice, leave=HOME)

# --- the ledger ------------------------------------------------------------------------------------------------

_a, _h, _s = t.accounts.c, t.holds.c, t.spends.c
ACCOUNTS = sa.select(*_a).order_by(_a.id)
ACCOUNT = sa.select(*_a).where(_a.id == given("id"))
WRITE_ACCOUNT = upsert(t.accounts)
HOLDS = sa.select(*_h).where(sa.or_(_h.until.is_(None), _h.until > given("now"))).order_by(_h.account_id, _h.kind)
WRITE_HOLD = upsert(t.holds, leave=HOME)
LIFT_HOLD = sa.delete(t.holds).where(_h.account_id == given("account_id"), _h.kind == given("kind"))

_window = sa.and_(_s.key == given("key"), _s.unit == given("unit"), _s.at > given("edge"))
USED = sa.select(sa.func.total(_s.amount)).where(_window)
SPENDS = sa.select(_s.at, _s.amount).where(_window).order_by(_s.at)
RESERVED = (
    sa.select(_s.id)
    .where(
        _s.subject == given("subject"),
        sa.text("reserved = 1"),
        _s.key == given("key"),
        _s.unit == given("unit"),
        _s.at > given("now"),
    )
    .limit(sa.literal_column("1"))
)
RESERVE = _insert(t.spends, leave=("id",))
_open_spend = sa.and_(_s.subject == given("of_subject"), sa.text("reserved = 1"))
SETTLE = sa.update(t.spends).where(_open_spend).values(at=given("at"), reserved=sa.literal_column("0"))
SETTLE_AT_COST = (
    sa.update(t.spends)
    .where(_open_spend)
    .values(at=given("at"), reserved=sa.literal_column("0"), amount=given("amount"))
)
REFUND = sa.delete(t.spends).where(_open_spend)

_w = t.words.c
KEEP_WORDS = insert(t.words).values({c.name: given(c.name) for c in _w if c.name not in HOME}).on_conflict_do_nothing()
USE_WORDS = upsert(t.words, leave=HOME)
UNUSED_WORDS = (
    sa.select(*_w)
    .where(_w.account_id == given("account_id"), sa.text("used = 0"), _w.at > given("after"))
    .order_by(_w.at, _w.id)
    .limit(LIMIT)
)

_secret = sa.and_(t.secrets.c.account_id == given("account_id"), t.secrets.c.name == given("name"))
SECRET = sa.select(t.secrets.c.token).where(_secret)
ANY_SECRET = sa.select(t.secrets.c.name).limit(sa.literal_column("1"))
WRITE_SECRET = upsert(t.secrets, leave=HOME)
FORGET_SECRETS = sa.delete(t.secrets).where(t.secrets.c.account_id == given("account_id"))

# --- the journal -----------------------------------------------------------------------------------------------

_f = t.facts.c
NEW_FACT = _insert(t.facts, leave=("seq", *HOME))


@cache
def list_facts(*, of_post: bool, of_kind: bool) -> sa.Select[Any]:
    """Facts after a cursor, oldest first."""
    listed = sa.select(*_f).where(_f.seq > given("after"))
    if of_post:
        listed = listed.where(_f.post_id == given("post_id"))
    if of_kind:
        listed = listed.where(_f.kind == given("kind"))
    return listed.order_by(_f.seq).limit(LIMIT)


@cache
def newest_facts(*, of_account: bool, of_kind: bool, bounded: bool = False) -> sa.Select[Any]:
    """The newest facts first."""
    listed = sa.select(*_f)
    if bounded:
        listed = listed.where(_f.seq < given("before"))
    if of_account:
        listed = listed.where(_f.account_id == given("account_id"))
    if of_kind:
        listed = listed.where(_f.kind == given("kind"))
    return listed.order_by(_f.seq.desc()).limit(LIMIT)


FIRST_FACT = sa.select(_f.seq, _f.at).where(_f.seq >= given("seq")).order_by(_f.seq).limit(sa.literal_column("1"))
LAST_FACT = sa.select(_f.seq).order_by(_f.seq.desc()).limit(sa.literal_column("1"))

_u, _c, _o = t.runs.c, t.commands.c, t.owners.c
CLAIM_RUN = insert(t.runs).values({c.name: given(c.name) for c in _u if c.name not in HOME}).on_conflict_do_nothing()
WRITE_RUN = upsert(t.runs, leave=HOME)

# Every name that has a run: from one to the next by the index, for there are few names and a great many runs.
_known = sa.select(sa.func.min(_u.job).label("job")).cte("known", recursive=True)
_next = sa.select(sa.func.min(_u.job)).where(_u.job > _known.c.job).scalar_subquery()
_names = _known.union_all(sa.select(_next).where(_known.c.job.is_not(None)))
JOBS = sa.select(_names.c.job).where(_names.c.job.is_not(None))


@cache
def list_runs(*, of_job: bool, bounded: bool = False) -> sa.Select[Any]:
    """Runs, newest first."""
    listed = sa.select(*_u)
    if bounded:
        listed = listed.where(earlier(_u.started_at, _u.id))
    if of_job:
        listed = listed.where(_u.job == given("job"))
    return listed.order_by(_u.started_at.desc(), _u.id.desc()).limit(LIMIT)


WRITE_COMMAND = upsert(t.commands, leave=(*HOME, "taken_by", "taken_at"))
COMMAND = sa.select(*_c).where(_c.id == given("id"))


@cache
def list_commands(*, of_person: bool, of_verb: bool, bounded: bool) -> sa.Select[Any]:
    """Commands, newest first."""
    listed = sa.select(*_c)
    if bounded:
        listed = listed.where(earlier(_c.asked_at, _c.id))
    if of_person:
        listed = listed.where(_c.by == given("by_given"))
    if of_verb:
        listed = listed.where(_c.verb == given("verb"))
    return listed.order_by(_c.asked_at.desc(), _c.id.desc()).limit(LIMIT)


_taker_lives = there_is(t.owners, _o.id == _c.taken_by, _o.heard_at > given("silent_since"))
FREE_COMMAND = (
    sa.select(*_c)
    .where(
        sa.text("done_at IS NULL"),
        sa.or_(sa.text("taken_by = ''"), sa.and_(_c.taken_at <= given("silent_since"), ~_taker_lives)),
    )
    .order_by(_c.asked_at, _c.id)
    .limit(sa.literal_column("1"))
)
TAKE_COMMAND = (
    sa.update(t.commands).where(_c.id == given("command_id")).values(taken_by=given("owner"), taken_at=given("now"))
)
BEAT = upsert(t.owners)
OWNERS = sa.select(*_o).order_by(_o.heard_at.desc(), _o.id.desc()).limit(LIMIT)
CURSOR = sa.select(t.cursors.c.seq).where(t.cursors.c.name == given("name"))
WRITE_CURSOR = upsert(t.cursors)
META = sa.select(t.meta.c.value).where(t.meta.c.name == given("name"))
WRITE_META = upsert(t.meta)

# --- a restore -------------------------------------------------------------------------------------------------

DUE_SINCE = (
    sa.select(*_p).where(sa.or_(_p.state == sa.literal_column("'sending'"), _queued_and_due)).order_by(_p.due, _p.id)
)


@cache
def pictured(state: State) -> sa.Select[Any]:
    """Posts of a state that carry a picture; not bounded, as the backup that asks is not."""
    carries = sa.func.instr(_p.payload, sa.literal_column("'\"media\"'")) > sa.literal_column("0")
    return sa.select(*_p).where(_p.state == sa.literal_column(f"'{state}'"), carries).order_by(_p.due, _p.id)


ANSWER_COMMANDS = (
    sa.update(t.commands)
    .where(sa.text("done_at IS NULL"))
    .values(done_at=given("now"), ok=sa.literal_column("0"), answer=given("answer_given"))
)
FORGET_OWNERS = sa.delete(t.owners)

"""Incidents, the outbox, silences, breakers, learned limits and snapshots: tables, statements and rows."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import sqlalchemy as sa

from bowerbird.core.account import Learned
from bowerbird.core.breaker import BreakerState, Position
from bowerbird.core.gauge import Snapshot
from bowerbird.core.incident import Delivery, Incident, Severity, Silence, Told
from bowerbird.storage import tables as t
from bowerbird.storage.columns import count, home, instant, metadata, one_of, text
from bowerbird.storage.rows import Line, Row, encode, flat, reader
from bowerbird.storage.statements import HOME, LIMIT, earlier, given, upsert

# --- tables ----------------------------------------------------------------------------------------------------

incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    home(),
    text("fingerprint"),
    text("rule"),
    text("part"),
    text("scope"),
    text("severity"),
    text("title"),
    text("why"),
    text("fix"),
    instant("opened_at"),
    instant("since", nullable=True),
    instant("seen_at"),
    instant("closed_at", nullable=True),
    text("healed_by"),
    text("root"),
    instant("told_at", nullable=True),
    text("by"),
    instant("acknowledged_at", nullable=True),
    text("acknowledged_by", ""),
    one_of("severity", Severity),
)
_open = sa.text("closed_at IS NULL")
sa.Index("ix_incidents_by_age", incidents.c.opened_at, incidents.c.id)
sa.Index("ix_incidents_open", incidents.c.opened_at, incidents.c.id, sqlite_where=_open)
sa.Index("ix_incidents_closed", incidents.c.closed_at, incidents.c.id, sqlite_where=sa.text("closed_at IS NOT NULL"))
sa.Index("ix_incidents_by_root", incidents.c.root, incidents.c.opened_at, incidents.c.id)
_past = sa.text("root = '' AND closed_at IS NOT NULL")
sa.Index("ix_incidents_past", incidents.c.opened_at, incidents.c.id, sqlite_where=_past)
sa.Index("uq_incidents_fingerprint", incidents.c.fingerprint, unique=True, sqlite_where=_open)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    home(),
    text("incident_id"),
    text("told"),
    text("channel"),
    text("title"),
    text("body"),
    instant("due_at"),
    instant("made_at"),
    count("attempts"),
    text("error"),
    instant("sent_at", nullable=True),
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
    home(),
    text("rule"),
    text("part"),
    text("scope"),
    instant("since"),
    instant("until"),
    text("why"),
    text("by"),
)
sa.Index("ix_silences_by_end", silences.c.until, silences.c.id)

breakers = sa.Table(
    "breakers",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    text("position"),
    instant("since"),
    text("why"),
    sa.Column("manual", sa.Boolean, nullable=False),
    count("opens"),
    instant("next_probe_at", nullable=True),
    text("parent"),
    count("failed"),
    count("slow"),
    count("calls"),
    one_of("position", Position),
)

# --- statements ------------------------------------------------------------------------------------------------

_i, _d, _s = incidents.c, deliveries.c, silences.c

INCIDENT = sa.select(*_i).where(_i.id == given("id"))
WRITE_INCIDENT = upsert(incidents, leave=HOME)
PUSH_DELIVERY = sa.update(deliveries).where(_d.id == given("delivery_id")).values(due_at=given("due_at"))
WRITE_DELIVERY = upsert(deliveries, leave=HOME)
SILENCES = sa.select(*_s).where(_s.until > given("now")).order_by(_s.until, _s.id).limit(LIMIT)
WRITE_SILENCE = upsert(silences, leave=HOME)
BREAKERS = sa.select(*breakers.c).order_by(breakers.c.name)
WRITE_BREAKER = upsert(breakers)
LEARNED = sa.select(*t.learned.c).order_by(t.learned.c.key, t.learned.c.unit, t.learned.c.window_s)
WRITE_LEARNED = upsert(t.learned, leave=HOME)
SNAPSHOT = sa.select(*t.snapshots.c).where(t.snapshots.c.name == given("name"))
WRITE_SNAPSHOT = upsert(t.snapshots)


@cache
def list_incidents(*, open_only: bool, bounded: bool = False) -> sa.Select[Any]:
    """Incidents, newest first."""
    listed = sa.select(*_i)
    if bounded:
        listed = listed.where(earlier(_i.opened_at, _i.id))
    if open_only:
        listed = listed.where(sa.text("closed_at IS NULL"))
    return listed.order_by(_i.opened_at.desc(), _i.id.desc()).limit(LIMIT)


@cache
def past_roots(*, bounded: bool) -> sa.Select[Any]:
    """Roots that are over, newest first."""
    listed = sa.select(*_i).where(_past)
    if bounded:
        listed = listed.where(earlier(_i.opened_at, _i.id))
    return listed.order_by(_i.opened_at.desc(), _i.id.desc()).limit(LIMIT)


EFFECTS = sa.select(*_i).where(_i.root == given("root")).order_by(_i.opened_at, _i.id).limit(LIMIT)


@cache
def delivery_due(but: int) -> sa.Select[Any]:
    """The message that has been due longest, and that is for none of so many channels."""
    others = (_d.channel != given(f"but_{n}") for n in range(but))
    due = sa.select(*_d).where(_waiting, _d.due_at <= given("now"), *others)
    return due.order_by(_d.due_at, _d.id).limit(sa.literal_column("1"))


@cache
def list_deliveries(*, of_incident: bool, waiting: bool) -> sa.Select[Any]:
    """Messages, newest first."""
    listed = sa.select(*_d)
    if of_incident:
        listed = listed.where(_d.incident_id == given("incident_id"))
    if waiting:
        listed = listed.where(_waiting)
    return listed.order_by(_d.made_at.desc(), _d.id.desc()).limit(LIMIT)


# --- rows ------------------------------------------------------------------------------------------------------

_read_incident, _read_delivery, _read_silence = reader(incidents), reader(deliveries), reader(silences)
_read_breaker, _read_learned = reader(breakers), reader(t.learned)


def incident_row(incident: Incident) -> Row:
    """Every column of an incident."""
    return flat(incident) | {"severity": incident.severity.value}


def incident_of(line: Line) -> Incident:
    """The incident a line was made from."""
    row = _read_incident(line)
    del row["workspace_id"]
    return Incident(**(row | {"severity": Severity(row["severity"])}))


def delivery_row(delivery: Delivery) -> Row:
    """Every column of a message."""
    return flat(delivery) | {"told": delivery.told.value}


def delivery_of(line: Line) -> Delivery:
    """The message a line was made from."""
    row = _read_delivery(line)
    del row["workspace_id"]
    return Delivery(**(row | {"told": Told(row["told"]), "gave_up": bool(row["gave_up"])}))


def pushed(delivery: Delivery, until: int) -> Delivery:
    """The message while somebody sends it: not due again before `until`."""
    return replace(delivery, due_at=until)


def silence_of(line: Line) -> Silence:
    """The silence a line was made from."""
    row = _read_silence(line)
    del row["workspace_id"]
    return Silence(**row)


def breaker_row(breaker: BreakerState) -> Row:
    """Every column of a breaker."""
    return flat(breaker) | {"position": breaker.position.value}


def breaker_of(line: Line) -> BreakerState:
    """The breaker a line was made from."""
    row = _read_breaker(line)
    return BreakerState(**(row | {"position": Position(row["position"]), "manual": bool(row["manual"])}))


def learned_of(line: Line) -> Learned:
    """The learned limit a line was made from."""
    row = _read_learned(line)
    del row["workspace_id"]
    return Learned(**row)


def snapshot_row(snapshot: Snapshot) -> Row:
    """Every column of a snapshot."""
    return flat(snapshot) | {"data": encode(snapshot.data)}


def snapshot_of(line: Line) -> Snapshot:
    """The snapshot a line was made from."""
    name, at, data = line
    return Snapshot(name=name, at=at, data=json.loads(data))

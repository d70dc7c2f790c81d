"""Incidents, the outbox, silences, breakers, learned limits and snapshots: their statements and their rows."""

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
from bowerbird.storage.rows import Line, Row, encode, flat, reader
from bowerbird.storage.statements import HOME, LIMIT, given, upsert

# --- statements ------------------------------------------------------------------------------------------------

_i, _d, _s = t.incidents.c, t.deliveries.c, t.silences.c
_waiting = sa.text("sent_at IS NULL AND gave_up = 0")

INCIDENT = sa.select(*_i).where(_i.id == given("id"))
WRITE_INCIDENT = upsert(t.incidents, leave=HOME)
DELIVERY_DUE = (
    sa.select(*_d).where(_waiting, _d.due_at <= given("now")).order_by(_d.due_at, _d.id).limit(sa.literal_column("1"))
)
PUSH_DELIVERY = sa.update(t.deliveries).where(_d.id == given("delivery_id")).values(due_at=given("due_at"))
WRITE_DELIVERY = upsert(t.deliveries, leave=HOME)
SILENCES = sa.select(*_s).where(_s.until > given("now")).order_by(_s.until, _s.id).limit(LIMIT)
WRITE_SILENCE = upsert(t.silences, leave=HOME)
BREAKERS = sa.select(*t.breakers.c).order_by(t.breakers.c.name)
WRITE_BREAKER = upsert(t.breakers)
LEARNED = sa.select(*t.learned.c).order_by(t.learned.c.key, t.learned.c.unit, t.learned.c.window_s)
WRITE_LEARNED = upsert(t.learned, leave=HOME)
SNAPSHOT = sa.select(*t.snapshots.c).where(t.snapshots.c.name == given("name"))
WRITE_SNAPSHOT = upsert(t.snapshots)


@cache
def list_incidents(*, open_only: bool) -> sa.Select[Any]:
    """Incidents, newest first."""
    listed = sa.select(*_i)
    if open_only:
        listed = listed.where(sa.text("closed_at IS NULL"))
    return listed.order_by(_i.opened_at.desc(), _i.id.desc()).limit(LIMIT)


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

_read_incident, _read_delivery, _read_silence = reader(t.incidents), reader(t.deliveries), reader(t.silences)
_read_breaker, _read_learned = reader(t.breakers), reader(t.learned)


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

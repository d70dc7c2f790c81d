"""Incidents, the outbox, silences and breakers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from bowerbird.core.breaker import BreakerState
from bowerbird.core.incident import Delivery, Incident, Silence
from bowerbird.core.lists import Place
from bowerbird.storage import alarms as s
from bowerbird.storage.checks import checked_limit
from bowerbird.storage.paging import bounds
from bowerbird.storage.sqlite.handle import Handle, reading, writing
from bowerbird.storage.sqlite.tx import Tx


class SqliteAlarms(Handle):
    """Incidents, the outbox, silences and breakers."""

    @reading
    def incidents(
        self, tx: Tx, *, open_only: bool = False, before: Place | None = None, limit: int = 100
    ) -> list[Incident]:
        """Incidents, newest first by their opening."""
        statement = s.list_incidents(open_only=open_only, bounded=before is not None)
        lines = tx.all(statement, limit=checked_limit(limit), **bounds(before))
        return [s.incident_of(line) for line in lines]

    @reading
    def past_roots(self, tx: Tx, *, before: Place | None = None, limit: int = 50) -> list[Incident]:
        """Roots that are over, newest first by their opening."""
        statement = s.past_roots(bounded=before is not None)
        return [s.incident_of(line) for line in tx.all(statement, limit=checked_limit(limit), **bounds(before))]

    @reading
    def effects(self, tx: Tx, root_ids: Collection[str], *, each: int = 50) -> Mapping[str, list[Incident]]:
        """What each of these roots caused, oldest first."""
        most = checked_limit(each)
        found = {root: [s.incident_of(x) for x in tx.all(s.EFFECTS, root=root, limit=most)] for root in root_ids}
        return {root: effects for root, effects in found.items() if root and effects}

    @reading
    def incident(self, tx: Tx, incident_id: str) -> Incident | None:
        """One incident by its id."""
        line = tx.one(s.INCIDENT, id=incident_id)
        return None if line is None else s.incident_of(line)

    @writing
    def claim_delivery(self, tx: Tx, *, now: int, until: int, but: Collection[str] = ()) -> Delivery | None:
        """Take the message that has been due longest and is neither sent nor given up, and push it."""
        line = tx.one(s.delivery_due(len(but)), now=now, **{f"but_{n}": name for n, name in enumerate(but)})
        if line is None:
            return None
        delivery = s.pushed(s.delivery_of(line), until)
        tx.run(s.PUSH_DELIVERY, delivery_id=delivery.id, due_at=until)
        return delivery

    @reading
    def deliveries(self, tx: Tx, *, incident_id: str = "", waiting: bool = False, limit: int = 100) -> list[Delivery]:
        """Messages, newest first; `waiting`: those neither sent nor given up."""
        statement = s.list_deliveries(of_incident=bool(incident_id), waiting=waiting)
        return [s.delivery_of(line) for line in tx.all(statement, incident_id=incident_id, limit=checked_limit(limit))]

    @reading
    def deliveries_of(self, tx: Tx, incident_ids: Collection[str], *, each: int = 50) -> Mapping[str, list[Delivery]]:
        """The newest messages about each of these, newest first."""
        statement, most = s.list_deliveries(of_incident=True, waiting=False), checked_limit(each)
        found = {
            one: [s.delivery_of(line) for line in tx.all(statement, incident_id=one, limit=most)]
            for one in incident_ids
        }
        return {one: messages for one, messages in found.items() if messages}

    @reading
    def silences(self, tx: Tx, *, now: int) -> list[Silence]:
        """Silences whose end has not come, the first to end first, at most 1,000."""
        return [s.silence_of(line) for line in tx.all(s.SILENCES, now=now, limit=checked_limit(1000))]

    @reading
    def breakers(self, tx: Tx) -> list[BreakerState]:
        """Every breaker as it was last written, by name."""
        return [s.breaker_of(line) for line in tx.all(s.BREAKERS)]

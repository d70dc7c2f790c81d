"""Incidents, the outbox, silences and breakers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import islice

from bowerbird.core.breaker import BreakerState
from bowerbird.core.incident import Delivery, Incident, Silence
from bowerbird.core.lists import Place
from bowerbird.storage.alarms import pushed
from bowerbird.storage.checks import checked_limit
from bowerbird.storage.memory.handle import Handle, verb


class MemoryAlarms(Handle):
    """Incidents, the outbox, silences and breakers."""

    @verb
    def incidents(self, *, open_only: bool = False, before: Place | None = None, limit: int = 100) -> list[Incident]:
        """Incidents, newest first by their opening."""
        wanted = [i for i in self.books.incidents.values() if not (open_only and i.closed_at is not None)]
        newest = sorted(wanted, key=lambda incident: (incident.opened_at, incident.id), reverse=True)
        earlier = (one for one in newest if before is None or Place(one.opened_at, one.id) < before)
        return list(islice(earlier, checked_limit(limit)))

    @verb
    def past_roots(self, *, before: Place | None = None, limit: int = 50) -> list[Incident]:
        """Roots that are over, newest first by their opening."""
        past = [one for one in self.books.incidents.values() if not one.root and one.closed_at is not None]
        newest = sorted(past, key=lambda incident: (incident.opened_at, incident.id), reverse=True)
        earlier = (one for one in newest if before is None or Place(one.opened_at, one.id) < before)
        return list(islice(earlier, checked_limit(limit)))

    @verb
    def effects(self, root_ids: Collection[str], *, each: int = 50) -> Mapping[str, list[Incident]]:
        """What each of these roots caused, oldest first."""
        most, found = checked_limit(each), dict[str, list[Incident]]()
        for one in sorted(self.books.incidents.values(), key=lambda incident: (incident.opened_at, incident.id)):
            if one.root and one.root in root_ids:
                found.setdefault(one.root, []).append(one)
        return {root: effects[:most] for root, effects in found.items()}

    @verb
    def incident(self, incident_id: str) -> Incident | None:
        """One incident by its id."""
        return self.books.incidents.get(incident_id)

    @verb
    def claim_delivery(self, *, now: int, until: int, but: Collection[str] = ()) -> Delivery | None:
        """Take the message that has been due longest and is neither sent nor given up, and push it."""
        due = [d for d in self.books.deliveries.values() if _waits(d) and d.due_at <= now and d.channel not in but]
        if not due:
            return None
        taken = pushed(min(due, key=lambda delivery: (delivery.due_at, delivery.id)), until)
        self.books.deliveries[taken.id] = taken
        self.books.mark += 1
        return taken

    @verb
    def deliveries(self, *, incident_id: str = "", waiting: bool = False, limit: int = 100) -> list[Delivery]:
        """Messages, newest first; `waiting`: those neither sent nor given up."""
        found = (d for d in self.books.deliveries.values() if incident_id in {"", d.incident_id})
        wanted = [d for d in found if _waits(d) or not waiting]
        newest = sorted(wanted, key=lambda delivery: (delivery.made_at, delivery.id), reverse=True)
        return newest[: checked_limit(limit)]

    @verb
    def deliveries_of(self, incident_ids: Collection[str], *, each: int = 50) -> Mapping[str, list[Delivery]]:
        """The newest messages about each of these, newest first."""
        most, found = checked_limit(each), dict[str, list[Delivery]]()
        for one in sorted(self.books.deliveries.values(), key=lambda row: (row.made_at, row.id), reverse=True):
            if one.incident_id in incident_ids:
                found.setdefault(one.incident_id, []).append(one)
        return {incident: messages[:most] for incident, messages in found.items()}

    @verb
    def silences(self, *, now: int) -> list[Silence]:
        """Silences whose end has not come, the first to end first, at most 1,000."""
        lasting = [silence for silence in self.books.silences.values() if silence.until > now]
        return sorted(lasting, key=lambda silence: (silence.until, silence.id))[: checked_limit(1000)]

    @verb
    def breakers(self) -> list[BreakerState]:
        """Every breaker as it was last written, by name."""
        return [self.books.breakers[name] for name in sorted(self.books.breakers)]


def _waits(delivery: Delivery) -> bool:
    return delivery.sent_at is None and not delivery.gave_up

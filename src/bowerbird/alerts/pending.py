"""What the judge decided and the books do not hold yet: incidents, messages and facts, committed together.

While the books refuse, incidents wait here, messages are carried by the outbox, and facts go to the spool; the
first batch that is taken holds all that is left, each message as it is by then, so that none is sent twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from bowerbird.alerts.outbox import Outbox
from bowerbird.core.books import Alarms, Batch, Committed, Journal, Keeper
from bowerbird.core.errors import StorageError
from bowerbird.core.facts import Fact
from bowerbird.core.incident import Delivery, Incident

T = TypeVar("T")

FACTS_WAIT_MAX = 1_000
"""Facts that wait in memory for books or spool; the oldest are dropped first, the incidents never are."""


class Books(Alarms, Journal, Keeper, Protocol):
    """What is asked of the books here."""


@dataclass
class Pending:
    """What waits to be written.

    Args:
        incidents, messages: by id, each as it is now.
        writable: False while the books refused the last batch.
    """

    incidents: dict[str, Incident] = field(default_factory=dict)
    messages: dict[str, Delivery] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    writable: bool = True
    _renamed: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.incidents or self.messages or self.facts)

    def rename(self, old: str, new: str) -> None:
        """An incident turned out to be one that the books know under another id."""
        self.incidents.pop(old, None)
        self._renamed[old] = new
        self._take(self.messages)

    def take_back(self, outbox: Outbox) -> None:
        """Take what the outbox carried in memory, as it is now."""
        self._take({row.id: row for row in outbox.put_down()})

    def _take(self, rows: Mapping[str, Delivery]) -> None:
        for key, row in list(rows.items()):
            self.messages[key] = replace(row, incident_id=self._renamed.get(row.incident_id, row.incident_id))

    async def commit(self, books: Books, outbox: Outbox, cursors: Mapping[str, int] | None) -> bool:
        """Write all of it in one batch, or carry it; return True if it was written.

        Somebody may decide more while the books write, so only what was in the batch is taken off.

        Args:
            cursors: how far the facts were read; None if what was open before this start is not known yet, and then
                nothing may be written.
        """
        incidents, messages, facts = dict(self.incidents), dict(self.messages), list(self.facts)
        if cursors is not None:
            batch = Batch(
                incidents=tuple(incidents.values()),
                deliveries=tuple(messages.values()),
                facts=tuple(facts),
                cursors=cursors,
            )
            try:
                outcome = await books.record(batch)
            except StorageError:
                outcome = None
            if isinstance(outcome, Committed):
                self.writable = True
                self.incidents = _without(self.incidents, incidents)
                self.messages = _without(self.messages, messages)
                del self.facts[: len(facts)]
                return True
        self.writable = False
        await self._without_books(books, outbox)
        return False

    async def _without_books(self, books: Books, outbox: Outbox) -> None:
        """Send from memory, and keep the facts where the next start finds them."""
        outbox.carry(list(self.messages.values()))
        self.messages.clear()
        del self.facts[:-FACTS_WAIT_MAX]
        facts = tuple(self.facts)
        if not facts:
            return
        try:
            await books.keep(Batch(facts=facts))
        except StorageError:
            return  # neither books nor spool: they wait in memory, and the incident is told all the same
        del self.facts[: len(facts)]


def _without(now: dict[str, T], written: Mapping[str, T]) -> dict[str, T]:
    return {key: row for key, row in now.items() if row is not written.get(key)}

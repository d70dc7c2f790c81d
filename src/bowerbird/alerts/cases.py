"""The open incidents as the judge holds them in memory, and which of them caused which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bowerbird.alerts.graph import Edges, roots_of
from bowerbird.alerts.rules import BY_NAME, RANK
from bowerbird.core.incident import Incident, Severity

WINDOW_S = 600.0
"""A cause may be found so long after its effect and still explain it, in seconds."""


@dataclass(slots=True)
class Case:
    """One open incident.

    Args:
        incident: as it is, or will be, in the books.
        opened_s: when it was found, on the monotonic clock.
        needs: parts that its own labels name as the cause.
        queued: its first message is in the outbox, or left long ago.
        theirs: the guardian told it, and will say when it is over.
        spoken_s, reminders: when somebody was last told, and how often they were reminded.
        cleared_s: since when its symptom is gone for good, None while it is there.
    """

    incident: Incident
    opened_s: float
    needs: frozenset[str] = field(default_factory=frozenset)
    queued: bool = False
    theirs: bool = False
    spoken_s: float = 0.0
    reminders: int = 0
    cleared_s: float | None = None

    @property
    def explains(self) -> bool:
        """Only what is told itself may be the root of others, or they would never be told."""
        rule = BY_NAME.get(self.incident.rule)
        return self.incident.severity is not Severity.INFO and (rule is None or rule.sends)

    @property
    def age(self) -> tuple[float, int, str]:
        """What came first: by time, then by the order of the rules."""
        return (self.opened_s, RANK.get(self.incident.rule, len(RANK)), self.incident.id)


def linked(cases: Iterable[Case], edges: Edges) -> dict[str, str]:
    """Find the root of every open incident; a root has none.

    1. An incident needs those that stand on the parts it needs, if they are older than it or came at most
       `WINDOW_S` later.
    2. Of several about one part the first is what happened; the others need it.
    3. The root is the oldest that needs none of the others.

    Returns:
        The id of the root by the id of the incident; empty for a root.
    """
    ordered = sorted(cases, key=lambda case: case.age)
    on_part: dict[str, list[Case]] = {}
    for case in ordered:
        if case.explains:
            on_part.setdefault(case.incident.part, []).append(case)
    needs = {case.incident.id: frozenset(_causes_of(case, on_part, edges)) for case in ordered}
    roots = roots_of([case.incident.id for case in ordered], needs)
    return {found: root if root != found else "" for found, root in roots.items()}


def _causes_of(case: Case, on_part: Mapping[str, list[Case]], edges: Edges) -> Iterable[str]:
    part = case.incident.part
    for need in edges.get(part, frozenset()) | case.needs:
        for other in on_part.get(need, ()):
            if need != part and other.opened_s <= case.opened_s + WINDOW_S:
                yield other.incident.id
    for other in on_part.get(part, ()):
        if other.age < case.age:
            yield other.incident.id

"""Whom a person may answer, best first."""

from __future__ import annotations

from typing import Any

from bowerbird.core.findings import TargetState
from bowerbird.core.ports import Clock
from bowerbird.dashboard.asked import Asked, Books


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Whom a person may answer, best first."""
    found = await books.targets(states=(TargetState.OPEN, TargetState.DRAFTED), limit=100)
    return {"now": clock.now(), "targets": found}

"""Every job as the engine last said: in the drawing, and one by one."""

from __future__ import annotations

from typing import Any

from bowerbird.core.ports import Clock
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.graph import drawn


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Every job as the engine last said: in the drawing, and one by one."""
    said = await books.snapshot("jobs")
    rows = said.data["jobs"] if said else []
    return {
        "now": clock.now(),
        "jobs": sorted(rows, key=lambda row: ("red", "amber", "green").index(row["light"])),
        "jobs_at": said.at if said else None,
        "lanes": said.data["lanes"] if said else [],
        "drawing": drawn(rows),
    }

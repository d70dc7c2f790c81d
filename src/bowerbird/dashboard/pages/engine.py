"""The parts of the engine, with the plan for doing without each."""

from __future__ import annotations

from typing import Any

from bowerbird.core.ports import Clock
from bowerbird.dashboard.asked import Asked, Books


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """The parts of the engine, with the plan for doing without each."""
    parts = await books.snapshot("parts")
    return {"now": clock.now(), "parts": parts.data if parts else None, "parts_at": parts.at if parts else None}

"""The parts of the engine with the plan for doing without each, and the breakers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bowerbird.core.breaker import BreakerState, Position
from bowerbird.core.health import Light
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import span
from bowerbird.dashboard.asked import Asked, Books


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """The parts of the engine with the plan for doing without each, and the breakers."""
    now = clock.now()
    parts, kept = await books.snapshot("parts"), await books.breakers()
    return {
        "now": now,
        "parts": parts.data if parts else None,
        "parts_at": parts.at if parts else None,
        "switches": [switch(state, now=now) for state in kept],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A breaker on the page: how it is in one sentence, and which buttons make sense."""

    state: BreakerState
    light: Light
    sentence: str


def switch(state: BreakerState, *, now: int) -> Switch:
    """Say how a breaker is."""
    held = f"{state.position} for {span(max(0.0, (now - state.since) / SECOND_US))}"
    if state.position is Position.CLOSED:
        calls = (
            f"{state.calls} calls in its window, {state.failed} failed, {state.slow} slow" if state.calls else "idle"
        )
        return Switch(state=state, light=Light.GREEN, sentence=f"{held}; {calls}.")
    why = state.why.rstrip(".") or "it did not say why"
    if state.manual:
        return Switch(
            state=state, light=Light.AMBER, sentence=f"{held} by hand: {why}. It stays so until you close it."
        )
    ahead = "is due now"
    if state.next_probe_at is not None and state.next_probe_at > now:
        ahead = f"comes in {span((state.next_probe_at - now) / SECOND_US)}"
    return Switch(state=state, light=Light.RED, sentence=f"{held}: {why}. Its next probe {ahead}.")

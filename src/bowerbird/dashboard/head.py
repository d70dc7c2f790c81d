"""What stands first on the page of a layer: the light and the sentence that the overview has for it, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bowerbird.core.health import Health
from bowerbird.core.incident import Incident
from bowerbird.dashboard.layers import Picture, judged, word
from bowerbird.dashboard.nodes import alarming, layer_of

INCIDENTS_MAX = 10
"""Open incidents that are named at the head."""


@dataclass(frozen=True, slots=True)
class Head:
    """A layer as it stands: its light, its state in a word, and the open incidents that are about it."""

    health: Health
    word: str
    incidents: Sequence[Incident]


def head(p: Picture, own: Health) -> Head:
    """Judge a layer as the overview does, from what it says of itself and what `ground` read."""
    health = judged(p, own)
    mine = [one for one in alarming(p.incidents) if layer_of(one.part) == health.part]
    return Head(health, word(health), mine[:INCIDENTS_MAX])

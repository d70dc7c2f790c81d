"""Every drill there is, in the order of the catalogue."""

from __future__ import annotations

from bowerbird.drills import layer1, layer2, layer3, layer4, layer5, layer8, layer9, patterns
from bowerbird.drills.row import Drill

DRILLS: tuple[Drill, ...] = (
    *layer1.DRILLS, *layer2.DRILLS, *layer3.DRILLS, *layer4.DRILLS, *layer5.DRILLS,
    *layer8.DRILLS, *layer9.DRILLS, *patterns.DRILLS,
)  # fmt: skip
"""Ways to break, several to a row."""

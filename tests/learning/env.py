"""A small simulated account, to see whether the learner finds what was planted.

Its law: log rate = base + the effects of topic, angle, tone, format and slot + topic x slot + topic x tone; views are
log-normal with a heavy tail, engagement is over-dispersed, and a reading at an early age shows what has arrived.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from bowerbird.core.findings import Advice, Counts, Reading
from bowerbird.core.levers import levers
from bowerbird.core.post import Choice
from bowerbird.learning.label import Kind, label
from bowerbird.learning.linear import Example

HOUR_S = 3_600.0
CELLS = [
    Choice(topic=topic, angle=angle, tone=tone, format=form, slot=slot)
    for topic, angle, tone, form, slot in product(
        ("asyncio", "typing", "pathlib", "itertools", "dates", "testing"),
        ("how", "why", "myth"),
        ("plain", "playful"),
        ("tip", "question"),
        ("09:30", "12:30", "17:30"),
    )
]


def best(cells: Sequence[Choice], advice: Advice, draw: int) -> int:
    """The index of the best of these cells under one posterior draw: Thompson's choice; the first of equals."""
    drawn = dict(zip(advice.levels, advice.draws[draw % len(advice.draws)], strict=True)) if advice.draws else {}
    scores = [sum(drawn.get(name, 0.0) for name in levers(cell)) for cell in cells]
    return scores.index(max(scores))


def example(post_id: str, choice: Choice, counts: Counts, age_s: float, rung: int) -> Example:
    """The learner's view of one reading of one post."""
    reading = Reading(post_id=post_id, account_id="sandbox:wren", rung=rung, age_s=age_s, observed_at=0, counts=counts)
    made = label(reading, Kind.RATE)
    assert made is not None
    named = tuple((name, 1.0) for name in levers(choice))
    return Example(post_id, rung, (*named, *made.extras), made.y, made.weight, made.final)


@dataclass
class Account:
    """An account whose audience follows a law drawn from the seed; `strength` 0 plants no effect at all."""

    seed: int
    strength: float = 0.5
    effects: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        for name in sorted({name for cell in CELLS for name in levers(cell)}):
            scale = self.strength * (0.5 if "&" in name else 1.0)
            self.effects[name] = self.rng.gauss(0.0, scale)

    def rate(self, choice: Choice) -> float:
        """The true mean engagement per impression of a cell."""
        return math.exp(-3.5 + sum(self.effects[name] for name in levers(choice)))

    def post(self, choice: Choice) -> tuple[Counts, Counts]:
        """What a post of this cell shows after an hour and after a week."""
        views = int(self.rng.lognormvariate(math.log(400), 0.8) * self.rng.paretovariate(3.0))
        mean = min(self.rate(choice) * self.rng.lognormvariate(-0.18, 0.6), 0.5) * views
        likes = max(0, round(self.rng.gauss(mean, math.sqrt(mean + 0.1))))
        early = round(likes * self.rng.uniform(0.25, 0.5))
        return Counts(impressions=int(views * 0.4), likes=early), Counts(impressions=views, likes=likes)

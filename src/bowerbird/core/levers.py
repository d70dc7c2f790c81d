"""The levers of a choice, by name: what the planner turns, the learner weighs and the advice speaks about.

Both sides ask here, so that a lever has one name: `Advice.levels` are these names, and a cell's effect under one
posterior draw is the sum of the draws of its levers, a lever that the advice does not know counting 0.
"""

from __future__ import annotations

from bowerbird.core.post import Choice

FACTORS = ("topic", "angle", "tone", "format", "slot")
"""The levers that act alone."""
PAIRS = (("topic", "slot"), ("topic", "tone"))
"""The levers that act together; measured, other pairs are not worth their parameters."""


def levers(choice: Choice) -> tuple[str, ...]:
    """Name the levers of a choice, such as ``topic=asyncio``, ``slot=09:30``, ``topic=asyncio&slot=09:30``.

    An empty field has no lever. Slots are rounded down to the half hour, so that an account that posts every few
    seconds does not learn 86,400 of them.
    """
    named = {factor: _value(choice, factor) for factor in FACTORS}
    alone = [f"{factor}={value}" for factor, value in named.items() if value]
    both = [f"{a}={named[a]}&{b}={named[b]}" for a, b in PAIRS if named[a] and named[b]]
    return (*alone, *both)


def _value(choice: Choice, factor: str) -> str:
    value: str = getattr(choice, factor)
    if factor != "slot" or len(value) != 5 or not (value[:2] + value[3:]).isdecimal():
        return value
    return f"{value[:3]}{'30' if int(value[3:]) >= 30 else '00'}"

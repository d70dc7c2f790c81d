"""The levers of a choice, by name: what the planner turns, the learner weighs and the advice speaks about.

Both sides ask here, so that a lever has one name: `Advice.levels` are these names, and a cell's effect under one
posterior draw is the sum of the draws of its levers, a lever that the advice does not know counting 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bowerbird.core.findings import Advice
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


def effects(advice: Advice, draw: int) -> Mapping[str, float]:
    """One posterior draw as a mapping from lever to effect (log scale); empty where there are no draws."""
    if not advice.draws:
        return {}
    return dict(zip(advice.levels, advice.draws[draw % len(advice.draws)], strict=True))


def effect(choice: Choice, drawn: Mapping[str, float]) -> float:
    """The effect of a cell under one draw (log scale): the best cell under one draw is Thompson's choice."""
    return sum(drawn.get(lever, 0.0) for lever in levers(choice))


def best(choices: Sequence[Choice], drawn: Mapping[str, float]) -> int:
    """The index of the best of these cells under one draw; the first of equals."""
    return max(range(len(choices)), key=lambda n: effect(choices[n], drawn))


def _value(choice: Choice, factor: str) -> str:
    value: str = getattr(choice, factor)
    if factor != "slot" or len(value) != 5 or not (value[:2] + value[3:]).isdecimal():
        return value
    return f"{value[:3]}{'30' if int(value[3:]) >= 30 else '00'}"

"""What to write next: which cell (topic, angle, tone, format) a slot gets.

1. One of the learner's posterior draws is picked by chance, and under it the best cell (Thompson sampling).
2. One time in twenty any cell is as good as any other, so that nothing is ruled out for ever.
3. How probable the choice was is written down with it, for without that nothing can be learned from it later.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bowerbird.core.findings import Advice
from bowerbird.core.levers import levers
from bowerbird.core.post import Choice

FLOOR = 0.05
"""The share of choices that are made without advice."""

_SAME = 1e-9
_SMALL = 0.01
"""A smaller share is said in words."""


@dataclass(frozen=True, slots=True)
class Odds:
    """How probable each cell is, and under each draw which cells are best (shares of one)."""

    shares: tuple[float, ...]
    best: tuple[tuple[int, ...], ...]


def choose_cell(
    cells: Sequence[Choice], advice: Advice | None, rng: random.Random, *, slot: str = "", floor: float = FLOOR
) -> Choice:
    """Return the cell to write for, with slot, model version, propensity and the reason in one sentence.

    Without cells everything is free; without advice every cell is as likely.
    """
    if not cells:
        return Choice(slot=slot, because="The writer is free to choose.")
    cells = [replace(cell, slot=slot) for cell in cells]
    version = advice.version if advice else ""
    if advice is None or not advice.draws:
        return replace(
            rng.choice(cells),
            propensity=1 / len(cells),
            model_version=version,
            because="Nothing is known yet about what works here, so each kind of post is as likely.",
        )
    odds = weigh(cells, advice)
    explored = rng.random() < floor
    at = rng.randrange(len(cells)) if explored else rng.choice(odds.best[rng.randrange(len(odds.best))])
    share = odds.shares[at]
    return replace(
        cells[at],
        propensity=floor / len(cells) + (1 - floor) * share,
        model_version=version,
        because=_because(cells[at], advice, share, explored=explored),
    )


def weigh(cells: Sequence[Choice], advice: Advice) -> Odds:
    """Return each cell's share of the draws under which it is best; equals share alike."""
    import numpy as np

    places = {level: n for n, level in enumerate(advice.levels)}
    turned = np.zeros((len(cells), len(places)))
    for row, cell in enumerate(cells):
        turned[row, [places[name] for name in levers(cell) if name in places]] = 1.0
    scores = turned @ np.asarray(advice.draws).T
    tops = scores >= scores.max(axis=0) - _SAME
    shares = (tops / tops.sum(axis=0)).mean(axis=1)
    best = tuple(tuple(int(at) for at in np.flatnonzero(top)) for top in tops.T)
    return Odds(tuple(float(share) for share in shares), best)


def _because(cell: Choice, advice: Advice, share: float, *, explored: bool) -> str:
    if explored:
        return "Tried without advice, as one post in twenty is, so that nothing is ruled out for ever."
    known = f"{advice.n} posts" if advice.n >= advice.needed else f"{advice.n} of {advice.needed} posts needed"
    lever = _strongest(cell, advice)
    pull = f"; what counts most for it is {lever}" if lever else ""
    odds = f"in {share:.0%}" if share >= _SMALL else "in a few"
    return f"Best {odds} of the cases the learner holds possible after {known}{pull}."


def _strongest(cell: Choice, advice: Advice) -> str:
    """Name the lever of this cell with the largest mean effect, or nothing if none lifts it."""
    means = dict(zip(advice.levels, advice.means, strict=False))
    lifting = [(means[name], name) for name in levers(cell) if means.get(name, 0.0) > 0]
    return max(lifting)[1].replace("=", " ").replace("&", " with ") if lifting else ""

"""Turn what is believed into advice: draws for the planner, intervals for the page, one honest sentence for a person.

A sentence claims an effect only if the evidence against "no effect" is strong enough for all levers looked at and
all the times we look: the Savage-Dickey ratio (how much less probable 0 became by the data) must reach
levers / `DOUBT`. By Ville's inequality that bounds the chance of any false claim, ever, by about `DOUBT`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from bowerbird.core.findings import Advice
from bowerbird.core.levers import FACTORS
from bowerbird.learning.label import Kind
from bowerbird.learning.linear import Array, Learner, Posterior, precision

DRAWS = 64
"""Posterior draws in one piece of advice."""
DOUBT = 0.10
"""The chance of a false claim that we accept, over all levers and looks."""
WORTH_KNOWING = math.log(1.5)
"""The difference that an answer must be able to show: half as much again (log scale)."""
_Z90 = NormalDist().inv_cdf(0.95)
_DIGITS = 4

_WORDS = {
    "topic": "Posts on {}",
    "angle": "Posts with the angle {}",
    "tone": "Posts in the tone {}",
    "format": "Posts in the form {}",
    "slot": "Posts at {}",
}


def advise(learner: Learner, kind: Kind, rng: random.Random, *, account_id: str, version: str, made_at: int) -> Advice:
    """Make the advice of a learner.

    1. Draw effects (Thompson sampling), half as wide as the posterior, each against the plain average of its factor,
       since only differences within one can be used. A cell's draw is the sum of its levers' draws.
    2. Give each lever's mean and 90 % interval, a lever alone with what it does in pairs, as its posts were paired.
    3. Say in one sentence what stands out, if anything does.
    """
    view = _view(learner)
    means, spreads = view.means, view.spreads
    draws = view.posterior.draws(rng, DRAWS) @ view.parts.T
    needed = needed_posts(learner, view.posterior)
    return Advice(
        account_id=account_id,
        version=version,
        made_at=made_at,
        n=learner.n,
        needed=needed,
        target=str(kind),
        levels=view.levels,
        draws=tuple(map(tuple, np.round(draws, _DIGITS).tolist())) if view.levels else (),
        means=_rounded(means),
        lows=_rounded(means - _Z90 * spreads),
        highs=_rounded(means + _Z90 * spreads),
        sentence=_sentence(learner, view, needed),
    )


def needed_posts(learner: Learner, posterior: Posterior) -> int:
    """How many posts it takes until a difference worth knowing would be told, in the factor that is decided first.

    With k levels posted equally often an effect's variance is noise * k / posts, and it is told when it is z of its
    own spreads away from 0. z follows from the rule of `claims`, the noise is the learner's own estimate.
    """
    sizes = [len(names) for names in _factors(learner).values() if len(names) > 1]
    looked_at, k = max(sum(sizes), 2), min(sizes, default=2)
    z = 3.0
    for _ in range(10):  # z appears on both sides, and the right side hardly depends on it
        shrunk = max(_prior_spread(posterior, k) * z / WORTH_KNOWING, 1.0)
        z = math.sqrt(2 * math.log(looked_at / DOUBT * shrunk))
    return math.ceil(k * posterior.noise * (z / WORTH_KNOWING) ** 2)


@dataclass(frozen=True)
class _View:
    """The levers that advice speaks of, each as a combination of effects.

    Args:
        parts: a row per lever: its own effect, against its factor's average if it acts alone.
        wholes: the same with what it does in pairs; what `means` and `spreads` are of.
        before: the spread of the wholes that the prior allows, in units of the noise.
    """

    posterior: Posterior
    levels: tuple[str, ...]
    parts: Array
    wholes: Array
    means: Array
    spreads: Array
    before: Array


def _view(learner: Learner) -> _View:
    posterior, factors = learner.posterior(), _factors(learner)
    levels = (*(name for names in factors.values() for name in names), *(n for n in learner.names if "&" in n))
    places = {name: place for place, name in enumerate(learner.names)}
    own = np.zeros((len(levels), len(places)))
    for row, level in enumerate(levels):
        own[row, places[level]] = 1.0
    paired = own + _pairs(learner, levels)
    parts, wholes = (_centred(rows, levels, factors) for rows in (own, paired))
    before = np.sqrt(np.square(wholes) @ (1 / np.array([precision(name) for name in learner.names])))
    spreads = posterior.spread(wholes)
    return _View(posterior, levels, parts, wholes, wholes @ posterior.mean, spreads, before)


def _pairs(learner: Learner, levels: tuple[str, ...]) -> Array:
    """The share of each lever's posts that each of its pairs had, a row per lever; nothing for one that is a pair."""
    shares, rows = np.zeros((len(levels), len(learner.names))), {level: row for row, level in enumerate(levels)}
    posts = dict(zip(learner.names, learner.posts, strict=True))
    for place, name in enumerate(learner.names):
        for lever in name.split("&") if "&" in name else ():
            if lever in rows:
                shares[rows[lever], place] = learner.posts[place] / max(posts[lever], 1.0)
    return shares


def _centred(rows: Array, levels: tuple[str, ...], factors: Mapping[str, list[str]]) -> Array:
    """The rows against the plain average of their factor; a pair stays as it is."""
    centred = rows.copy()
    for names in factors.values():
        peers = [levels.index(name) for name in names]
        if peers:
            centred[peers] -= rows[peers].mean(axis=0)
    return centred


def _claims(learner: Learner, view: _View) -> list[int]:
    """Places (in `levels`) of the levers alone whose effect is certain enough to be told, the largest first."""
    tested = [view.levels.index(name) for names in _factors(learner).values() if len(names) > 1 for name in names]
    noise = math.sqrt(view.posterior.noise)
    told = []
    for place in tested:
        mean, spread = float(view.means[place]), float(view.spreads[place])
        evidence = 0.5 * (mean / spread) ** 2 - math.log(noise * float(view.before[place]) / spread)
        if evidence > math.log(len(tested) / DOUBT):
            told.append((mean, place))
    return [place for _, place in sorted(told, reverse=True)]


def _prior_spread(posterior: Posterior, k: int) -> float:
    """How far the prior lets one of k levels stand from their average."""
    return math.sqrt(posterior.noise / precision("") * (1 - 1 / k))


def _factors(learner: Learner) -> dict[str, list[str]]:
    """The levers that act alone, by factor."""
    return {
        factor: [name for name in learner.names if name.startswith(f"{factor}=") and "&" not in name]
        for factor in FACTORS
    }


def _rounded(numbers: Array) -> tuple[float, ...]:
    return tuple(np.round(numbers, _DIGITS).tolist())


def _sentence(learner: Learner, view: _View, needed: int) -> str:
    told = _claims(learner, view)
    if told:
        return _claim(learner, view, told[0] if view.means[told[0]] > 0 else told[-1])
    if learner.n < needed:
        return f"Collecting: {learner.n} of about {needed} posts."
    return f"Nothing stands out after {learner.n} posts."


def _claim(learner: Learner, view: _View, place: int) -> str:
    mean, spread = float(view.means[place]), float(view.spreads[place])
    sign, way = (1, "more") if mean > 0 else (-1, "less")
    ends = (mean - sign * _Z90 * spread, mean + sign * _Z90 * spread)
    percents = [max(round(100 * sign * math.expm1(x)), 0) for x in (mean, *ends)]
    factor, _, value = view.levels[place].partition("=")
    posts = int(learner.posts[learner.names.index(view.levels[place])])
    return (
        f"{_WORDS[factor].format(value)} get {percents[0]} % {way} engagement than your average "
        f"({percents[1]} to {percents[2]} %), from {posts} posts."
    )

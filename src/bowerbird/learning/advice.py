"""Turn what is believed into advice: draws for the planner, intervals for the page, one honest sentence for a person.

A sentence claims an effect only if the evidence against "no effect" is strong enough for all levers looked at and
all the times we look: the Savage-Dickey ratio (how much less probable 0 became by the data) must reach
levers / `DOUBT`. By Ville's inequality that bounds the chance of any false claim, ever, by about `DOUBT`.
"""

from __future__ import annotations

import math
import random
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

    1. Express each lever against the plain average of its factor, since only differences within one can be used.
    2. Draw effects (Thompson sampling), half as wide as the posterior.
    3. Give each lever's mean and 90 % interval, and say in one sentence what stands out, if anything does.
    """
    posterior = learner.posterior()
    levels, contrasts = _contrasts(learner)
    means = contrasts @ posterior.mean
    spreads = posterior.spread(contrasts) if levels else np.zeros(0)
    draws = posterior.draws(rng, DRAWS) @ contrasts.T
    needed = needed_posts(learner, posterior)
    return Advice(
        account_id=account_id,
        version=version,
        made_at=made_at,
        n=learner.n,
        needed=needed,
        target=str(kind),
        levels=tuple(levels),
        draws=tuple(_rounded(draw) for draw in draws) if levels else (),
        means=_rounded(means),
        lows=_rounded(means - _Z90 * spreads),
        highs=_rounded(means + _Z90 * spreads),
        sentence=_sentence(learner, posterior, levels, contrasts, needed),
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


def claims(learner: Learner, posterior: Posterior, levels: list[str], contrasts: Array) -> list[int]:
    """Places (in `levels`) of the levers that act alone and whose effect is certain enough to be told, best first."""
    tested = [place for place, level in enumerate(levels) if "&" not in level]
    sizes = {factor: len(names) for factor, names in _factors(learner).items()}
    told = []
    for place in tested:
        k = sizes[levels[place].partition("=")[0]]
        if k < 2:
            continue
        mean = float(contrasts[place] @ posterior.mean)
        spread = float(posterior.spread(contrasts[place : place + 1])[0])
        evidence = 0.5 * (mean / spread) ** 2 - math.log(_prior_spread(posterior, k) / spread)
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


def _contrasts(learner: Learner) -> tuple[list[str], Array]:
    """The levers of the advice, and what to multiply the effects by so that each factor's average is 0."""
    factors = _factors(learner)
    levels = [name for names in factors.values() for name in names]
    levels += [name for name in learner.names if "&" in name]
    places = {name: place for place, name in enumerate(learner.names)}
    matrix = np.zeros((len(levels), len(learner.names)))
    for row, level in enumerate(levels):
        matrix[row, places[level]] = 1.0
        peers = [] if "&" in level else factors[level.partition("=")[0]]
        for peer in peers:
            matrix[row, places[peer]] -= 1 / len(peers)
    return levels, matrix


def _rounded(numbers: Array) -> tuple[float, ...]:
    return tuple(round(float(number), _DIGITS) for number in numbers)


def _sentence(learner: Learner, posterior: Posterior, levels: list[str], contrasts: Array, needed: int) -> str:
    told = claims(learner, posterior, levels, contrasts)
    if told:
        place = told[0] if contrasts[told[0]] @ posterior.mean > 0 else told[-1]
        return _claim(learner, posterior, levels[place], contrasts[place : place + 1])
    if learner.n < needed:
        return f"Collecting: {learner.n} of about {needed} posts."
    return f"Nothing stands out after {learner.n} posts."


def _claim(learner: Learner, posterior: Posterior, level: str, contrast: Array) -> str:
    mean, spread = float((contrast @ posterior.mean)[0]), float(posterior.spread(contrast)[0])
    low, high = mean - _Z90 * spread, mean + _Z90 * spread
    sign, way = (1, "more") if mean > 0 else (-1, "less")
    low, high = (low, high) if mean > 0 else (high, low)
    factor, _, value = level.partition("=")
    percents = [max(round(100 * sign * math.expm1(x)), 0) for x in (mean, low, high)]
    posts = int(learner.posts[learner.names.index(level)])
    return (
        f"{_WORDS[factor].format(value)} get {percents[0]} % {way} engagement than your average "
        f"({percents[1]} to {percents[2]} %), from {posts} posts."
    )

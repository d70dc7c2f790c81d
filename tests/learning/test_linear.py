"""The learner's algebra: order, repetition, revision, fading."""

import random
import statistics
import timeit

import numpy as np
import pytest

from bowerbird.learning.linear import HELD_MAX, INTERCEPT, LEVERS_MAX, Example, Learner, Posterior


def example(post: int, rung: int, y: float, *names: str, weight: float = 1.0, final: bool = False) -> Example:
    """A reading of a post with these levers."""
    return Example(f"post-{post}", rung, tuple((name, 1.0) for name in names), y, weight, final)


def readings(n: int, seed: int = 1) -> list[Example]:
    """Three readings each of n posts with two factors, some of them lost."""
    rng = random.Random(seed)
    made = []
    for post in range(n):
        names = (f"topic={rng.randrange(4)}", f"tone={rng.randrange(3)}")
        for rung, weight in enumerate((0.37, 0.89, 1.0)):
            if rng.random() > 0.1:
                made.append(example(post, rung, rng.gauss(0, 1), *names, weight=weight, final=rung == 2))
    return made


def means(posterior: Posterior) -> dict[str, float]:
    """The mean effect of each lever by name."""
    return dict(zip(posterior.names, posterior.mean, strict=True))


def learned(examples: list[Example], forget: float = 1.0) -> Learner:
    """A learner that took these examples in this order."""
    learner = Learner(forget=forget)
    for one in examples:
        learner.update(one)
    return learner.ordered()


@pytest.mark.proves("10.G3")
def test_the_order_of_readings_does_not_matter() -> None:
    """Early and late readings in any order, and repeated, give the same state to 1e-9 when nothing fades."""
    straight = readings(80)
    shuffled = [*straight, *straight[:40]]
    random.Random(2).shuffle(shuffled)
    one, other = learned(straight), learned(shuffled)
    assert one.names == other.names
    assert np.allclose(one.gram, other.gram, atol=1e-9, rtol=0)
    assert np.allclose(one.moment, other.moment, atol=1e-9, rtol=0)
    assert (one.posts == other.posts).all()
    assert [one.square, one.mass] == pytest.approx([other.square, other.mass], abs=1e-9)


def test_a_later_reading_replaces_the_earlier_one() -> None:
    """Nothing of a taken-back reading stays, also when posts fade."""
    late = learned([example(1, 2, 3.0, "topic=a", final=True)], forget=0.5)
    both = learned([example(1, 0, 9.0, "topic=a", weight=0.4), example(1, 2, 3.0, "topic=a", final=True)], forget=0.5)
    assert np.allclose(late.gram, both.gram, atol=1e-12)
    assert both.n == 1


def test_the_same_reading_twice_says_nothing_new() -> None:
    """A repeated or an earlier reading is turned away."""
    learner = Learner()
    assert learner.update(example(1, 1, 1.0, "topic=a"))
    assert not learner.update(example(1, 1, 1.0, "topic=a"))
    assert not learner.update(example(1, 0, 5.0, "topic=a"))
    assert learner.n == 1


def test_old_posts_fade() -> None:
    """Of two contradicting posts the younger counts for more."""
    posts = [example(n, 0, 1.0 if n < 50 else -1.0, "topic=a", final=True) for n in range(100)]
    assert means(learned(posts, forget=0.9).posterior())[INTERCEPT] < -0.5
    assert abs(means(learned(posts, forget=1.0).posterior())[INTERCEPT]) < 0.1


def test_the_posterior_is_the_ridge_solution() -> None:
    """The mean equals the textbook's closed form on all examples at once."""
    finals = [e for e in readings(60) if e.rung == 2]
    learner = learned(finals)
    x = np.zeros((len(finals), len(learner.names)))
    for row, one in enumerate(finals):
        for name in (INTERCEPT, *(name for name, _ in one.levers)):
            x[row, learner.names.index(name)] = 1.0
    prior = np.diag([0.01, *[2.0] * (len(learner.names) - 1)])
    expected = np.linalg.solve(x.T @ x + prior, x.T @ np.array([e.y for e in finals]))
    assert np.allclose(learner.posterior().mean, expected, atol=1e-9)


def test_draws_scatter_around_the_mean_with_half_the_spread() -> None:
    """What the planner draws is the posterior, half as wide."""
    posterior = learned(readings(60)).posterior()
    draws = posterior.draws(random.Random(3), 4_000)
    spread = posterior.spread(np.eye(len(posterior.names)))
    assert np.allclose(draws.mean(axis=0), posterior.mean, atol=0.1)
    assert np.allclose(draws.std(axis=0) / spread, 0.5, rtol=0.1)


def test_nothing_grows_without_bound() -> None:
    """Levers and held posts stop at their limits, whatever the choices were."""
    learner = Learner()
    for n in range(600):
        learner.update(example(n, 0, 0.0, f"topic={n}", f"topic={n}&tone={n}"))
    assert len(learner.names) <= LEVERS_MAX
    assert len(learner.held) == HELD_MAX
    assert np.isfinite(learner.posterior().mean).all()


@pytest.mark.proves("10.G3")
def test_the_ten_thousandth_update_costs_what_the_hundredth_did() -> None:
    """An update costs the same however long the history is, and stays far below a millisecond."""
    learner = learned(readings(100), forget=0.998)
    samples = readings(3_000, seed=4)
    clocked = [timeit.timeit(lambda one=one: learner.update(one), number=1) for one in samples]  # type: ignore[misc]
    early, late = statistics.median(clocked[200:700]), statistics.median(clocked[-500:])
    assert late < 3 * early
    assert late < 0.002

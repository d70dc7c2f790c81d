"""Does it find what is there, and nothing where nothing is?"""

import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bowerbird.core.findings import Advice
from bowerbird.learning.advice import advise
from bowerbird.learning.label import HORIZON_S, Kind
from bowerbird.learning.linear import Learner
from bowerbird.planning.briefs import choose_cell
from tests.learning.env import CELLS, HOUR_S, Account, best, example

SEEDS = range(20)
POSTS = 200
POSTS_PER_ADVICE = 4


@dataclass(frozen=True)
class Life:
    """What an account that follows the advice came to: true rates per post, and every sentence it was told.

    Args:
        score: 0 is choosing blindly, 1 is always the best cell; 1 - score is the ratio of the cumulative regrets.
    """

    score: float
    sentences: tuple[str, ...]


def live(seed: int, strength: float) -> Life:
    """Post by Thompson's choice for a while, learning an early and a final reading of each post."""
    account, learner, rng = Account(seed, strength), Learner(offset=-3.9), random.Random(1_000 + seed)
    gained, sentences = 0.0, []
    for n in range(POSTS):
        if n % POSTS_PER_ADVICE == 0:
            advice = advised(learner, rng)
            sentences.append(advice.sentence)
        cells = rng.sample(CELLS, len(CELLS))  # equals are not always the same one
        chosen = cells[best(cells, advice, n)]
        gained += account.rate(chosen)
        early, final = account.post(chosen)
        learner.update(example(f"{n}", chosen, early, HOUR_S, 0))
        learner.update(example(f"{n}", chosen, final, HORIZON_S, 1))
    rates = [account.rate(cell) for cell in CELLS]
    blind, ideal = statistics.fmean(rates), max(rates)
    score = (gained / POSTS - blind) / (ideal - blind) if strength else 0.0
    return Life(score, tuple(sentences))


def advised(learner: Learner, rng: random.Random) -> Advice:
    """Advice of this learner."""
    return advise(learner, Kind.RATE, rng, account_id="sandbox:wren", version="v", made_at=0)


def claimed(sentences: tuple[str, ...]) -> Iterator[str]:
    """The sentences that claim an effect."""
    return (sentence for sentence in sentences if " get " in sentence)


@pytest.mark.slow
def test_it_beats_blind_choice_on_planted_effects() -> None:
    """Over 20 seeds the learner takes at least a third of what is possible, and loses to blind choice almost never."""
    scores = [live(seed, 0.5).score for seed in SEEDS]
    print(f"cumulative regret / blind choice: {1 - statistics.fmean(scores):.2f}; scores {sorted(scores)}")  # noqa: T201
    assert statistics.fmean(scores) > 0.33
    assert sum(score > 0 for score in scores) >= 17


@pytest.mark.slow
def test_it_claims_nothing_where_nothing_is() -> None:
    """With no effect planted, at most one of 20 accounts is ever told of one, however often it looks."""
    told = [seed for seed in SEEDS if any(claimed(live(seed, 0.0).sentences))]
    assert len(told) <= 1


def test_a_strong_effect_is_told_with_its_interval() -> None:
    """Posts on one topic get 2.5 times as much; the sentence names it, and the interval contains the truth."""
    learner, account = Learner(offset=-3.9), Account(7, 0.0)
    account.effects["topic=typing"] = 0.9
    for n, cell in enumerate(account.rng.choices(CELLS, k=150)):
        learner.update(example(f"{n}", cell, account.post(cell)[1], HORIZON_S, 1))
    advice = advised(learner, random.Random(1))
    place = advice.levels.index("topic=typing")
    assert advice.sentence.startswith("Posts on typing get ")
    assert "more engagement than your average" in advice.sentence
    assert advice.lows[place] < 0.9 * 5 / 6 < advice.highs[place]


@pytest.mark.proves("10.5")
def test_little_data_says_how_much_is_needed() -> None:
    """After seven posts the sentence says so, and the number needed comes from the noise that was seen."""
    calm, wild = Learner(), Learner()
    for n, cell in enumerate(CELLS[::30][:7]):
        made = example(f"{n}", cell, Account(1, 0.0).post(cell)[1], HORIZON_S, 1)
        calm.update(made)
        wild.update(type(made)(made.post_id, 1, made.levers, made.y + 3 * (-1) ** n, 1.0, True))
    few, many = advised(calm, random.Random(1)), advised(wild, random.Random(1))
    assert few.sentence == f"Collecting: {few.n} of about {few.needed} posts."
    assert 7 < few.needed < many.needed


def test_the_planner_turns_to_what_works() -> None:
    """Under the advice of an account where one topic does well, the planner's own choice is mostly that topic."""
    learner, account = Learner(offset=-3.9), Account(7, 0.0)
    account.effects["topic=typing"] = 0.9
    for n, cell in enumerate(account.rng.choices(CELLS, k=150)):
        learner.update(example(f"{n}", cell, account.post(cell)[1], HORIZON_S, 1))
    advice, rng = advised(learner, random.Random(1)), random.Random(2)
    chosen = [choose_cell(CELLS, advice, rng, slot="09:30") for _ in range(100)]
    assert sum(choice.topic == "typing" for choice in chosen) > 60
    assert {choice.model_version for choice in chosen} == {"v"}

"""Which cell a slot gets."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from bowerbird.core.findings import Advice
from bowerbird.core.post import Choice
from bowerbird.planning.briefs import choose_cell, weigh

CELLS = [
    Choice(topic="asyncio", angle="surprise"),
    Choice(topic="asyncio", angle="save-time"),
    Choice(topic="re", angle="surprise"),
]


def advice(**draws: tuple[float, ...]) -> Advice:
    """Advice with these draws per level (``__`` stands for ``=``)."""
    levels = tuple(name.replace("__", "=") for name in draws)
    rows = tuple(zip(*draws.values(), strict=True))
    means = tuple(sum(column) / len(column) for column in draws.values())
    return Advice(
        account_id="a", version="v1", made_at=0, n=12, needed=30, target="t", levels=levels, draws=rows, means=means
    )


def test_without_advice_every_cell_is_as_likely() -> None:
    """The propensity is one in three, and the sentence says that nothing is known."""
    choice = choose_cell(CELLS, None, random.Random(1), slot="09:30")
    assert choice.propensity == pytest.approx(1 / 3)
    assert choice.slot == "09:30"
    assert "Nothing is known" in choice.because


def test_without_cells_the_writer_is_free() -> None:
    """No cell, no propensity."""
    assert choose_cell([], None, random.Random(1)).propensity is None


def test_shares_are_those_of_the_draws_and_equals_share_alike() -> None:
    """Two draws favour asyncio, whose two cells are equal; one favours re."""
    odds = weigh(CELLS, advice(topic__asyncio=(1.0, 1.0, 0.0), topic__re=(0.0, 0.0, 1.0)))
    assert odds.shares == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    odds = weigh(
        CELLS, advice(topic__asyncio=(1.0, 1.0, 0.0), topic__re=(0.0, 0.0, 1.0), angle__surprise=(0.1, 0.1, 0.1))
    )
    assert odds.shares == pytest.approx((2 / 3, 0.0, 1 / 3))


def test_choices_come_as_often_as_their_propensity_says() -> None:
    """Over 4,000 choices each cell's frequency is within 3 % of what was written down."""
    given = advice(topic__asyncio=(1.0, 1.0, 1.0, 0.0), topic__re=(0.0, 0.0, 0.0, 1.0), angle__surprise=(0.1,) * 4)
    rng = random.Random(5)
    chosen = [choose_cell(CELLS, given, rng) for _ in range(4_000)]
    counts = Counter((choice.topic, choice.angle) for choice in chosen)
    written = {(choice.topic, choice.angle): choice.propensity for choice in chosen}
    assert len(counts) == 3
    for cell, propensity in written.items():
        assert counts[cell] / 4_000 == pytest.approx(propensity, abs=0.03)
    assert sum(p for p in written.values() if p) == pytest.approx(1.0)


def test_the_reason_names_the_evidence_and_the_lever() -> None:
    """The sentence says how sure, after how many posts, and what lifts it."""
    choice = choose_cell(CELLS, advice(topic__re=(1.0, 2.0)), random.Random(2), floor=0.0)
    assert choice.topic == "re"
    assert choice.model_version == "v1"
    assert choice.because == (
        "Best in 100% of the cases the learner holds possible after 12 of 30 posts needed; "
        "what counts most for it is topic re."
    )


def test_the_floor_never_rules_a_cell_out() -> None:
    """With a floor of one, the worst cell is chosen as often as the best, and says so."""
    rng = random.Random(3)
    choices = [choose_cell(CELLS, advice(topic__re=(9.0,)), rng, floor=1.0) for _ in range(100)]
    assert {choice.angle for choice in choices} == {"surprise", "save-time"}
    assert all(choice.propensity == pytest.approx(1 / 3) for choice in choices)
    assert "without advice" in choices[0].because


def test_the_slot_is_a_lever_too() -> None:
    """A pair of topic and slot counts only in its slot."""
    pair = Advice(
        account_id="a", version="v", made_at=0, n=1, needed=1, target="t",
        levels=("topic=re&slot=09:30", "topic=asyncio"), draws=((2.0, 1.0),), means=(2.0, 1.0),
    )  # fmt: skip
    assert choose_cell(CELLS, pair, random.Random(1), slot="10:10", floor=0.0).topic == "asyncio"
    assert choose_cell(CELLS, pair, random.Random(1), slot="09:30", floor=0.0).topic == "re"

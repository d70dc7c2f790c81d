"""The page of learning: the version in use, n of m, effects with intervals, and versions that are damaged."""

import hashlib
import zlib
from dataclasses import replace

import pytest

from bowerbird.core.facts import Fact
from bowerbird.core.findings import Advice, Model
from bowerbird.dashboard.pages.learning import effects, gain
from tests.dashboard.house import START, WREN, House

FINCH = replace(WREN, id="sandbox:finch", handle="finch")
ADVICE = Advice(
    account_id=WREN.id, version="a" * 64, made_at=START, n=41, needed=64, target="engagement per impression",
    levels=("topic=asyncio", "slot=09:30", "topic=asyncio&slot=09:30"), means=(0.4, -0.05, 0.2), lows=(0.1, -0.3, -0.2),
    highs=(0.7, 0.2, 0.6), sentence="Posts on asyncio get 49 % more engagement than your average.",
)  # fmt: skip


def a_model(words: str = "learned", *, whole: bool = True, champion: bool = True) -> Model:
    """A stored version; one that is not whole does not hash to its name."""
    version = hashlib.sha256(words.encode()).hexdigest()
    state = zlib.compress((words if whole else words + "!").encode())
    return Model(
        version=version, account_id=WREN.id, parent="b" * 64, n=1_204, cursor=9, state=state, created_at=START,
        champion=champion, scores={"log_score": -1.0, "baseline": -3.0, "scored": 4},
    )  # fmt: skip


async def test_without_an_account_nothing_can_be_learned(empty_house: House) -> None:
    """And where to connect one."""
    assert (
        "No account is connected, so nothing can be learned." in (await empty_house.signed_in().get("/learning")).words
    )


async def test_before_the_first_lesson_it_teaches(home: House) -> None:
    """What will stand there, and that there is no button to roll back."""
    words = (await home.get("/learning")).words
    assert "Nothing yet; choices are made at random, which is how one learns." in words
    assert "None. Until there is one, every choice is as likely as any other." in words
    assert "There is no button to roll back yet." in words
    assert "None was stored yet." in words


@pytest.mark.proves("10.5")
async def test_it_says_how_much_of_what_it_needs_it_has(home: House) -> None:
    """With the sentence that the planner follows."""
    await home.put(advice=(ADVICE,))
    page = await home.get("/learning")
    assert "Posts on asyncio get 49 % more engagement than your average." in page.words
    assert "41 of 64 posts that an answer needs" in page.words
    (meter,) = page.all("meter")
    assert (meter["value"], meter["max"], "high" in meter) == ("41", "64", False)


async def test_more_than_it_needs_is_all_it_needs(home: House) -> None:
    """A meter has an end."""
    await home.put(advice=(replace(ADVICE, n=90),))
    assert "64 of 64 posts that an answer needs Learned from 90 posts" in (await home.get("/learning")).words


async def test_effects_stand_with_their_intervals_the_largest_first(home: House) -> None:
    """In percent; one whose interval holds 0 says so."""
    await home.put(advice=(ADVICE,))
    words = (await home.get("/learning")).words
    assert "topic: asyncio +49 % +11 % +101 % leaves out 0" in words
    assert "topic: asyncio and slot: 09:30 +22 % -18 % +82 % could be nothing" in words
    assert words.index("+49 %") < words.index("+22 %") < words.index("-5 %")


@pytest.mark.parametrize("wild", [float("inf"), float("nan"), -1e9])
def test_an_effect_that_cannot_be_shown_breaks_nothing(wild: float) -> None:
    """It is said to be out of range."""
    (row,) = effects(replace(ADVICE, levels=("x",), means=(wild,), lows=(wild,), highs=(wild,)))
    assert (row.lever, row.mean) == ("x", "out of range")


@pytest.mark.proves("10.G2", "10.4")
async def test_versions_are_verified_and_the_damaged_one_is_named(home: House) -> None:
    """As the learner does it; the one in use stands by its checksum."""
    old = a_model("older", whole=False, champion=False)
    await home.put(models=(old,))
    await home.put(models=(a_model(),))
    words = (await home.get("/learning")).words
    assert f"{a_model().version[:12]} in use checksum holds now 1,204 +0.500 a post, from 4" in words
    assert f"{old.version[:12]} damaged version {old.version[:8]} does not have its own checksum." in words
    assert "The learner passes it over" in words


async def test_one_account_is_shown_in_full_and_the_others_are_a_step_away(home: House) -> None:
    """The one that learned most, unless another was asked for; one that nobody knows is none."""
    await home.put(accounts=(WREN, FINCH), advice=(ADVICE,))
    page = await home.get("/learning?account=nobody")
    assert "What wren learned" in page.words
    assert "/learning?account=sandbox%3Afinch" in {link["href"] for link in page.all("a")}
    assert "What finch learned Nothing yet" in (await home.get("/learning?account=sandbox%3Afinch")).words


async def test_a_thousand_accounts_are_bounded(home: House) -> None:
    """A few to choose from, and where the others are."""
    many = tuple(replace(WREN, id=f"sandbox:a{n:03}", handle=f"a{n:03}") for n in range(60))
    await home.put(accounts=many)
    page = await home.get("/learning")
    assert len([link for link in page.all("a") if link["href"].startswith("/learning?")]) == 20
    assert "And 41 accounts more" in page.words


async def test_lessons_say_what_they_learned_and_what_they_could_not_use(home: House) -> None:
    """A version that was passed over is told among them; what was missing elsewhere is not."""
    facts = (
        Fact(kind="learned", at=START, by="learning", account_id=WREN.id,
             data={"version": "c" * 64, "learned": 3, "repeated": 2, "unusable": 1}),
        Fact(kind="degraded", at=START, by="learning", account_id=WREN.id,
             data={"part": "learning", "sentence": "version dddddddd is no covariance; the prior took over."}),
        Fact(kind="degraded", at=START, by="connect", account_id=WREN.id, data={"why": "elsewhere"}),
    )  # fmt: skip
    await home.put(facts=facts)
    words = (await home.get("/learning")).words
    assert "3 readings learned, 2 said nothing new, 1 could not be used: version cccccccc." in words
    assert "version dddddddd is no covariance; the prior took over." in words
    assert "elsewhere" not in words


def test_how_well_it_foresees_is_unknown_before_the_first_finished_post() -> None:
    """Never 0."""
    assert gain({}) is None
    assert gain({"scored": 0, "log_score": 0.0, "baseline": 0.0}) is None

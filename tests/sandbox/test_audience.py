"""The audience keeps its own law: seeded, growing, heavy-tailed, with planted tastes that can be found."""

from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.sandbox.audience import Audience, Fate, Setting, age_of, share_by
from bowerbird.sandbox.features import TONES, TOPICS, Features, read
from bowerbird.sandbox.state import streams

CODE = Features("text", "plain", "code", has_link=False, has_picture=False)
NOON = Setting(followers=300, hour=12.0, day=0)


def fates(audience: Audience, features: Features = CODE, setting: Setting = NOON, count: int = 400) -> list[Fate]:
    """Return what happens to many posts that differ in nothing but luck."""
    return [audience.fate(str(number), features, setting) for number in range(count)]


def test_the_same_seed_gives_the_same_fate() -> None:
    """In another process as well, whatever was asked before; another seed gives another."""
    first, again = Audience(streams(7)), Audience(streams(7))
    fates(again, count=3)
    assert first.fate("42", CODE, NOON) == again.fate("42", CODE, NOON)
    assert first.fate("42", CODE, NOON) != Audience(streams(8)).fate("42", CODE, NOON)


@given(ages=st.lists(st.floats(0, 400), min_size=2, max_size=2), post=st.integers(0, 10_000))
def test_counts_only_grow(ages: list[float], post: int) -> None:
    """An older post never has less, and after a week nothing more comes."""
    fate = Audience(streams(7)).fate(str(post), CODE, NOON)
    young, old = sorted(ages)
    for kind in fate.events:
        assert fate.count(kind, young) <= fate.count(kind, old) <= fate.count(kind, 168) == len(fate.events[kind])
    assert fate.seen(young) <= fate.seen(old) <= fate.seen(168) == fate.impressions


@pytest.mark.parametrize(
    ("age_h", "low", "high"), [(0, 0, 0), (1, 0.37, 0.47), (6, 0.6, 0.7), (24, 0.8, 0.9), (168, 1, 1)]
)
def test_most_happens_early(age_h: float, low: float, high: float) -> None:
    """As in recorded cascades: two fifths in the first hour, nine tenths in the first day or so."""
    assert low <= share_by(age_h) <= high


@given(st.floats(0, 0.999))
def test_ages_are_drawn_from_the_same_law(share: float) -> None:
    """The inverse of the share is the age."""
    assert share_by(age_of(share)) == pytest.approx(share, abs=1e-9)


def test_a_few_posts_run() -> None:
    """The largest of four hundred is many times the median: heavy tails."""
    seen = [fate.impressions for fate in fates(Audience(streams(7)))]
    assert max(seen) > 5 * median(seen)
    assert 150 < median(seen) < 500


def test_the_law_s_mean_is_met() -> None:
    """Likes per impression follow the rate of the law, over many posts."""
    audience = Audience(streams(7))
    many = fates(audience)
    likes = sum(len(fate.events["likes"]) for fate in many) / sum(fate.impressions for fate in many)
    assert likes == pytest.approx(0.74 * audience.rate(CODE, NOON), rel=0.2)


def test_tastes_differ_between_topics_and_tones() -> None:
    """There is something to learn: the best topic and tone are liked at least twice as much as the worst."""
    audience = Audience(streams(7))
    rates = [
        audience.rate(Features(topic, tone, "code", has_link=False, has_picture=False), NOON)
        for topic in TOPICS
        for tone in TONES
    ]
    assert max(rates) > 2 * min(rates)


def test_tastes_wander() -> None:
    """Slowly: over a month, by less than the tastes differ, and the same way each time it is asked."""
    audience = Audience(streams(7))
    later = [audience.drift("text", day) for day in range(30)]
    assert 0 < max(abs(step) for step in later) < 1.5
    assert later == [Audience(streams(7)).drift("text", day) for day in range(30)]


def test_saying_it_again_is_less_liked() -> None:
    """The same topic tires a little, the same words a lot."""
    audience = Audience(streams(7))
    fresh = audience.rate(CODE, NOON)
    tired = audience.rate(CODE, Setting(followers=300, hour=12.0, day=0, same_topic=3))
    stale = audience.rate(CODE, Setting(followers=300, hour=12.0, day=0, said_before=True))
    assert fresh > tired > stale


def test_the_hour_matters() -> None:
    """Each topic has an hour at which it is liked best."""
    audience = Audience(streams(7))
    rates = [audience.rate(CODE, Setting(followers=300, hour=hour, day=0)) for hour in range(24)]
    assert max(rates) > 1.5 * min(rates)


def test_more_followers_see_more() -> None:
    """But not in proportion, and an answer is seen by fewer."""
    audience = Audience(streams(7))
    few, many, reply = (
        fmean(fate.impressions for fate in fates(audience, setting=setting))
        for setting in (
            NOON,
            Setting(followers=3_000, hour=12, day=0),
            Setting(followers=300, hour=12, day=0, is_reply=True),
        )
    )
    assert 3 * few < many < 10 * few
    assert reply < few / 3


@pytest.mark.parametrize(
    ("text", "topic", "tone", "shape"),
    [
        ("Did you know? `Counter('abba')` counts letters: collections are neat", "collections", "question", "code"),
        ("Beware of naive dates: a timezone is missing", "time", "warning", "short"),
        ("Use a generator, and the loop needs no list " * 3, "iteration", "advice", "medium"),
        ("Hello", "other", "plain", "short"),
    ],
)
def test_a_reader_has_only_the_words(text: str, topic: str, tone: str, shape: str) -> None:
    """Topic, tone and shape are guessed from them."""
    found = read(text)
    assert (found.topic, found.tone, found.shape) == (topic, tone, shape)

"""The loop at a glance: live numbers, and a dash where nobody looked."""

from bowerbird.core.findings import Counts
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.loop import NOT_SEEN, steps

from .house import START, WREN, a_post, published
from .test_layers import READING, a_picture


def test_the_steps_stand_in_the_order_in_which_a_post_walks_them() -> None:
    """Plan, publish, measure, learn, and the side door."""
    found = steps(a_picture(), {"p9": READING})
    assert [step.name for step in found] == ["Plan", "Publish", "Measure", "Learn", "Answer"]
    assert [step.number for step in found] == ["5", "7", "1", "3", "0"]


def test_an_empty_house_claims_no_number_that_nobody_observed() -> None:
    """Counting our own rows gives 0; what a platform would have to show is a dash."""
    empty = a_picture(accounts=[], counts={}, upcoming=[], published=[], newest=None, advice=[])
    assert [step.number for step in steps(empty, {})] == ["0", "0", NOT_SEEN, NOT_SEEN, "0"]


def test_missing_counts_are_not_counted_as_zero() -> None:
    """Impressions appear only where a platform shows them."""
    one = steps(a_picture(), {"p9": READING})[2]
    assert "impression" not in one.sentence
    assert one.unit == "reaction to the last 1 post"


def test_planning_says_what_comes_next_and_what_waits() -> None:
    """The soonest approved post, and how many wait for a yes."""
    soon = a_post("p3", state=State.QUEUED, due=START + 30 * SECOND_US)
    picture = a_picture(upcoming=[soon], counts={(WREN.id, State.PROPOSED): 1, (WREN.id, State.QUEUED): 1})
    step = steps(picture, {})[0]
    assert (step.number, step.unit, step.sentence) == ("1", "post queued", "next in 30 s; 1 waits for your yes")


def test_measuring_adds_up_what_was_read() -> None:
    """Reactions of every kind, over the posts shown."""
    from dataclasses import replace

    counts = Counts(impressions=1200, likes=3, reposts=1, replies=1, quotes=None)
    picture = a_picture(published=[published("p8"), published("p9")])
    step = steps(picture, {"p8": READING, "p9": replace(READING, counts=counts)})[2]
    assert (step.number, step.unit) == ("6", "reactions to the last 2 posts")
    assert step.sentence.startswith("1,200 impressions; read")

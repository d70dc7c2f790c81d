"""The levers of a choice have one name each, for the planner and the learner."""

import pytest

from bowerbird.core.levers import levers
from bowerbird.core.post import Choice


def test_a_choice_names_its_levers_alone_and_in_pairs() -> None:
    """Five alone and two pairs; the topic with its slot, and with its tone."""
    choice = Choice(topic="asyncio", angle="how", tone="plain", format="tip", slot="09:30")
    assert levers(choice) == (
        "topic=asyncio",
        "angle=how",
        "tone=plain",
        "format=tip",
        "slot=09:30",
        "topic=asyncio&slot=09:30",
        "topic=asyncio&tone=plain",
    )


def test_what_was_not_chosen_is_no_lever() -> None:
    """A person's post has none."""
    assert levers(Choice(writer="person")) == ()
    assert levers(Choice(topic="asyncio")) == ("topic=asyncio",)


@pytest.mark.parametrize(
    ("slot", "lever"),
    [
        ("09:29", "slot=09:00"),
        ("23:59", "slot=23:30"),
        ("00:30", "slot=00:30"),
        ("noon", "slot=noon"),
        ("²²:³³", "slot=²²:³³"),
    ],
)
def test_slots_are_rounded_down_to_the_half_hour(slot: str, lever: str) -> None:
    """An account that posts every few seconds does not learn every second of the day."""
    assert levers(Choice(slot=slot)) == (lever,)

"""How long the reserve lasts without anybody who writes."""

from collections.abc import Collection

import pytest

from .room import Room


@pytest.mark.proves("3.1")
async def test_the_reserve_lasts_until_the_last_slot_for_which_there_is_a_post() -> None:
    """Three slots a day and seven unused claims last until the first slot of the third day."""
    room = await Room().open()

    def seven(said: Collection[str]) -> int:
        return 7

    room.pen.reserve = seven  # type: ignore[method-assign]  # a bank of seven claims
    await room.planner.plan_once()
    (sample,) = room.planner.samples()
    assert sample.name == "bowerbird_reserve_hours"
    assert 48 < sample.value < 72


async def test_a_writer_that_has_to_be_asked_is_no_reserve() -> None:
    """It is 0 hours, which was counted, and not an absent number."""
    room = await Room().open()
    await room.planner.plan_once()
    assert [sample.value for sample in room.planner.samples()] == [0]

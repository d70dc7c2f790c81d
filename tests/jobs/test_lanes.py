"""Seats: floors hold, common seats are lent, the oldest slot goes first, and nothing is lost."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bowerbird.jobs.lanes import AHEAD_S, Lanes, Seat
from bowerbird.jobs.table import LANES, SEATS, Lane

SMALL = {"posting": Lane(1, 1), "reading": Lane(1, 3), "thinking": Lane(1, 3)}


async def taken(lanes: Lanes, lane: str, slot: float = 0.0, *, critical: bool = False) -> asyncio.Task[Seat]:
    """Somebody who takes a seat, or waits for it."""
    task = asyncio.create_task(lanes.take(lane, slot=slot, now=0.0, critical=critical))
    await asyncio.sleep(0)
    return task


async def test_a_lane_may_take_the_common_seats_but_never_the_floor_of_another() -> None:
    """Four seats: one is common. Reading takes two, and posting still has its own."""
    lanes = Lanes(SMALL, 4)
    first, second, third = [await taken(lanes, "reading") for _ in range(3)]
    assert (first.done(), second.done(), third.done()) == (True, True, False)
    assert (await taken(lanes, "posting")).done()
    assert (await taken(lanes, "thinking")).done()
    third.cancel()


async def test_a_seat_that_is_given_back_goes_to_whoever_waits_longest_in_any_lane() -> None:
    """The common seat of one lane is a seat for another."""
    lanes = Lanes(SMALL, 4)
    held = [await taken(lanes, lane) for lane in ("reading", "reading", "thinking")]
    late, early = await taken(lanes, "thinking", 9.0), await taken(lanes, "reading", 5.0)
    lanes.give(held[0].result())
    await asyncio.sleep(0)
    assert (early.done(), late.done()) == (True, False)
    late.cancel()


@pytest.mark.proves("2.4", "2.G3")
async def test_a_critical_job_goes_first_but_nobody_waits_for_ever() -> None:
    """It stands in line as if it had come half a minute earlier, and no more."""
    lanes = Lanes({"one": Lane(1, 1)}, 1)
    held = await taken(lanes, "one")
    old, fresh = await taken(lanes, "one", 0.0), await taken(lanes, "one", 10.0)
    critical = await taken(lanes, "one", 10.0 + AHEAD_S - 5, critical=True)
    order = []
    for seat_of in (held, old, critical, fresh):
        order.append(seat_of.done())
        lanes.give(await seat_of)
        await asyncio.sleep(0)
    assert order == [True] * 4


async def test_who_leaves_the_line_leaves_it_also_at_the_last_moment() -> None:
    """A seat granted to somebody who was cancelled in the same turn goes to the next."""
    lanes = Lanes({"one": Lane(1, 1)}, 1)
    held, gone, after = [await taken(lanes, "one", slot) for slot in (0.0, 1.0, 2.0)]
    lanes.give(held.result())
    gone.cancel()
    assert (await after).taken
    assert (lanes.busy("one"), lanes.in_line("one")) == (1, 0)


async def test_a_seat_can_be_given_back_by_two_and_counts_once() -> None:
    """Whoever finds that its holder will not, and the holder after all."""
    lanes = Lanes({"one": Lane(1, 1)}, 1)
    seat = await lanes.take("one", slot=0.0, now=0.0)
    lanes.give(seat)
    lanes.give(seat)
    assert lanes.busy("one") == 0


async def test_how_long_somebody_waits_is_known_while_they_wait() -> None:
    """The number rises before the wait is over."""
    lanes = Lanes({"one": Lane(1, 1)}, 1)
    await lanes.take("one", slot=0.0, now=0.0)
    waiting = await taken(lanes, "one")
    assert lanes.wait_s("one", 7.0) == 7.0
    waiting.cancel()


def test_floors_need_as_many_seats() -> None:
    """The table is sound, and a smaller house is refused."""
    assert Lanes(LANES, SEATS).busy("posting") == 0
    with pytest.raises(ValueError, match="fewer than the floors"):
        Lanes(LANES, SEATS - 3)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(sorted(SMALL)), st.booleans()), max_size=60), st.integers(3, 7))
def test_whatever_is_taken_and_given_nobody_is_over_the_limit_and_nobody_waits_for_a_free_seat(
    acts: list[tuple[str, bool]], seats: int
) -> None:
    """The law of the lanes, after every act."""

    async def story() -> None:
        lanes = Lanes(SMALL, seats)
        tasks: list[asyncio.Task[Seat]] = []
        for lane, giving in acts:
            ready = [task for task in tasks if task.done()]
            if giving and ready:
                tasks.remove(ready[0])
                lanes.give(ready[0].result())
            else:
                tasks.append(await taken(lanes, lane))
            await asyncio.sleep(0)
            busy = {name: lanes.busy(name) for name in SMALL}
            assert sum(busy.values()) == len([task for task in tasks if task.done()]) <= seats
            assert all(busy[name] <= SMALL[name].most for name in SMALL)
            assert all(busy[name] >= SMALL[name].floor for name in SMALL if lanes.in_line(name))
        for task in tasks:
            task.cancel()

    asyncio.run(story())

"""When posts go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bowerbird.core.account import Account
from bowerbird.core.errors import BadInput
from bowerbird.core.post import SECOND_US
from bowerbird.planning.calendar import SLOTS_MAX, local_time, next_slots

DAY_US = 86_400 * SECOND_US


def micros(text: str) -> int:
    """An ISO instant as microseconds."""
    return int(datetime.fromisoformat(text).timestamp()) * SECOND_US


def account(zone: str, *slots: str, every_s: float | None = None) -> Account:
    """An account with these slots."""
    return Account(id="sandbox:wren", platform="sandbox", handle="wren", zone=zone, slots=slots, every_s=every_s)


def iso(at: int) -> str:
    """An instant as people write it, in UTC."""
    return datetime.fromtimestamp(at // SECOND_US, UTC).strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("zone", "day", "time", "expected"),
    [
        ("Europe/Berlin", "2026-03-29", "02:30", "03-29 01:30"),  # skipped: 03:30 summer time
        ("Europe/Berlin", "2026-10-25", "02:30", "10-25 00:30"),  # twice: the first, still summer time
        ("America/New_York", "2026-03-08", "02:30", "03-08 07:30"),
        ("America/New_York", "2026-11-01", "01:30", "11-01 05:30"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "10-03 15:45"),  # half an hour is skipped
        ("UTC", "2026-03-29", "02:30", "03-29 02:30"),
    ],
)
def test_a_gap_moves_later_and_a_fold_takes_the_first(zone: str, day: str, time: str, expected: str) -> None:
    """On the days when the clocks change the slot is there once, at the stated instant."""
    now = micros(f"{day}T00:00:00+00:00") - DAY_US // 2
    (slot,) = next_slots(account(zone, time), set(), now, now + DAY_US)
    assert (iso(slot.at), slot.label) == (expected, time)


def test_a_slot_moved_onto_another_is_one_slot() -> None:
    """02:30 is skipped and moves onto 03:30: one post goes, not two."""
    now = micros("2026-03-29T00:00:00+00:00")
    slots = next_slots(account("Europe/Berlin", "02:30", "03:30"), set(), now, now + DAY_US // 2)
    assert [iso(slot.at) for slot in slots] == ["03-29 01:30"]


def test_taken_slots_are_not_filled_again() -> None:
    """A slot that has a post is left out; the others come in order, whatever order they are written in."""
    now = micros("2026-06-01T00:00:00+00:00")
    slots = next_slots(account("UTC", "17:30", "09:30"), {micros("2026-06-01T09:30:00+00:00")}, now, now + 2 * DAY_US)
    assert [iso(slot.at) for slot in slots] == ["06-01 17:30", "06-02 09:30", "06-02 17:30"]


def test_every_few_seconds_is_a_grid_that_a_restart_does_not_shift() -> None:
    """Two looks at different times see the same instants."""
    now = micros("2026-06-01T00:00:01+00:00")
    wren = account("UTC", every_s=4)
    first = next_slots(wren, set(), now, now + 20 * SECOND_US)
    later = next_slots(wren, set(), now + 5 * SECOND_US + 17, now + 20 * SECOND_US)
    assert len(first) == 5
    assert set(later) < set(first)


def test_an_absurd_rhythm_is_bounded() -> None:
    """A post every millisecond for a year is cut off."""
    assert len(next_slots(account("UTC", every_s=0.001), set(), 0, 365 * DAY_US)) == SLOTS_MAX


def test_no_slots_means_no_posts() -> None:
    """An account without slots is planned for by hand."""
    assert next_slots(account("UTC"), set(), 0, 30 * DAY_US) == []


@pytest.mark.parametrize(
    ("zone", "time"), [("Mars/Olympus", "09:30"), ("../etc", "09:30"), ("UTC", "9:30"), ("UTC", "24:00")]
)
def test_a_zone_or_time_that_does_not_exist_is_bad_input(zone: str, time: str) -> None:
    """The error names what is wrong and how to write it."""
    with pytest.raises(BadInput, match="write it like"):
        next_slots(account(zone, time), set(), 0, DAY_US)


TIMES = st.lists(st.tuples(st.integers(0, 23), st.integers(0, 59)), min_size=1, max_size=6)
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"])
INSTANTS = st.integers(20 * 365 * DAY_US, 67 * 365 * DAY_US)
"""1990 to 2037."""


@given(TIMES, ZONES, INSTANTS, st.integers(0, 5))
def test_never_two_in_one_slot_and_always_ahead(times: list[tuple[int, int]], zone: str, now: int, days: int) -> None:
    """In any zone, over any change of clocks: strictly rising, in the future, and at the local time or later."""
    wren = account(zone, *(f"{h:02d}:{m:02d}" for h, m in times))
    slots = next_slots(wren, set(), now, now + days * DAY_US)
    instants = [slot.at for slot in slots]
    assert instants == sorted(set(instants))
    assert all(now < at <= now + days * DAY_US for at in instants)
    for slot in slots:
        late = local_time(slot.at, zone).replace(tzinfo=None) - timedelta(
            hours=int(slot.label[:2]), minutes=int(slot.label[3:])
        )
        assert (late.hour, late.minute) in {(0, 0), (0, 30), (1, 0)}


@given(st.floats(0.5, 7_200), INSTANTS)
def test_a_rhythm_keeps_its_distance(every_s: float, now: int) -> None:
    """Slots of a rhythm are exactly one step apart and ahead."""
    slots = next_slots(account("UTC", every_s=every_s), set(), now, now + round(every_s * 10 * SECOND_US))
    gaps = {b.at - a.at for a, b in pairwise(slots)}
    assert gaps <= {round(every_s * SECOND_US)}
    assert slots[0].at > now


async def test_a_zone_may_be_read_while_the_loop_waits() -> None:
    """A zone is read from disk once, in the loop: a millisecond, and the virtual loop has no threads."""
    assert len(next_slots(account("Asia/Tokyo", "09:30"), set(), 0, DAY_US)) == 1

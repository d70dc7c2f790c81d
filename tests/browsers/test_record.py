"""What a seat remembers: who sat there, how long others waited, and why browsers began and ended."""

import asyncio

import pytest

from bowerbird.browsers.record import EVENTS_MAX, WAITS_MAX, Record
from bowerbird.browsers.seat import Seat
from bowerbird.core.errors import Unreachable
from bowerbird.core.post import SECOND_US

NOW = 1_800_000_000 * SECOND_US


def values(record: Record) -> dict[tuple[str, ...], float]:
    """Every sample by its name and labels."""
    return {(sample.name, *sample.labels.values()): sample.value for sample in record.samples()}


async def test_who_sits_there_is_named_until_they_stand_up() -> None:
    """With since when, and how many wait behind."""
    record = Record()
    record.seated("robin", record.queued())
    record.queued()
    data = record.snapshot(NOW, up=True, pages=["robin"]).data
    assert (data["seats"][0]["holder"], data["in_line"], data["pages"]) == ("robin", 1, ["robin"])
    assert abs(data["seats"][0]["held_at"] - NOW) < SECOND_US
    record.stood_up()
    assert record.snapshot(NOW, up=True, pages=[]).data["seats"][0]["held_at"] is None


@pytest.mark.proves("5.G2")
async def test_waits_are_told_by_their_quantiles() -> None:
    """Half of them, and 19 of 20; the last ones only, and nothing before the first."""
    record = Record()
    assert record.snapshot(NOW, up=False, pages=[]).data["waits"] == []
    record.waits.extend(range(WAITS_MAX + 100))
    (row,) = record.snapshot(NOW, up=False, pages=[]).data["waits"]
    assert (row["n"], row["p50_s"], row["p95_s"]) == (WAITS_MAX, 200, 290)


@pytest.mark.proves("5.G4")
async def test_starts_ends_and_timeouts_are_counted() -> None:
    """An end has its cause, a timeout what was waited for; who was called off ran out of no time."""
    record = Record()
    record.began()
    record.ended("it died")
    for in_time in (True, False):
        record.queued()
        record.left(in_time=in_time)
    found = values(record)
    assert found["bowerbird_browser_starts_total",] == 1
    assert found["bowerbird_browser_ends_total", "it died"] == 1
    assert found["bowerbird_browser_timeouts_total", "a free seat"] == 1
    assert found["bowerbird_browser_in_line",] == 0


async def test_an_instant_has_one_name_however_often_it_is_told() -> None:
    """A page must not say something new because it was asked again; a clock that was set is another matter."""
    record = Record()
    record.began()
    first = record.snapshot(NOW, up=True, pages=[]).data["events"]
    await asyncio.sleep(0.01)
    assert record.snapshot(NOW + 10_321, up=True, pages=[]).data["events"] == first
    assert record.snapshot(NOW + 3600 * SECOND_US, up=True, pages=[]).data["events"] != first


async def test_what_happened_is_bounded() -> None:
    """A browser that dies for ever fills no memory."""
    record = Record()
    for _ in range(10 * EVENTS_MAX):
        record.ended("it died")
    assert len(record.snapshot(NOW, up=False, pages=[]).data["events"]) == EVENTS_MAX


async def test_a_seat_that_stays_taken_is_counted_as_a_timeout() -> None:
    """The real seat notes it, without a browser."""
    seat = Seat(path="/nowhere", arguments=[])
    await seat._lock.acquire()
    with pytest.raises(Unreachable, match="busy"):
        async with seat.page("robin", state=None, wait_s=0.01):
            pass
    assert seat.snapshot(NOW).data["timeouts"] == {"a free seat": 1}
    assert seat.snapshot(NOW).data["seats"][0]["up"] is False
    assert {sample.name for sample in seat.samples()} >= {"bowerbird_browser_starts_total"}

"""One list of numbers, whatever is wrong with one of its sources."""

from dataclasses import replace

import pytest

from bowerbird.app.sampling import FLOOR_H, Sampling, floor_h
from bowerbird.clock import VirtualClock
from bowerbird.core.account import Account, Hold, HoldKind, Mode
from bowerbird.core.books import Batch
from bowerbird.core.errors import StorageFull
from bowerbird.core.gauge import Sample
from bowerbird.core.lifecycle import State
from bowerbird.planning.calendar import local_time
from bowerbird.storage.memory import MemoryStorage
from tests.dashboard.house import a_post

WREN = Account(id="sandbox:wren", platform="sandbox", handle="wren", slots=("09:30", "17:30"))


def lag() -> list[Sample]:
    """A source that works."""
    return [Sample(name="bowerbird_loop_lag_seconds", value=0.1)]


def broken() -> list[Sample]:
    """A source with a defect."""
    raise KeyError("kept")


def shut() -> list[Sample]:
    """A source whose table cannot be read just now."""
    raise StorageFull


async def named(sampling: Sampling) -> dict[str, float]:
    """Values by metric."""
    return {sample.name: sample.value for sample in await sampling.gather()}


@pytest.mark.proves("1.3")
async def test_a_defect_in_one_number_silences_no_other() -> None:
    """The ancestor's heartbeat query was itself broken, and nobody noticed for four hours; here it is a number."""
    found = await Sampling(MemoryStorage(), VirtualClock(), [broken, lag]).gather()
    by_name = {sample.name: sample for sample in found}
    assert by_name["bowerbird_loop_lag_seconds"].value == 0.1
    assert by_name["bowerbird_sampling_broken"].labels == {"source": "broken"}


async def test_what_the_books_refuse_is_absent_and_no_defect() -> None:
    """The books say for themselves that they cannot be read."""
    assert await named(Sampling(MemoryStorage(), VirtualClock(), [shut, lag])) == {"bowerbird_loop_lag_seconds": 0.1}


@pytest.mark.proves("3.4", "3.G4")
async def test_a_queue_is_covered_until_its_first_free_slot() -> None:
    """The last post is days away; the slot of this evening is empty, and that is what counts."""
    books, clock = MemoryStorage(), VirtualClock()
    day = 86_400_000_000
    first = clock.now() + day * 3 // 8 + 1_800_000_000
    posts = [a_post(f"p{n}", account_id=WREN.id, state=State.QUEUED, due=first + n * day) for n in range(3)]
    await books.record(Batch(accounts=(WREN,), new_posts=tuple(posts)))
    found = await named(Sampling(books, clock, []))
    assert found["bowerbird_queue_cover_hours"] == pytest.approx(17.5)
    assert found["bowerbird_queue_floor_hours"] == FLOOR_H


async def test_a_slot_whose_post_went_early_is_no_gap() -> None:
    """A clock that was an hour fast sent it; the planner fills no slot twice, so nobody could do anything about it."""
    books, clock = MemoryStorage(), VirtualClock()
    due = clock.now() + 1_800_000_000
    account = replace(WREN, slots=(f"{local_time(due, WREN.zone):%H:%M}",))
    post = a_post("early", account_id=WREN.id, state=State.PUBLISHED, due=due)
    await books.record(Batch(accounts=(account,), new_posts=(post,)))
    assert (await named(Sampling(books, clock, [])))["bowerbird_queue_cover_hours"] == 24


async def test_a_queue_of_many_posts_is_counted_from_its_beginning() -> None:
    """Of a post every minute only the first few hundred are looked at, and none of those is missing."""
    books, clock = MemoryStorage(), VirtualClock()
    minute = 60_000_000
    first = clock.now() - clock.now() % minute + minute
    dense = replace(WREN, slots=(), every_s=60.0)
    posts = [a_post(f"p{n}", account_id=WREN.id, state=State.QUEUED, due=first + n * minute) for n in range(500)]
    await books.record(Batch(accounts=(dense,), new_posts=tuple(posts)))
    assert (await named(Sampling(books, clock, [])))["bowerbird_queue_cover_hours"] > FLOOR_H


async def test_an_account_at_rest_has_no_floor() -> None:
    """Nothing is due while it is paused, so an empty queue is no trouble."""
    books, clock = MemoryStorage(), VirtualClock()
    hold = Hold(account_id=WREN.id, kind=HoldKind.PAUSED, since=clock.now())
    await books.record(Batch(accounts=(WREN,), holds=(hold,)))
    found = await named(Sampling(books, clock, []))
    assert "bowerbird_queue_floor_hours" not in found
    assert found["bowerbird_account_held"] == 1


async def test_little_cover_has_a_low_floor() -> None:
    """A rehearsal that plans a minute ahead is not always short."""
    assert floor_h(Account(id="a", platform="sandbox", handle="a", cover_h=0.04)) == pytest.approx(0.01)


async def test_a_rehearsal_that_asks_is_nobodys_emergency() -> None:
    """Nothing is lost if nobody says yes, so nobody is told; one that posts by itself is watched like a real one."""
    asks = replace(WREN, rehearsal=True, mode=Mode.ASK)
    for account, has_floor in ((asks, False), (replace(asks, mode=Mode.AUTO), True), (replace(WREN, cover_h=0), False)):
        books, clock = MemoryStorage(), VirtualClock()
        await books.record(Batch(accounts=(account,)))
        assert ("bowerbird_queue_floor_hours" in await named(Sampling(books, clock, []))) is has_floor

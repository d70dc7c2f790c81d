"""The pool on virtual time: whatever hangs, freezes or dies costs its own lease at most, and is found in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import cast

import pytest

from bowerbird.browsers.line import Cls
from bowerbird.browsers.seat import TRIAL
from bowerbird.core.errors import Unreachable
from bowerbird.resilience.deadline import within
from tests.browsers.fakes import Bench, FakePage, PlaywrightTimeout, on_bench


def causes(bench: Bench) -> list[str]:
    """Why browsers were replaced."""
    return list(bench.pool.tally.restarts.elements())


def test_a_page_is_warm_for_its_account_and_a_browser_is_started_once() -> None:
    """The first lease waits for the browser, the second for nothing."""

    async def play(bench: Bench) -> None:
        first, second = await bench.work("robin"), await bench.work("robin")
        assert first > 2
        assert second < 0.1
        assert (bench.pool.starts, len(bench.seat().opened)) == (1, 1)

    on_bench(play)


@pytest.mark.proves("5.2")
def test_a_page_that_hangs_is_cut_off_within_four_seconds_and_the_next_one_works() -> None:
    """It raises nothing by itself; who waits behind it does not fail."""

    async def play(bench: Bench) -> None:
        await bench.work("robin")
        began = bench.clock.monotonic()
        hangs = asyncio.create_task(bench.trouble(lambda page: setattr(page, "hung", True)))
        await bench.clock.sleep(0.1)
        waits = asyncio.create_task(bench.work("wren"))
        with pytest.raises(Unreachable, match="the page hung in counts") as cut:
            await hangs
        assert cut.value.reason == "page"
        await waits
        assert bench.clock.monotonic() - began - 1.0 < 4
        assert (bench.pool.starts, bench.pool.tally.cut, bench.pool.tally.lost[Cls.METRICS]) == (1, 1, 1)

    on_bench(play)


def test_a_write_is_left_in_peace_longer() -> None:
    """Cut off it leaves a doubt, so a page that is only slow gets five seconds."""

    async def play(bench: Bench) -> None:
        async with bench.pool.page("robin", state=None, wait_s=9, op="publish") as page:
            fake = cast("FakePage", page)
            fake.hung = True
            await bench.clock.sleep(3.5)
            fake.hung = False
            await fake.work(bench.clock, 1)
        assert bench.pool.tally.cut == 0

    on_bench(play)


@pytest.mark.proves("5.2")
def test_a_lease_that_lasts_too_long_is_cut_off() -> None:
    """Its page answers, and its holder does not come back: two seconds after its end it is over."""

    async def play(bench: Bench) -> None:
        began = bench.clock.monotonic()
        with pytest.raises(Unreachable, match="lasted longer than 10 s"):
            await bench.trouble(lambda page: None, op="search", lease_s=10)
        assert 10 < bench.clock.monotonic() - began < 16
        await bench.work("robin")

    on_bench(play)


@pytest.mark.proves("5.5")
@pytest.mark.parametrize(("standby", "within_s"), [(True, 0.5), (False, 3.0)])
def test_when_a_browser_dies_who_waits_does_not_fail(standby: bool, within_s: float) -> None:
    """Only the lease that was in it is lost, and it says so; the others wait for the next browser."""

    async def play(bench: Bench) -> None:
        await bench.work("robin")
        await bench.clock.sleep(6)  # time for one to stand by
        sits = asyncio.create_task(bench.work("robin", 5))
        await bench.clock.sleep(0.5)
        waits = [asyncio.create_task(bench.work(f"wren{n}", 0.1)) for n in range(3)]
        began = bench.clock.monotonic()
        old = bench.seat()
        old.die()
        with pytest.raises(Unreachable) as lost:
            await sits
        assert lost.value.reason == "browser_died"
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        assert bench.clock.monotonic() - began < within_s
        assert old.killed is standby  # its driver goes with it at once, unless it starts the next browser
        await asyncio.gather(*waits)
        assert causes(bench) == ["browser_died"]

    on_bench(play, standby=standby)


@pytest.mark.proves("5.5")
def test_a_frozen_browser_is_found_within_six_seconds() -> None:
    """It raises nothing, is connected, and cannot even be closed: its whole process group is killed."""

    async def play(bench: Bench) -> None:
        await bench.work("robin")
        frozen, began = bench.seat(), bench.clock.monotonic()
        frozen.frozen = True
        while bench.seat() is frozen or not bench.pool.up:
            await bench.clock.sleep(0.1)
        assert bench.clock.monotonic() - began < 6.1
        assert frozen.killed
        assert causes(bench) == ["frozen"]
        await bench.work("robin")

    on_bench(play)


@pytest.mark.proves("5.2")
def test_a_page_that_hangs_while_nobody_uses_it_is_closed_whoever_came_after() -> None:
    """It burns a processor; the pages are looked at by turns."""

    async def play(bench: Bench) -> None:
        for name in ("wren", "robin", "finch"):
            await bench.work(name, 0.1)
        page = bench.seat().pages["robin"]
        page.hung = True
        await bench.clock.sleep(3 * 2 + 4)
        assert page.is_closed()
        assert bench.seat().warm == ["wren", "finch"]

    on_bench(play)


def test_a_frozen_browser_is_found_while_somebody_sits_there() -> None:
    """Who sits there fails, and who comes next has another browser."""

    async def play(bench: Bench) -> None:
        await bench.work("robin")
        began = bench.clock.monotonic()
        with pytest.raises(Unreachable):
            await bench.trouble(lambda page: setattr(bench.seat(), "frozen", True))
        await bench.work("robin", 0)
        assert bench.clock.monotonic() - began < 6.5

    on_bench(play)


async def frozen_for(bench: Bench, place: int) -> float:
    """Freeze a browser that nobody uses, and return how long it stood there."""
    frozen, began = bench.seat(place), bench.clock.monotonic()
    frozen.frozen = True
    while not frozen.killed and bench.clock.monotonic() - began < 60:
        await bench.clock.sleep(0.1)
    return bench.clock.monotonic() - began


@pytest.mark.proves("5.1", "5.5")
def test_while_one_browser_does_not_come_the_others_are_looked_after() -> None:
    """A start takes half a minute to fail; what freezes meanwhile is found as soon as ever."""

    async def play(bench: Bench) -> None:
        await asyncio.gather(bench.work("robin", 3, op="publish"), bench.work("wren", 3, op="publish"))
        bench.yard.start_s, bench.yard.broken = 30.0, True
        bench.seat(0).die("driver")
        await bench.clock.sleep(38)  # it failed once, and a look has begun the next one
        assert await frozen_for(bench, 1) < 4.1

    on_bench(play, seats=2)


@pytest.mark.proves("5.1", "5.5")
def test_one_that_cannot_stand_by_is_tried_seldom_and_keeps_nobody_from_looking() -> None:
    """Nobody waits for it."""

    async def play(bench: Bench) -> None:
        await bench.work("robin")
        bench.yard.start_s, bench.yard.broken = 30.0, True
        await bench.clock.sleep(10)
        assert await frozen_for(bench, 0) < 4.1
        bench.yard.start_s, bench.yard.broken = 0.1, False
        await bench.work("robin")
        bench.yard.broken, made = True, len(bench.yard.made)
        await bench.clock.sleep(600)
        assert len(bench.yard.made) - made < 20
        bench.yard.broken = False
        await bench.clock.sleep(65)
        assert bench.pool.supervisor.spare is not None

    on_bench(play, standby=True)


@pytest.mark.proves("5.3", "5.5")
def test_a_kernel_that_does_not_say_how_large_they_are_keeps_nobody_from_looking() -> None:
    """It is asked once, until it answers: each question takes a thread."""

    async def play(bench: Bench) -> None:
        await bench.work("robin")
        await bench.clock.sleep(10)
        bench.yard.thread_s = 1e6
        await bench.clock.sleep(10)
        assert await frozen_for(bench, 0) < 6.1

    on_bench(play)


def test_a_dead_driver_is_replaced_though_nobody_asks() -> None:
    """Playwright says nothing; the process that ends does."""

    async def play(bench: Bench) -> None:
        await bench.work("robin")
        dead, began = bench.seat(), bench.clock.monotonic()
        dead.die("driver")
        while not bench.pool.up:
            await bench.clock.sleep(0.1)
        assert bench.clock.monotonic() - began < 2.5
        assert causes(bench) == ["driver_died"]

    on_bench(play)


@pytest.mark.proves("5.1")
def test_after_too_many_losses_a_place_is_down_and_comes_back() -> None:
    """Five in ten minutes, with growing waits; then one try each 30 s, and never the end of the engine."""

    async def play(bench: Bench) -> None:
        await bench.work("robin")
        for _ in range(6):
            bench.seat().die()
            for _ in range(200):
                if bench.pool.up:
                    break
                await bench.clock.sleep(0.1)
        with pytest.raises(Unreachable) as down:
            await bench.work("robin")
        assert down.value.reason == "no_browser"
        await bench.clock.sleep(20)
        await bench.work("robin")

    on_bench(play)


@pytest.mark.proves("1.1")
def test_a_browser_that_does_not_start_fails_who_asks_and_starts_once_it_can() -> None:
    """At once, so that its breaker opens and says why; mended it is up within seconds, with nobody asking."""

    async def play(bench: Bench) -> None:
        bench.yard.broken = True
        for _ in range(3):
            with pytest.raises(Unreachable) as broken:
                await bench.work("robin")
            assert broken.value.reason == "no_browser"
        bench.yard.broken = False
        began = bench.clock.monotonic()
        while not bench.pool.up:
            await bench.clock.sleep(0.1)
        assert bench.clock.monotonic() - began < 12

    on_bench(play)


def test_one_place_that_is_down_does_not_fail_those_who_can_go_elsewhere() -> None:
    """They wait for the browsers that run."""

    async def play(bench: Bench) -> None:
        await bench.work("robin")
        bench.yard.broken = True
        with pytest.raises(Unreachable):
            await asyncio.gather(bench.work("robin", 2, op="publish"), bench.work("wren", 2, op="publish"))
        waits = await asyncio.gather(*(bench.work(f"w{n}", 1, op="publish") for n in range(4)))
        assert max(waits) < 10

    on_bench(play, seats=2)


def test_an_account_sits_on_one_seat_at_a_time() -> None:
    """Two pages of one account would renew its session behind each other's back."""

    async def play(bench: Bench) -> None:
        both = asyncio.gather(bench.work("robin", 5, op="publish"), bench.work("robin", 5, op="publish"))
        await bench.clock.sleep(4)
        assert len(bench.pool.line.sitting) == 1
        assert max(await both) > 5

    on_bench(play, seats=2)


def test_a_page_moves_to_another_seat_with_what_it_knows() -> None:
    """Somebody else sits where it is, so it opens elsewhere, and the old one is closed."""

    async def play(bench: Bench) -> None:
        await bench.work("robin")
        home = bench.seat(0)
        home.states["robin"] = "the cookies of today"
        async with bench.pool.page("wren", state=None, wait_s=9, op="publish"):
            await bench.work("robin", op="publish")
        assert home.warm == ["wren"]
        assert bench.seat(1).opened == [("robin", "the cookies of today")]

    on_bench(play, seats=2)


def test_a_trial_whose_page_does_not_close_costs_nobody_his_lease() -> None:
    """It fails, and the browser is replaced after whoever sits there."""

    async def play(bench: Bench) -> None:
        await bench.work("robin", 0.1)
        old = bench.seat()
        old.stuck = TRIAL
        writes = asyncio.create_task(bench.work("robin", 20, op="publish"))
        await bench.clock.sleep(1)
        with pytest.raises(Unreachable, match="a page would not close"):
            await bench.pool.try_out(wait_s=5)
        await writes
        await bench.clock.sleep(10)
        assert bench.seat() is not old

    on_bench(play)


async def knows(bench: Bench, state: str, what: str) -> None:
    """Lease the page of robin with this state, and let it know something afterwards."""
    async with bench.pool.page("robin", state=state, wait_s=9):
        pass
    bench.seat().states["robin"] = what


def test_a_page_that_was_closed_for_room_is_opened_with_what_it_knew() -> None:
    """Closed in the middle of a day it would else begin with the session of the last save."""

    async def play(bench: Bench) -> None:
        await knows(bench, "S0", "S1")
        bench.pool.supervisor.scale.budget_mb = 700.0
        bench.pool.supervisor.scale.page_mb = 400.0
        await bench.work("wren")
        assert bench.seat().warm == ["wren"]
        bench.pool.supervisor.scale.budget_mb = None
        await knows(bench, "S0", "S2")
        assert bench.seat().opened[-1] == ("robin", "S1")

    on_bench(play, watched=False)


def test_what_a_page_knows_goes_along_after_it_was_saved_and_not_after_somebody_signed_in() -> None:
    """The caller brings what the page itself said, or what is newer than all that it knows."""

    async def play(bench: Bench) -> None:
        await knows(bench, "S0", "S1")
        assert await bench.pool.state("robin") == "S1"
        bench.pool.saved("robin", "S1")
        bench.seat().states["robin"] = "S2"
        async with bench.pool.page("wren", state=None, wait_s=9, op="publish"):
            await knows(bench, "S1", "S3")
        assert bench.seat(1).opened == [("robin", "S2")]
        await knows(bench, "S0", "S3")  # whoever waited in line while it was saved
        assert len(bench.seat(1).opened) == 1
        await knows(bench, "signed in", "S4")
        assert bench.seat(1).opened[-1] == ("robin", "signed in")
        assert len(bench.seat(1).opened) == 2

    on_bench(play, seats=2, watched=False)


def test_a_state_that_no_browser_takes_is_no_fault_of_the_browser() -> None:
    """Its account is told so; the others go on with the same browser."""

    async def play(bench: Bench) -> None:
        bench.yard.refused = "spoiled"
        await bench.work("wren", 0.1)
        with pytest.raises(Unreachable) as refused:
            await knows(bench, "spoiled", "S1")
        assert refused.value.reason == "bad_state"
        await bench.work("wren", 0.1)
        assert causes(bench) == []
        assert bench.seat().warm == ["wren"]

    on_bench(play, watched=False)


def test_a_lease_that_ends_late_gives_nobody_elses_seat_away() -> None:
    """The place bears the token of the newest."""

    async def play(bench: Bench) -> None:
        await bench.work("robin", 0.1)
        (place,) = bench.pool.places
        async with bench.pool.page("wren", state=None, wait_s=9):
            assert place.taken is not None
            token = place.taken.number
            assert place.held_by(token)
            late = replace(place.taken, number=token - 1)
            bench.pool._free(late, place, well=True)
            assert place.held_by(token)
        assert not place.held_by(token)

    on_bench(play, watched=False)


def test_what_a_page_knew_is_kept_until_there_is_another() -> None:
    """Also when that does not open at the first try."""

    async def play(bench: Bench) -> None:
        await knows(bench, "S0", "S1")
        async with bench.pool.page("wren", state=None, wait_s=9, op="publish"):
            bench.yard.shut = 1
            await knows(bench, "S0", "S2")
        assert bench.seat(1).opened == [("robin", "S1")]

    on_bench(play, seats=2, watched=False)


async def write_beside(bench: Bench, other: Callable[[], Awaitable[object]]) -> None:
    """Do something while robin writes in the browser in which the page of wren does not close."""
    await bench.work("wren", 0.1)
    await bench.work("robin", 0.1)
    old = bench.seat()
    old.stuck = "wren"
    writes = asyncio.create_task(bench.work("robin", 30, op="publish"))
    await bench.clock.sleep(1)
    await other()
    await writes
    assert causes(bench) == []
    await bench.clock.sleep(10)
    assert bench.seat() is not old
    assert causes(bench) == ["hung"]


@pytest.mark.proves("5.5")
def test_a_page_that_does_not_close_costs_nobody_else_his_lease() -> None:
    """Its account goes elsewhere, or is forgotten; the browser is replaced once nobody sits there."""

    async def elsewhere(bench: Bench) -> None:
        await write_beside(bench, lambda: bench.work("wren", 0.1, op="publish"))

    async def forgotten(bench: Bench) -> None:
        await write_beside(bench, lambda: bench.pool.forget("wren"))

    async def too_large(bench: Bench) -> None:
        async def want_memory() -> None:
            bench.pool.supervisor.scale.most_mb = 500.0
            await bench.clock.sleep(10)
            bench.pool.supervisor.scale.most_mb = 0.0

        await write_beside(bench, want_memory)

    on_bench(elsewhere, seats=2)
    on_bench(forgotten)
    on_bench(too_large)


def test_who_cannot_have_a_turn_in_time_is_told_at_once_and_why() -> None:
    """From how long leases usually last; nothing is known at first, and everybody may wait."""

    async def play(bench: Bench) -> None:
        for _ in range(3):
            await bench.work("robin", 10)
        sits = [asyncio.create_task(bench.work(f"r{n}", 10)) for n in range(5)]
        await bench.clock.sleep(0.1)
        began = bench.clock.monotonic()
        with pytest.raises(Unreachable, match="4 wait before it, usually 40 s, and it has 5 s") as refused:
            await bench.work("wren", wait_s=5)
        assert (refused.value.reason, bench.clock.monotonic()) == ("browser_busy", began)
        assert await bench.work("finch", op="publish", wait_s=20) < 12  # a post goes before them
        await asyncio.gather(*sits)

    on_bench(play)


def test_after_a_reading_that_hung_others_are_read() -> None:
    """It was the only one of its kind that was ever timed, it ended with its deadline, and the next has as much."""

    async def play(bench: Bench) -> None:
        with pytest.raises(TimeoutError):
            async with within(60):
                await bench.trouble(lambda page: None)
        await bench.clock.sleep(1)
        async with within(60):
            assert await bench.work("wren") < 3

    on_bench(play)


def test_a_wait_that_is_cancelled_at_any_instant_leaves_no_seat_taken() -> None:
    """Also in the very turn in which the seat was given."""

    async def play(bench: Bench) -> None:
        await bench.work("robin", 0.1)
        for wait in range(40):
            sits = asyncio.create_task(bench.work("robin", 1))
            waits = asyncio.create_task(bench.work("wren", 1))
            await bench.clock.sleep(0.05 * wait)
            waits.cancel()
            await asyncio.gather(sits, waits, return_exceptions=True)
            await bench.clock.sleep(0.5)
            assert not bench.pool.line.sitting, wait
            assert bench.pool.places[0].taken is None

    on_bench(play)


@pytest.mark.proves("5.3", "5.G3")
def test_a_driver_that_grows_is_replaced_before_it_ends_and_nobody_waits_for_it() -> None:
    """Its slope says so; the new one is started first, and the sessions go along."""

    async def play(bench: Bench) -> None:
        await bench.work("robin")
        old = bench.seat()
        old.grows_mb_s, old.states["robin"] = 1.0, "the cookies of today"
        waits = []
        for _ in range(300):
            waits.append(await bench.work("robin", 0.5))
            await bench.clock.sleep(0.5)
        assert bench.seat() is not old
        assert old.closed
        assert causes(bench) == ["grown"]
        assert max(waits) < 1
        assert bench.seat().opened[0] == ("robin", "the cookies of today")
        assert bench.pool.tally.restarts["grown"] == 1

    on_bench(play)


@pytest.mark.proves("5.3", "5.G3")
@pytest.mark.parametrize("standby", [True, False])
def test_a_driver_that_grows_is_replaced_though_somebody_always_sits_there(standby: bool) -> None:
    """Between two leases, one of which follows upon the other; and that is not a wait anybody would notice."""

    async def play(bench: Bench) -> None:
        waits: list[float] = []
        largest_mb = 0.0

        async def busy(account: str) -> None:
            nonlocal largest_mb
            while bench.clock.monotonic() < 1_500:
                if not bench.seat().grows_mb_s:  # it stood by, and did not grow
                    bench.seat().grows_mb_s, bench.seat().born = 1.0, bench.clock.monotonic()
                waits.append(await bench.work(account, 2.0, op="publish"))
                largest_mb = max(largest_mb, bench.seat().weigh()[1])

        await bench.work("robin")
        await asyncio.gather(busy("robin"), busy("wren"))
        assert set(causes(bench)) == {"grown"}
        assert bench.pool.tally.restarts["grown"] > 8
        assert largest_mb < 270
        assert max(waits) < 2.6

    on_bench(play, standby=standby)


@pytest.mark.proves("5.G3")
def test_a_lease_that_begins_while_its_browser_is_replaced_is_not_lost() -> None:
    """The old one tells what its pages know when a post comes, and stays until that is out."""

    async def play(bench: Bench) -> None:
        await bench.work("robin")
        bench.seat().grows_mb_s, bench.yard.state_s = 5.0, 1.0
        bench.seat().states["robin"] = "the cookies of today"
        while len(bench.yard.made) < 2 or not bench.yard.made[1].started:
            await bench.clock.sleep(0.1)
        await bench.work("robin", 5, op="publish")
        await bench.clock.sleep(30)
        assert (causes(bench), len(bench.yard.left)) == (["grown"], 1)

    on_bench(play)


def test_one_that_came_for_a_browser_that_died_meanwhile_does_not_stay() -> None:
    """Where none is to stand by, it would take its memory for nothing."""

    async def play(bench: Bench) -> None:
        await bench.work("robin")
        bench.seat().grows_mb_s = 5.0
        while len(bench.yard.made) < 2:
            await bench.clock.sleep(0.1)
        bench.seat().die("driver")
        await bench.clock.sleep(20)
        assert len(bench.yard.left) == 1

    on_bench(play)


@pytest.mark.proves("5.3", "5.5")
def test_a_browser_that_is_frozen_and_too_large_is_found_as_soon_as_ever() -> None:
    """Somebody sits there, and none of its idle pages closes; nobody waits for them one after another."""

    async def play(bench: Bench) -> None:
        names = [f"wren{n}" for n in range(7)]
        for name in names:
            await bench.work(name, 0.1)
        bench.pool.supervisor.scale.most_mb = 100.0
        frozen, began = bench.seat(), bench.clock.monotonic()
        with pytest.raises(Unreachable):
            await bench.trouble(lambda page: setattr(frozen, "frozen", True), op="publish")
        while not frozen.killed:
            await bench.clock.sleep(0.1)
        assert bench.clock.monotonic() - began < 6.5

    on_bench(play)


@pytest.mark.proves("5.3")
def test_what_is_over_the_budget_goes_oldest_idle_page_first() -> None:
    """And whoever works goes on working."""

    async def play(bench: Bench) -> None:
        for name in ("robin", "wren", "finch", "tit"):
            await bench.work(name, 0.1)
        async with bench.pool.page("tit", state=None, wait_s=9) as page:
            bench.yard.available_mb = 100.0
            bench.pool.supervisor.scale.most_mb = 450.0
            await cast("FakePage", page).work(bench.clock, 12)
        assert "tit" in bench.seat().warm
        assert "robin" not in bench.seat().warm
        assert causes(bench) == []

    on_bench(play)


@pytest.mark.proves("5.3")
def test_a_browser_far_over_the_budget_is_killed_with_whoever_sits_there() -> None:
    """Before the machine does it with everything."""

    async def play(bench: Bench) -> None:
        await bench.work("robin", 0.1)
        big = bench.seat()
        began = bench.clock.monotonic()
        with pytest.raises(Unreachable) as lost:
            await bench.trouble(lambda page: setattr(big, "extra_mb", 4_000.0))
        assert lost.value.reason == "browser_died"
        assert bench.clock.monotonic() - began < 10
        assert causes(bench) == ["memory"]

    on_bench(play, memory_max_mb=1_000)


def test_one_stands_by_only_where_memory_allows_it() -> None:
    """And not before anybody needed a browser."""

    async def play(bench: Bench) -> None:
        await bench.clock.sleep(10)
        assert bench.yard.made == []
        await bench.work("robin")
        await bench.clock.sleep(10)
        assert (len(bench.yard.made), bench.pool.supervisor.spare is not None) == (1, False)

    on_bench(play, standby=True, memory_max_mb=600)


def test_a_trial_passes_beside_whoever_sits_there() -> None:
    """A pool that is busy is not one that is down, and the trial is found wanting when it is."""

    async def play(bench: Bench) -> None:
        sits = asyncio.create_task(bench.work("robin", 30))
        await bench.clock.sleep(5)
        await bench.pool.try_out(wait_s=5)
        assert bench.seat().warm == ["robin"]
        bench.seat().frozen = True
        with pytest.raises(Unreachable) as down:
            await bench.pool.try_out(wait_s=5)
        assert down.value.reason == "no_browser"
        with pytest.raises(Unreachable):
            await sits
        await bench.pool.try_out(wait_s=5)

    on_bench(play, watched=False)


def test_the_numbers_say_what_happened() -> None:
    """Under names of the vocabulary, and as one picture for the page."""

    async def play(bench: Bench) -> None:
        await bench.work("robin", op="publish")
        bench.seat().die()
        await bench.clock.sleep(10)
        found = {(s.name, *s.labels.values()): s.value for s in bench.pool.samples()}
        assert found["bowerbird_browser_leases_total", "post"] == 1
        assert found["bowerbird_browser_ends_total", "browser_died"] == 1
        assert found["bowerbird_browser_lost_total",] == 1
        assert found["bowerbird_browser_seats", "idle"] == 1
        assert found["bowerbird_browser_wait_seconds", "post", "0.95"] > 2
        assert ("bowerbird_browser_wait_seconds", "harvest", "0.5") not in found
        picture = bench.pool.snapshot().data
        assert picture["events"][-1][1] == "The browser on seat 1 was replaced: the browser ended by itself."
        assert picture["ends"] == {"the browser died": 1}
        assert (picture["recycled"], picture["listeners"], picture["memory"]["unweighed"]) == (0, 0, 0)
        seat = picture["seats"][0]
        assert (seat["memory_bytes"], seat["driver_bytes"]) == (420 * 1024**2, 120 * 1024**2)
        assert (seat["lives"], seat["ends"], seat["recycled"]) == (2, {"the browser died": 1}, 0)
        assert [(row["class"], row["n"]) for row in picture["waits"]] == [("post", 1)]

    on_bench(play)


@pytest.mark.proves("5.G4")
def test_whatever_ends_for_its_time_is_counted_by_operation() -> None:
    """A call of Playwright's, a limit of the caller's, a page that hung, a lease that lasted; not a seat given up."""

    async def play(bench: Bench) -> None:
        async def ends_with(error: BaseException, op: str) -> None:
            async with bench.pool.page("robin", state=None, wait_s=9, op=op):
                raise error

        for error, op in (
            (PlaywrightTimeout("Page.goto: Timeout 8000ms exceeded."), "publish"),
            (PlaywrightTimeout("Page.click: Timeout 8000ms exceeded."), "publish"),
            (TimeoutError(), "resolve"),
        ):
            with pytest.raises(Unreachable):
                await ends_with(error, op)
        with pytest.raises(Unreachable):
            await bench.trouble(lambda page: setattr(page, "hung", True), op="counts")
        with pytest.raises(Unreachable):
            await bench.trouble(lambda page: None, op="search", lease_s=5)
        draws = asyncio.create_task(bench.trouble(lambda page: None, op="card"))
        await bench.clock.sleep(1)
        await bench.work("robin", op="reply")
        await asyncio.gather(draws, return_exceptions=True)
        ops = {op: n for op, n in bench.pool.tally.timeouts.items() if op not in {"probe", "page.close"}}
        assert ops == {"publish": 2, "resolve": 1, "counts": 1, "search": 1}
        told = {s.labels["operation"]: s.value for s in bench.pool.samples() if s.name.endswith("_timeouts_total")}
        assert told["publish"] == 2

    on_bench(play)


def test_what_is_not_measured_has_no_number() -> None:
    """Growth before it was weighed often enough; what a browser took that is gone; the wait of who had no seat."""

    async def play(bench: Bench) -> None:
        await bench.work("robin")
        await bench.clock.sleep(10)
        assert bench.pool.snapshot().data["seats"][0]["memory_slope_bytes_h"] is None
        await bench.clock.sleep(60)
        assert bench.pool.snapshot().data["seats"][0]["memory_slope_bytes_h"] == 0
        bench.yard.broken = True
        bench.seat().die()
        await bench.clock.sleep(4)
        with pytest.raises(Unreachable):
            await bench.work("wren", op="search", wait_s=0.5)
        picture = bench.pool.snapshot().data
        (row,) = picture["seats"]
        assert (row["state"], row["memory_bytes"], row["memory_slope_bytes_h"], row["cpu_s"]) == (
            "down",
            None,
            None,
            None,
        )
        assert "it is broken" in row["why"]
        assert "bowerbird_browser_memory_bytes" not in {sample.name for sample in bench.pool.samples()}

    on_bench(play)


@pytest.mark.proves("2.4")
def test_spare_work_gives_its_seat_up_for_a_post() -> None:
    """On the only seat: a drawing that hangs is cut off when the post comes, and the browser stays."""

    async def play(bench: Bench) -> None:
        draws = asyncio.create_task(bench.trouble(lambda page: setattr(page, "hung", True), op="card"))
        await bench.clock.sleep(3)
        began = bench.clock.monotonic()
        await bench.work("wren", op="publish", seconds=0.0)
        assert bench.clock.monotonic() - began < 0.5
        with pytest.raises(Unreachable, match="a post needed the seat"):
            await draws
        assert bench.pool.starts == 1

    on_bench(play, seats=1)


@pytest.mark.proves("2.4")
@pytest.mark.parametrize("after_s", [0.5, 1.9, 2.01, 2.1])
def test_spare_work_gives_its_seat_up_while_its_page_is_still_opened(after_s: float) -> None:
    """The browser starts for two seconds, which the post needs too; then it goes, and not after the drawing."""

    async def play(bench: Bench) -> None:
        draws = asyncio.create_task(bench.trouble(lambda page: None, op="card", lease_s=30))
        await bench.clock.sleep(after_s)
        assert await bench.work("wren", op="publish", wait_s=20) < 2.5
        with pytest.raises(Unreachable, match="a post needed the seat"):
            await draws
        assert (bench.pool.starts, bench.pool.tally.cut, causes(bench)) == (1, 1, [])

    on_bench(play)


@pytest.mark.proves("2.4")
def test_spare_work_gives_its_seat_up_for_a_post_that_comes_as_it_is_called() -> None:
    """In the very turn in which it was given the seat and does not know it yet."""

    async def play(bench: Bench) -> None:
        async def read_and_post() -> float:
            await bench.work("robin", 3)
            return await bench.work("robin", 0.1, op="publish", wait_s=20)

        posts = asyncio.create_task(read_and_post())
        await bench.clock.sleep(1)
        draws = asyncio.create_task(bench.trouble(lambda page: None, op="card", lease_s=30))
        assert await posts < 2.5
        with pytest.raises(Unreachable, match="a post needed the seat"):
            await draws

    on_bench(play)


@pytest.mark.proves("5.5")
@pytest.mark.parametrize("after_s", [n / 2.5 for n in range(20)])
def test_whatever_is_on_its_way_when_everything_is_closed_is_closed_too(after_s: float) -> None:
    """A browser that takes another's place, one that is to stand by, and one whose lease has just begun."""

    async def play(bench: Bench) -> None:
        await bench.work("robin")
        await bench.clock.sleep(2)
        bench.seat().die("driver")
        asks = asyncio.create_task(bench.work("wren", 3))
        await bench.clock.sleep(after_s)
        await bench.pool.close()
        await bench.clock.sleep(10)
        await asyncio.gather(asks, return_exceptions=True)
        assert bench.yard.left == []
        with pytest.raises(Unreachable, match="the browsers were closed"):
            await bench.work("robin")

    on_bench(play, standby=True)

"""The breaker: when it opens, what it refuses, how it finds back, and what never opens it."""

from __future__ import annotations

import asyncio
import math

import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.breaker import Position
from bowerbird.core.errors import Refused, Unreachable
from bowerbird.resilience.breaker import Breaker
from bowerbird.resilience.trip import Says, Trip

from .lab import Dependency, Lab


async def test_it_opens_when_half_of_the_calls_fail() -> None:
    """And never on fewer calls than are worth judging."""
    lab = Lab(VirtualClock(), Trip(calls_min=4))
    await lab.fail(3)
    assert lab.breaker.closed
    assert await lab.ask() == "answer"
    assert lab.breaker.closed
    await lab.fail(1)
    assert lab.breaker.state.position is Position.OPEN
    assert "4 of 5 calls failed, the last: it is down" in lab.breaker.state.why


async def test_an_open_breaker_lets_nobody_through() -> None:
    """The refusal says who, why and when next, and that nothing was called."""
    lab = Lab(VirtualClock())
    await lab.fail()
    asked = lab.dependency.asked
    for _ in range(20):
        with pytest.raises(
            Unreachable, match=r"the breaker lab is open: .*it is down.* next probe is in 2 s"
        ) as refused:
            await lab.breaker.call(lab.dependency)
        assert refused.value.reason == "breaker_open"
    assert lab.dependency.asked == asked


async def test_a_good_call_never_opens_it() -> None:
    """Two failures and then health: the third call is an answer, not the last straw."""
    lab = Lab(VirtualClock())
    await lab.fail(2)
    assert await lab.ask() == "answer"
    assert lab.breaker.closed


async def test_its_beats_are_the_calls_of_its_window_and_its_last_probes() -> None:
    """Oldest first, with their instants; closing empties the window, and the probe that closed it stays."""
    clock = VirtualClock()
    lab = Lab(clock)
    await lab.ask()
    clock.advance(2.0)
    await lab.fail(2)
    lab.dependency.mode = "down"
    await lab.breaker.probe_once()
    beats = lab.breaker.beats()
    assert [beat.went.value for beat in beats] == ["answered", "failed", "failed", "probe failed"]
    assert beats[-1].at - beats[0].at == 2_000_000
    window = lab.breaker.window()
    assert (window["calls"], window["failed"], window["beats"][0][1]) == (3, 2, "answered")
    lab.breaker.close("", by="ann")
    assert [beat.went.value for beat in lab.breaker.beats()] == ["probe failed"]


async def test_old_calls_are_forgotten() -> None:
    """By age, and by number."""
    clock = VirtualClock()
    lab = Lab(clock, Trip(window_calls=4, window_s=60.0))
    await lab.fail(2)
    clock.advance(61.0)
    await lab.fail(2)
    assert (lab.breaker.closed, lab.breaker.state.failed, lab.breaker.state.calls) == (True, 2, 2)
    for _ in range(4):
        await lab.ask()
    assert (lab.breaker.state.failed, lab.breaker.state.calls) == (0, 4)


async def test_a_window_can_be_counted_alone() -> None:
    """With an endless age only the number bounds it."""
    clock = VirtualClock()
    lab = Lab(clock, Trip(window_s=math.inf))
    await lab.fail(2)
    clock.advance(1e6)
    await lab.fail(1)
    assert not lab.breaker.closed


async def test_slow_calls_open_it_too() -> None:
    """They succeed, and nobody can wait for them."""
    lab = Lab(VirtualClock(), Trip(slow_s=3.0))
    lab.dependency.mode = "slow"
    for _ in range(3):
        assert await lab.ask() == "answer"
    assert "3 of 3 calls took 3 s or longer" in lab.breaker.state.why


async def test_a_call_that_its_caller_cancelled_says_nothing() -> None:
    """However many there are."""
    lab = Lab(VirtualClock())
    lab.dependency.mode = "hang"
    for _ in range(6):
        call = asyncio.create_task(lab.breaker.call(lab.dependency))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert lab.breaker.state.calls == 0
    assert lab.breaker.closed


async def test_a_call_from_before_says_nothing_later() -> None:
    """It began before the breaker opened and closed again."""
    lab = Lab(VirtualClock())
    gate = asyncio.Event()

    async def late() -> None:
        await gate.wait()
        raise Unreachable

    call = asyncio.create_task(lab.breaker.call(late))
    await asyncio.sleep(0)
    await lab.fail()
    lab.breaker.close("", by="me")
    gate.set()
    with pytest.raises(Unreachable):
        await call
    assert lab.breaker.state.calls == 0


async def test_what_counts_is_given() -> None:
    """A refusal is an answer; what is nobody's fault counts for nothing."""
    verdicts = {Refused: Says.UP, ValueError: Says.NOTHING}
    lab = Lab(VirtualClock(), weigh=lambda outcome: verdicts.get(type(outcome), Says.UP))

    async def fail_with(error: Exception) -> None:
        with pytest.raises(type(error)):
            await lab.breaker.call(raiser(error))

    await fail_with(Refused())
    await fail_with(ValueError())
    assert (lab.breaker.state.failed, lab.breaker.state.calls) == (0, 1)


async def test_a_probe_closes_it_and_a_failed_one_waits_longer() -> None:
    """Two, four, eight seconds, each drawn from its upper half, and never more than the most."""
    clock = VirtualClock()
    lab = Lab(clock)
    await lab.fail()
    lab.dependency.mode = "down"
    for longest in (4.0, 8.0, 16.0, 32.0, 35.0, 35.0):
        await lab.breaker.probe_once()
        wait_s = (lab.breaker.due or 0) - clock.monotonic()
        assert longest / 2 <= wait_s <= longest
    lab.dependency.mode = "up"
    await lab.breaker.probe_once()
    assert lab.breaker.closed
    assert lab.diary.kinds == ["breaker_opened", *["breaker_probed"] * 4, "breaker_closed"]


async def test_as_many_probes_as_are_asked_for_have_to_succeed() -> None:
    """Two of three are not enough."""
    lab = Lab(VirtualClock(), Trip(probes=3, lease_s=5.0))
    await lab.fail()
    answers = iter([None, None, Unreachable("no"), None, None, None])

    async def probe() -> None:
        if (error := next(answers)) is not None:
            raise error

    lab.breaker._probe = probe
    await lab.breaker.probe_once()
    assert not lab.breaker.closed
    await lab.breaker.probe_once()
    assert lab.breaker.closed


async def test_one_that_opens_again_soon_never_really_closed() -> None:
    """Its wait goes on growing; after a minute of health it begins anew."""
    clock = VirtualClock()
    lab = Lab(clock)
    for opens in (1, 2, 3):
        await lab.fail()
        assert lab.breaker.state.opens == opens
        await lab.breaker.probe_once()
    clock.advance(61.0)
    await lab.fail()
    assert lab.breaker.state.opens == 1


@pytest.mark.proves("4.G2")
async def test_a_person_opens_it_and_it_stays_open_until_released() -> None:
    """Probes go on, and say that it could close."""
    lab = Lab(VirtualClock())
    lab.breaker.open("the host is angry with us", by="wren")
    assert "the host is angry with us" in lab.breaker.refusal()
    await lab.breaker.probe_once()
    assert lab.breaker.state.manual
    assert not lab.breaker.closed
    assert lab.breaker.state.next_probe_at is not None
    lab.breaker.release()
    await lab.breaker.probe_once()
    assert await lab.ask() == "answer"
    assert lab.diary.facts[0].by == "wren"


@pytest.mark.proves("4.G2")
async def test_a_person_closes_it_and_asks_for_a_probe() -> None:
    """At once; it may open again."""
    clock = VirtualClock()
    lab = Lab(clock)
    await lab.fail()
    lab.breaker.probe_now()
    assert lab.breaker.due == clock.monotonic()
    lab.breaker.close("it works again, I saw it", by="wren")
    assert await lab.ask() == "answer"
    assert lab.breaker.state.why == "it works again, I saw it"
    await lab.fail()
    assert not lab.breaker.closed


async def test_a_person_who_decides_during_a_probe_has_the_last_word() -> None:
    """The probe's answer comes too late."""
    lab, gate = Lab(VirtualClock()), asyncio.Event()

    async def late() -> None:
        await gate.wait()
        raise Unreachable

    await lab.fail()
    lab.breaker._probe = late
    probing = asyncio.create_task(lab.breaker.probe_once())
    await asyncio.sleep(0)
    lab.breaker.close("I saw it work", by="wren")
    gate.set()
    await probing
    assert lab.breaker.closed


@pytest.mark.proves("4.1")
async def test_its_state_survives_a_restart() -> None:
    """Open, half open or manual: open, and probed within the first wait; closed: closed."""
    clock = VirtualClock()
    lab = Lab(clock)
    await lab.fail()
    for position in (Position.OPEN, Position.HALF_OPEN):
        left = lab.diary.states["lab"]
        clock.step_wall(-3600)
        after = lab.fresh()
        after.restore(type(left)(**{**{n: getattr(left, n) for n in left.__slots__}, "position": position}))
        assert not after.closed
        assert after.state.opens == 1
        assert 0 <= (after.due or -1) - clock.monotonic() <= lab.trip.wait_s
    lab.breaker.close("", by="me")
    after = lab.fresh()
    after.restore(lab.diary.states["lab"])
    assert after.closed


def family(clock: VirtualClock) -> tuple[Lab, Lab]:
    """A browser, and a site that is driven through it."""
    browser = Lab(clock, name="browser", weigh=lambda outcome: Says.DOWN if isinstance(outcome, OSError) else Says.UP)
    return browser, Lab(clock, name="site", parent=browser.breaker)


@pytest.mark.proves("4.2", "5.1")
async def test_a_child_refuses_in_its_parents_name() -> None:
    """The root is named, and the child counts nothing against itself."""
    browser, site = family(VirtualClock())
    browser.breaker.open("it crashed", by="me")
    with pytest.raises(Unreachable, match="the breaker browser is open: it crashed"):
        await site.breaker.call(site.dependency)
    assert site.breaker.state.position is Position.CLOSED
    assert site.breaker.state.parent == "browser"
    assert not site.breaker.closed


async def test_a_call_through_a_child_counts_for_the_parent_as_well() -> None:
    """And when that opens the parent, the child stays innocent."""
    browser, site = family(VirtualClock())
    for _ in range(3):
        with pytest.raises(OSError, match="no browser"):
            await site.breaker.call(raiser(OSError("no browser")))
    assert not browser.breaker.closed
    assert site.breaker.state.position is Position.CLOSED
    assert site.breaker.state.failed == 2


@pytest.mark.proves("4.2", "5.1")
async def test_a_child_waits_for_its_parent_and_is_probed_when_that_closes() -> None:
    """Its own next probe is never before the parent's."""
    clock = VirtualClock()
    browser, site = family(clock)
    await site.fail()
    browser.breaker.open("it crashed", by="me")
    assert site.breaker.due is None
    assert (site.breaker.state.next_probe_at or 0) >= (browser.breaker.state.next_probe_at or 0) > 0
    browser.breaker.release()
    await browser.breaker.probe_once()
    assert site.breaker.due == clock.monotonic()


def test_a_trip_that_heals_too_late_is_refused() -> None:
    """A minute is the promise; a lease is half of that at most."""
    for wrong in ({"wait_max_s": 45.0}, {"lease_s": 31.0}, {"probes": 3}, {"calls_min": 0}, {"wait_s": 0.0}):
        with pytest.raises(ValueError, match=r"healthy|calls_min"):
            Trip(**wrong)


async def test_its_samples_tell_whether_and_for_how_long() -> None:
    """An outage goes on through its failed probes."""
    clock = VirtualClock()
    lab = Lab(clock)
    await lab.fail()
    lab.dependency.mode = "down"
    clock.advance(100.0)
    clock.step_wall(-7200)
    await lab.breaker.probe_once()
    assert {sample.name.split("_")[2]: sample.value for sample in lab.breaker.samples()} == {"open": 1, "age": 100.0}
    assert lab.breaker.state.since == clock.now() - 100_000_000


def raiser(error: Exception) -> Dependency:
    """A dependency that fails with this."""

    class Raiser(Dependency):
        async def __call__(self) -> str:
            raise error

    return Raiser(VirtualClock())


def test_the_refusal_costs_nothing_when_closed() -> None:
    """It is an empty word."""
    assert Lab(VirtualClock()).breaker.refusal() == ""
    assert isinstance(Lab(VirtualClock()).breaker, Breaker)

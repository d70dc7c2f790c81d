"""Buttons that steer the engine: each says what it did, or why it cannot."""

from typing import Any

import pytest

from bowerbird.alerts.notifiers import Channel
from bowerbird.app.steering import Steering
from bowerbird.clock import SeededChance, VirtualClock
from bowerbird.core.books import Batch
from bowerbird.core.breaker import Position
from bowerbird.core.errors import BadInput
from bowerbird.core.work import Command
from bowerbird.jobs.pauses import PAUSES, Pauses
from bowerbird.resilience.breaker import Breaker
from bowerbird.storage.memory import MemoryStorage
from tests.contracts.books import an_incident


async def well() -> None:
    """A probe that succeeds."""


class Bridge:
    """A steering with one breaker, and the jobs that were rung."""

    def __init__(self, *channels: Channel) -> None:
        self.clock, self.books, self.rung = VirtualClock(), MemoryStorage(), list[str]()
        chance = SeededChance(1)
        rng = chance.stream("b")
        self.breaker = Breaker("browser", well, clock=self.clock, rng=rng, tell=lambda state, fact: None)
        self.pauses = Pauses()
        self.steering = Steering(
            self.books, self.clock, chance, {"browser": self.breaker}, channels, self.rung.append, self.pauses
        )

    async def press(self, verb: str, **args: Any) -> str:
        """Press a button."""
        return await self.steering.table()[verb](Command(id="c", verb=verb, args=args, by="ann", asked_at=0))


@pytest.mark.proves("4.G2")
async def test_a_breaker_is_opened_with_a_reason_probed_and_closed() -> None:
    """By hand it stays open; a probe that was asked for lets it close by itself."""
    bridge = Bridge()
    assert "stays so until you close it" in await bridge.press("breaker_open", breaker="browser", why="maintenance")
    assert (bridge.breaker.state.manual, bridge.breaker.state.why) == (True, "maintenance")
    await bridge.press("breaker_probe", breaker="browser")
    await bridge.breaker.probe_once()
    assert bridge.breaker.state.position is Position.CLOSED
    await bridge.press("breaker_open", breaker="browser", why="maintenance again")
    await bridge.press("breaker_close", breaker="browser")
    assert bridge.breaker.state.position is Position.CLOSED


@pytest.mark.parametrize(
    ("verb", "args", "why"),
    [
        ("breaker_open", {"breaker": "browser", "why": " "}, "say why it is to be open"),
        ("acknowledge", {"incident": "none"}, "there is no such incident"),
        ("silence_end", {"silence": "none"}, "there is no such silence"),
        ("breaker_open", {"breaker": "none"}, "there is no breaker 'none'; there are browser"),
        ("run", {"job": "dance"}, "there is no job 'dance'"),
        ("lane_pause", {"lane": "left"}, "there is no lane 'left'"),
        ("lane_pause", {"lane": "desk"}, "nobody could let it go on"),
        ("lane_pause", {"lane": "reading", "hours": "soon"}, "hours must be a number"),
        ("lane_pause", {"lane": "reading", "hours": "nan"}, "some hours"),
        ("lane_pause", {"lane": "reading", "hours": "1000"}, "at most 168 hours"),
        ("lane_pause", {"lane": "posting", "hours": "0"}, "needs an end"),
        ("lane_pause", {"lane": "posting", "hours": "25"}, "at most 24 hours"),
        ("lane_resume", {"lane": "reading"}, "is not paused"),
        ("lane_resume", {"lane": "left"}, "there is no lane 'left'"),
        ("silence", {"hours": "soon"}, "hours must be a number"),
        ("silence", {"hours": "9999"}, "a silence lasts"),
        ("alerts_test", {}, "no channel is named"),
    ],
)
async def test_what_cannot_be_done_says_why(verb: str, args: dict[str, str], why: str) -> None:
    """In a sentence that names what there is."""
    with pytest.raises(BadInput, match=why):
        await Bridge().press(verb, **args)


async def test_a_silence_has_an_end_and_a_job_is_rung() -> None:
    """Both at once, as written down."""
    bridge = Bridge()
    await bridge.press("silence", rule="BreakerOpen", hours="1")
    (silence,) = await bridge.books.silences(now=bridge.clock.now())
    assert silence.until == bridge.clock.now() + 3_600_000_000
    await bridge.press("run", job="plan")
    assert bridge.rung == ["plan"]


async def test_whoever_takes_an_effect_takes_its_root() -> None:
    """What is over is taken by nobody."""
    bridge = Bridge()
    root, effect = an_incident("i1"), an_incident("i2", part="job:plan", root="i1")
    await bridge.books.record(Batch(incidents=(an_incident("i0", closed_at=9), root, effect)))
    assert "The browser is down: ann has it." in await bridge.press("acknowledge", incident="i2", why="on it")
    (fact,) = await bridge.books.facts(kinds=["acknowledged"])
    assert (fact.by, fact.data["incident"], fact.data["why"]) == ("ann", "i1", "on it")
    with pytest.raises(BadInput, match="it is over already"):
        await bridge.press("acknowledge", incident="i0")


async def test_a_silence_is_ended_early() -> None:
    """And there is none any more."""
    bridge = Bridge()
    await bridge.press("silence", rule="BreakerOpen", hours="1")
    (silence,) = await bridge.books.silences(now=bridge.clock.now())
    assert "told from now on" in await bridge.press("silence_end", silence=silence.id)
    assert await bridge.books.silences(now=bridge.clock.now()) == []


async def test_a_channel_that_refuses_the_test_is_named() -> None:
    """By its name, never by its address."""
    bridge = Bridge(Channel("phone", "http://127.0.0.1:9/secret-token"))
    with pytest.raises(BadInput, match="phone") as caught:
        await bridge.press("alerts_test")
    assert "secret" not in str(caught.value)


async def test_a_lane_rests_for_an_hour_unless_somebody_says_otherwise() -> None:
    """It is kept in the books with who said so and why, and let go on by a button, which rings its jobs."""
    bridge = Bridge()
    answer = await bridge.press("lane_pause", lane="reading", why="the host asked us to")
    assert answer.startswith("Lane reading is paused by ann until 01:00.")
    kept = await bridge.books.snapshot(PAUSES)
    assert kept is not None
    assert [(row["lane"], row["by"], row["why"]) for row in kept.data["pauses"]] == [
        ("reading", "ann", "the host asked us to")
    ]
    with pytest.raises(BadInput, match="harvest does not run now: lane reading is paused by ann until 01:00"):
        await bridge.press("run", job="harvest")
    assert "goes on" in await bridge.press("lane_resume", lane="reading")
    assert (list(bridge.pauses), bridge.rung) == ([], ["measure", "harvest"])
    facts = await bridge.books.facts(kinds=("lane_paused", "lane_resumed"))
    assert [(fact.kind, fact.data["by"]) for fact in facts] == [("lane_paused", "ann"), ("lane_resumed", "ann")]


async def test_a_lane_other_than_posting_may_rest_until_somebody_lets_it_go_on() -> None:
    """And one that was paused may be paused anew, with another end; others stay as they are."""
    bridge = Bridge()
    assert "until somebody lets it go on" in await bridge.press("lane_pause", lane="reading", hours="0")
    await bridge.press("lane_pause", lane="posting", hours="0.5")
    await bridge.press("lane_pause", lane="reading", hours="2")
    kept = await bridge.books.snapshot(PAUSES)
    assert kept is not None
    lasts = {row["lane"]: (row["until"] - row["since"]) / 3_600_000_000 for row in kept.data["pauses"]}
    assert lasts == {"posting": 0.5, "reading": 2}

"""Booting: every part for ever, each by itself, ready when all that matters has answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from bowerbird.clock import SeededChance, VirtualClock, run_virtual
from bowerbird.core.books import Batch
from bowerbird.core.errors import BadInput, StorageFull
from bowerbird.core.health import Health, Light, Part
from bowerbird.startup.boot import Boot, Degraded, Ready, Refused
from bowerbird.storage.memory import MemoryBooks, MemoryStorage


@dataclass
class Thing:
    """A part that does as it is told.

    Args:
        fails: how many starts fail.
        started: when it was started, seconds.
    """

    clock: VirtualClock
    fails: int = 0
    error: Exception = field(default_factory=lambda: OSError("no such program"))
    light: Light = Light.GREEN
    started: list[float] = field(default_factory=list)
    hangs: bool = False

    async def start(self) -> None:
        """Start, or fail."""
        self.started.append(self.clock.monotonic())
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            self.fails -= 1
            raise self.error
        self.light = Light.GREEN

    async def check(self) -> Health:
        """As told."""
        return Health(part="thing", light=self.light, sentence=f"It is {self.light}.")

    def part(self, name: str = "thing", **changes: Any) -> Part:
        """It as a part."""
        return Part(name=name, start=self.start, check=self.check, needed_for="a test", **changes)


@dataclass
class House:
    """A boot, its parts, and what was written down."""

    clock: VirtualClock
    storage: MemoryStorage = field(default_factory=lambda: MemoryStorage(MemoryBooks()))
    parts: list[Part] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.boot = Boot(lambda: self.parts, self.storage, self.clock, SeededChance(5), lambda: ["A note."])

    def thing(self, name: str = "thing", *, critical: bool = False, without: str = "", **changes: Any) -> Thing:
        """Add a part."""
        made = Thing(self.clock, **changes)
        self.parts.append(made.part(name, critical=critical, without=without, start_s=10.0))
        return made

    async def facts(self) -> list[str]:
        """The kinds of the facts, oldest first."""
        return [fact.kind for fact in await self.storage.facts(limit=500)]


def play(story: Callable[[House], Awaitable[None]]) -> None:
    """Live a story in virtual time, with a boot that runs."""

    async def main(clock: VirtualClock) -> None:
        house = House(clock)
        await story(house)

    run_virtual(main, seed=3)


@pytest.mark.proves("1.G1")
def test_it_is_ready_when_every_critical_part_has_answered() -> None:
    """Not before; the fact says after how many seconds, and the page what it waited for."""

    async def story(house: House) -> None:
        house.thing("books", critical=True)
        jobs = house.thing("jobs", critical=True, fails=2)
        house.thing("browser", fails=10**6)
        assert house.boot.state() == Degraded("not ready: waits for the engine", "starting")
        task = asyncio.create_task(house.boot.run())
        await house.clock.sleep(0.01)
        assert house.boot.missing() == ["jobs"]
        await house.clock.sleep(9)
        assert len(jobs.started) == 3
        assert house.boot.ready_s is not None
        assert house.boot.ready_s < 5
        assert "ready" in await house.facts()
        task.cancel()

    play(story)


def test_readiness_is_written_down_as_soon_as_it_is_there() -> None:
    """Also where it comes while the snapshot before it is being written."""

    async def story(house: House) -> None:
        house.thing("books", critical=True)
        task = asyncio.create_task(house.boot.run())
        await house.clock.sleep(0.4)
        snapshot = await house.storage.snapshot("parts")
        assert snapshot is not None
        assert snapshot.data["ready"]
        task.cancel()

    play(story)


@pytest.mark.proves("1.G3", "1.1")
def test_each_part_is_tried_for_ever_with_growing_waits_and_keeps_no_other_waiting() -> None:
    """An hour of failure is hundreds of tries, none further than eight seconds from the next."""

    async def story(house: House) -> None:
        browser, other = house.thing("browser", fails=10**6), house.thing("other")
        task = asyncio.create_task(house.boot.run())
        await house.clock.sleep(3600)
        waits = [later - earlier for earlier, later in zip(browser.started, browser.started[1:], strict=False)]
        assert max(waits) <= 8.0
        assert min(waits) >= 0.099
        assert 500 < len(waits) < 2_000
        assert other.started == [0.0]
        assert house.boot.state().state == "starting" or house.boot.down() == ["browser"]
        task.cancel()

    play(story)


@pytest.mark.proves("1.1", "1.G2", "X7")
def test_what_fails_is_told_once_with_its_plan_and_once_when_it_is_back() -> None:
    """`degraded` carries the row of the table; the page shows the next try."""

    async def story(house: House) -> None:
        house.thing("books", critical=True)
        house.thing("browser", without="browser", fails=4)
        task = asyncio.create_task(house.boot.run())
        await house.clock.sleep(0.6)
        row = house.boot.snapshot().data["parts"][1]
        assert row["light"] == "red"
        assert row["plan"].startswith("Accounts that need no browser post on.")
        assert (row["by"], row["sentence"]) == ("posting", "no such program")
        await house.clock.sleep(60)
        facts = {fact.kind: fact for fact in await house.storage.facts(limit=500)}
        assert (await house.facts()).count("degraded") == 1
        assert facts["degraded"].data["why"] == "browser: no such program"
        assert facts["recovered"].data["part"] == "browser"
        assert house.boot.state() == Ready()
        task.cancel()

    play(story)


def test_a_part_that_turns_red_is_started_again() -> None:
    """Within one look, and the whole is degraded for as long."""

    async def story(house: House) -> None:
        thing = house.thing("jobs", critical=True)
        task = asyncio.create_task(house.boot.run())
        await house.clock.sleep(5)
        thing.light, thing.fails = Light.RED, 10**6
        await house.clock.sleep(2.05)
        assert house.boot.state() == Degraded("jobs: no such program")
        assert house.boot.missing() == ["jobs"]
        assert [sample.value for sample in house.boot.samples()] == [0.0]
        thing.fails = 0
        await house.clock.sleep(8)
        assert house.boot.state() == Ready()
        assert [sample.value for sample in house.boot.samples()] == [1.0]
        task.cancel()

    play(story)


def test_a_start_that_hangs_is_cut_off_and_tried_again() -> None:
    """In words that say for how long it was waited."""

    async def story(house: House) -> None:
        thing = house.thing(hangs=True)
        task = asyncio.create_task(house.boot.run())
        await house.clock.sleep(10.2)
        assert house.boot.standings["thing"].health.sentence == "It did not start within 10 s."
        thing.hangs = False
        await house.clock.sleep(12)
        assert house.boot.down() == []
        task.cancel()

    play(story)


def test_a_check_that_fails_or_hangs_is_red_and_ends_nothing() -> None:
    """The boot lives on its parts' words, and survives those that have none."""

    async def story(house: House) -> None:
        async def fails() -> Health:
            raise ZeroDivisionError

        async def hangs() -> Health:
            await asyncio.Event().wait()
            raise AssertionError

        thing = Thing(house.clock)
        house.parts = [
            Part(name="fails", start=thing.start, check=fails, needed_for="a test"),
            Part(name="hangs", start=thing.start, check=hangs, needed_for="a test"),
        ]
        task = asyncio.create_task(house.boot.run())
        await house.clock.sleep(6)
        said = [standing.health.sentence for standing in house.boot.standings.values()]
        assert said == ["Its check failed: ZeroDivisionError", "It did not answer within 5 s."]
        task.cancel()

    play(story)


def test_a_critical_part_that_cannot_run_as_it_is_set_up_refuses() -> None:
    """Waiting would not mend it; the snapshot says so before the process ends."""

    async def story(house: House) -> None:
        house.thing("jobs", critical=True, fails=1, error=BadInput("jobs.plan_s is 'soon'"))
        with pytest.raises(BadInput, match="soon"):
            await house.boot.run()
        assert house.boot.state() == Refused("jobs: jobs.plan_s is 'soon'")
        snapshot = await house.storage.snapshot("parts")
        assert snapshot is not None
        assert (snapshot.data["state"], snapshot.data["ready"]) == ("refused", False)

    play(story)


def test_books_that_are_shut_get_the_facts_when_they_open() -> None:
    """The page is as old as the books; nothing that happened meanwhile is forgotten."""

    class Shut(MemoryStorage):
        shut = True

        async def record(self, batch: Batch) -> Any:
            if self.shut:
                raise StorageFull
            return await super().record(batch)

    async def story(house: House) -> None:
        books = Shut(MemoryBooks())
        house.storage = house.boot.storage = books
        house.thing("books", critical=True, fails=2)
        task = asyncio.create_task(house.boot.run())
        await house.clock.sleep(20)
        books.shut = False
        await house.clock.sleep(2.1)
        assert await house.facts() == ["degraded", "recovered", "ready"]
        task.cancel()

    play(story)


def test_parts_come_and_go_with_their_accounts() -> None:
    """A platform that nobody uses any more is neither tried nor shown."""

    async def story(house: House) -> None:
        house.thing("books", critical=True)
        task = asyncio.create_task(house.boot.run())
        await house.clock.sleep(3)
        gone = house.thing("bluesky", fails=10**6)
        await house.clock.sleep(10)
        assert house.boot.down() == ["bluesky"]
        house.parts.pop()
        await house.clock.sleep(3)
        tries = len(gone.started)
        await house.clock.sleep(60)
        assert (house.boot.down(), len(gone.started)) == ([], tries)
        task.cancel()

    play(story)


def test_what_is_up_is_not_started_again_when_the_boot_is() -> None:
    """Whoever supervises the boot may have to start it anew; nobody wants two runners."""

    async def story(house: House) -> None:
        thing = house.thing()
        for _ in range(2):
            task = asyncio.create_task(house.boot.run())
            await house.clock.sleep(5)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert thing.started == [0.0]
        assert (await house.storage.snapshot("parts")).data["notes"] == ["A note."]  # type: ignore[union-attr]

    play(story)

"""How an engine ends: asked to, or because it would live on unheard."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from bowerbird.app.engine import App
from bowerbird.app.watching import Endless
from bowerbird.clock import SeededChance, SystemClock
from bowerbird.core.books import Batch
from bowerbird.core.errors import BadInput, StorageFull
from bowerbird.core.work import Owner


@dataclass
class Everything:
    """All that an engine is made of, as far as its end goes."""

    closed: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    full: bool = False
    boot_dies: Exception | None = None

    def __post_init__(self) -> None:
        """Nothing runs yet."""
        self.kept = Endless(self.watch)

    async def run(self) -> None:
        """Boot: for ever, or to its death."""
        if self.boot_dies:
            raise self.boot_dies
        await asyncio.Event().wait()

    async def stop(self) -> None:
        """Let jobs end."""
        self.closed.append("jobs")

    async def close(self) -> None:
        """Connections and books."""
        self.closed.append("doors")

    async def record(self, batch: Batch) -> None:
        """Write, or refuse."""
        if self.full:
            raise StorageFull
        self.said += [fact.kind for fact in batch.facts]

    def app(self) -> App:
        """An engine made of this."""
        owner = Owner(id="boot", role="engine", pid=1, started_at=0, heard_at=0)
        this = cast("Any", self)
        loops = {"monitors": self.loop}
        return App(this, this, SystemClock(), SeededChance(1), owner, this, this, this, this, loops, [self.kept])

    async def loop(self) -> None:
        """The monitors, which keep another loop going."""
        await self.kept.look()
        await asyncio.Event().wait()

    async def watch(self) -> None:
        """That loop, which never ends."""
        try:
            await asyncio.Event().wait()
        finally:
            self.closed.append("watch")


async def beats(*, dies: Exception | None = None) -> None:
    """A heart."""
    if dies:
        raise dies
    await asyncio.Event().wait()


async def test_an_engine_that_is_asked_to_stop_closes_every_door_and_says_so() -> None:
    """What is under way ends first, also the loops that the monitors have started."""
    everything = Everything()
    app = everything.app()
    running = asyncio.create_task(app.run(asyncio.create_task(beats())))
    await asyncio.sleep(0.01)
    app.stopping.set()
    await running
    assert (everything.closed, everything.said) == (["jobs", "watch", "doors", "doors"], ["stopped"])


@pytest.mark.proves("1.3", "2.2")
async def test_a_heart_that_dies_ends_the_engine() -> None:
    """Nobody would hear it any more; the guardian starts another. It does not claim to have been stopped."""
    everything = Everything()
    with pytest.raises(ZeroDivisionError):
        await everything.app().run(asyncio.create_task(beats(dies=ZeroDivisionError("a defect"))))
    assert (everything.closed, everything.said) == (["jobs", "watch", "doors", "doors"], [])


async def test_a_boot_that_refuses_ends_the_engine_with_its_reason() -> None:
    """By which the guardian knows not to start it again."""
    everything = Everything(boot_dies=BadInput("jobs: mend this"))
    with pytest.raises(BadInput, match="mend this"):
        await everything.app().run(asyncio.create_task(beats()))


async def test_a_full_disk_makes_no_failure_of_a_stop() -> None:
    """That it stopped stays unsaid, and that is all."""
    everything = Everything(full=True)
    app = everything.app()
    app.stopping.set()
    await app.run(asyncio.create_task(beats()))
    assert everything.closed == ["jobs", "watch", "doors", "doors"]

"""Drills on a button: a child process with an end, one at a time, whose words are written down as they come."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bowerbird.app.drilling import Drilling
from bowerbird.clock import SeededChance, SystemClock
from bowerbird.core.books import Batch, Committed, Lost
from bowerbird.core.drilled import DRILLED, DRILLING, RUNS_MAX, Drilled, drilled, drilling, over, under_way
from bowerbird.core.errors import BadInput, StorageFull
from bowerbird.core.work import Command
from bowerbird.storage.memory import MemoryStorage

WELL = """
import json, os, sys
given = dict(zip(sys.argv[3::2], sys.argv[4::2]))
assert sys.argv[1] == "drill" and "--beside" in sys.argv and not [n for n in os.environ if n.startswith("BOWERBIRD_")]
print("It breaks", sys.argv[2], file=sys.stderr, flush=True)
open(sys.argv[sys.argv.index("--html") + 1], "w").write("<p>report</p>")
json.dump([{"name": "4.1 a", "wrong": []}], open(sys.argv[sys.argv.index("--outcomes") + 1], "w"))
"""
REFUSES = "import sys; print('bowerbird: there is no room', file=sys.stderr); sys.exit(1)"
ENDLESS = "import sys, time; print('It begins', file=sys.stderr, flush=True); time.sleep(600)"


class Broken(MemoryStorage):
    """Books that cannot be written so many times."""

    refusals = 0

    async def record(self, batch: Batch) -> Committed | Lost:
        """Refuse, or write."""
        if self.refusals:
            self.refusals -= 1
            raise StorageFull("the disk is full")
        return await super().record(batch)


@asynccontextmanager
async def a_desk(folder: Path, program: str, books: MemoryStorage | None = None) -> AsyncIterator[Drilling]:
    """Drills of which each is this program."""
    desk = Drilling(
        books or Broken(), SystemClock(), SeededChance(1), folder / "drills", program=(sys.executable, "-c", program)
    )
    task = asyncio.create_task(desk.run())
    try:
        yield desk
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def asked(verb: str, **args: str) -> Command:
    """A button."""
    return Command(id="c", verb=verb, args=dict(args), by="ann", asked_at=0)


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    """Look again and again until it has happened."""
    async with asyncio.timeout(20):
        for _ in range(1_000):
            if await happened():
                return
            await asyncio.sleep(0.05)


async def ended(desk: Drilling, count: int = 1) -> list[Drilled]:
    """Wait until so many runs are over."""

    async def over_yet() -> bool:
        return desk._run is None and len(drilled(await desk.storage.snapshot(DRILLED))) >= count

    await until(over_yet)
    return drilled(await desk.storage.snapshot(DRILLED))


async def speaking(desk: Drilling) -> Drilled:
    """Wait until the one that runs has said something."""

    async def spoke() -> bool:
        run = drilling(await desk.storage.snapshot(DRILLING))
        return run is not None and bool(run.lines)

    await until(spoke)
    run = drilling(await desk.storage.snapshot(DRILLING))
    assert run is not None
    return run


async def test_a_drill_is_run_and_what_came_of_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of its own, without settings of ours; its words and its outcome are in the books."""
    monkeypatch.setenv("BOWERBIRD_DATA_FOLDER", "ours")
    async with a_desk(tmp_path, WELL) as desk:
        assert "The drill of 4.1 begins" in await desk.begin(asked("drill", drill="4.1"))
        (run,) = await ended(desk)
        assert (run.row, run.by, run.ok, run.why) == ("4.1", "ann", True, "")
        assert run.lines == ["It breaks 4.1"]
        assert Path(run.report).parent == tmp_path / "drills" / run.id
        assert drilling(await desk.storage.snapshot(DRILLING)) is None


async def test_one_at_a_time_and_it_is_stopped_on_request(tmp_path: Path) -> None:
    """A second one is refused while it runs; stopped, it is gone, and the next may begin."""
    async with a_desk(tmp_path, ENDLESS) as desk:
        await desk.begin(asked("drill", drill="2.2"))
        with pytest.raises(BadInput, match=r"the drill of 2\.2 is running"):
            await desk.begin(asked("drill", drill="2.1"))
        assert (await speaking(desk)).lines == ["It begins"]
        await desk.stop(asked("drill_stop"))
        (run,) = await ended(desk)
        assert (run.ok, run.why) == (None, "ann stopped it")
        with pytest.raises(BadInput, match="no drill is running"):
            await desk.stop(asked("drill_stop"))


@pytest.mark.parametrize("row", ["", "all", "2.G1", "X1", "--keep", "4.1 4.2"])
async def test_only_a_row_with_drills_is_run(tmp_path: Path, row: str) -> None:
    """Nothing else reaches a command line."""
    async with a_desk(tmp_path, WELL) as desk:
        with pytest.raises(BadInput, match="there is no row"):
            await desk.begin(asked("drill", drill=row))


async def test_one_that_comes_to_no_result_says_its_last_words(tmp_path: Path) -> None:
    """And one that cannot even be started says why."""
    async with a_desk(tmp_path, REFUSES) as desk:
        await desk.begin(asked("drill", drill="4.1"))
        (run,) = await ended(desk)
        assert (run.ok, run.why) == (None, "bowerbird: there is no room")
        desk.program = (str(tmp_path / "nothing"),)
        await desk.begin(asked("drill", drill="4.1"))
        assert "could not be started" in (await ended(desk, 2))[0].why


async def test_books_that_cannot_be_written_end_no_engine(tmp_path: Path) -> None:
    """What came of it is written as soon as they can."""
    books = Broken()
    async with a_desk(tmp_path, WELL, books) as desk:
        await desk.begin(asked("drill", drill="4.1"))
        books.refusals = 3
        (run,) = await ended(desk)
        assert run.ok


async def test_what_an_earlier_engine_left_is_said_to_be_cut_off(tmp_path: Path) -> None:
    """Nothing runs for ever, and the oldest runs go with their folders."""
    books = Broken()
    left = Drilled(id="left", row="P1", by="ann", began_at=1, until=2)
    old = [replace(left, id=f"old-{n}", ended_at=2) for n in range(RUNS_MAX)]
    await books.record(Batch(snapshots=(under_way(left, now=1), over(old, now=1))))
    for name in ("left", f"old-{RUNS_MAX - 1}"):
        (tmp_path / "drills" / name).mkdir(parents=True)
    async with a_desk(tmp_path, WELL, books) as desk:

        async def tidy() -> bool:
            return len(list(desk.folder.iterdir())) == 1

        await until(tidy)
        assert drilling(await books.snapshot(DRILLING)) is None
        runs = drilled(await books.snapshot(DRILLED))
    assert (runs[0].id, runs[0].why) == ("left", "the engine that ran it ended meanwhile")
    assert len(runs) == RUNS_MAX
    assert [place.name for place in (tmp_path / "drills").iterdir()] == ["left"]


async def test_an_engine_that_stops_takes_its_drill_along(tmp_path: Path) -> None:
    """Nobody is left behind."""
    async with a_desk(tmp_path, ENDLESS.replace("'It begins'", "__import__('os').getpid()")) as desk:
        await desk.begin(asked("drill", drill="2.2"))
        run = await speaking(desk)
    assert not Path(f"/proc/{run.lines[0]}").exists()

"""Drills on a button: each is a child process that starts a program of its own on the rehearsal network and breaks it.

The engine only starts `bowerbird drill ROW` in a folder of its own, writes down what it says, and ends it: one at a
time, never longer than `RUN_S`. It is given neither books nor settings of ours, so no account of ours can be touched;
it gives way to whatever else runs here, and stops when this engine does (`--beside`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from bowerbird.core.books import Batch, Storage
from bowerbird.core.drilled import DRILLED, DRILLING, RUNS_MAX, Drilled, drilled, drilling, over, under_way
from bowerbird.core.errors import BadInput, StorageError
from bowerbird.core.gauge import Snapshot
from bowerbird.core.ports import Chance, Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Command

RUN_S = 1_800.0
"""No run takes longer, seconds; most take less than two minutes."""
STOP_S = 20.0
"""How long a run may take to end all that it started, seconds; then it is killed."""
LOOK_S = 1.0
"""How often what it says is written down, seconds."""
ROW = re.compile(r"[0-9]{1,2}\.[0-9]{1,2}|P[0-9]")
"""A row that has drills."""
LOG, REPORT, OUTCOMES = "drill.log", "report.html", "outcomes.json"
"""What lies in the folder of a run."""
LOG_MAX = 20_000
"""So much of the end of the log is read, bytes."""


@dataclass
class Drilling:
    """Runs the drills that people ask for.

    Args:
        folder: of the runs; each has one of its own below it.
        program: the command line, up to the command.
    """

    storage: Storage
    clock: Clock
    chance: Chance
    folder: Path
    program: Sequence[str] = (sys.executable, "-m", "bowerbird")
    _run: Drilled | None = None
    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _stopped_by: str = ""

    def table(self) -> Mapping[str, Callable[[Command], Awaitable[str]]]:
        """The verbs, by name."""
        return {"drill": self.begin, "drill_stop": self.stop}

    async def begin(self, command: Command) -> str:
        """Run the drills of a row: `drill`. One at a time."""
        row = str(command.args.get("drill", "")).strip()
        if not ROW.fullmatch(row):
            raise BadInput(f"there is no row {row!r} with a drill; `bowerbird drill --list` shows which there are")
        if self._run is not None:
            raise BadInput(f"the drill of {self._run.row} is running; one at a time, or both would measure each other")
        now = self.clock.now()
        until = now + int(RUN_S * SECOND_US)
        run = Drilled(id=self.chance.name("drill"), row=row, by=command.by, began_at=now, until=until)
        await self.storage.record(Batch(snapshots=(under_way(run, now=now),)))
        self._run, self._stopped_by = run, ""
        self._asked.set()
        return f"The drill of {row} begins: a program of its own is started on the rehearsal network, and broken."

    async def stop(self, command: Command) -> str:
        """Stop the drill that runs; what it started ends with it."""
        if self._run is None:
            raise BadInput("no drill is running; it may just be over")
        self._stopped_by = command.by
        return f"The drill of {self._run.row} is stopped, and ends what it started."

    async def run(self) -> None:
        """Carry out what is asked for, until cancelled; what an earlier engine left is said to be cut off."""
        await self._until_written(self._leftover)
        while True:
            await self._asked.wait()
            self._asked.clear()
            if self._run is not None:
                run = await self._ended(self._run)
                await self._until_written(partial(self._close, run))
                self._run = None

    async def _leftover(self) -> None:
        left = drilling(await self.storage.snapshot(DRILLING))
        if left is not None and (self._run is None or left.id != self._run.id):
            await self._close(replace(left, ended_at=self.clock.now(), why="the engine that ran it ended meanwhile"))

    async def _ended(self, run: Drilled) -> Drilled:
        try:
            return await self._carried_out(run)
        except Exception as error:  # noqa: BLE001 - the seam: a drill is no reason for the engine to end
            why = f"it could not be followed: {type(error).__name__}: {error}"
            return replace(run, ended_at=self.clock.now(), why=why)

    async def _carried_out(self, run: Drilled) -> Drilled:
        """Run it to its end, and say what came of it."""
        place = self.folder / run.id
        try:
            await asyncio.to_thread(_make, place)
            process = await _start([*self.program, "drill", run.row], place)
        except OSError as error:
            return replace(run, ended_at=self.clock.now(), why=f"it could not be started: {error.strerror}")
        try:
            run, why = await self._followed(run, process, place)
        finally:
            await _end(process)
        ways, report = await asyncio.to_thread(_outcomes, place)
        ended = replace(run, ended_at=self.clock.now(), ways=ways, report=report)
        if why or not ways:
            return replace(ended, why=why or (run.lines[-1] if run.lines else "it did not say why"))
        return replace(ended, ok=all(not way["wrong"] for way in ways))

    async def _followed(self, run: Drilled, process: Process, place: Path) -> tuple[Drilled, str]:
        """Write down what it says until it is over; return that, and why it was ended, empty if it ended itself."""
        while True:
            over_yet = process.returncode is not None
            said = run.saying((await asyncio.to_thread(_tail, place / LOG)).splitlines())
            if said.lines != run.lines:
                run = said
                with contextlib.suppress(StorageError):  # the next look writes it
                    await self._write(under_way(run, now=self.clock.now()))
            if over_yet:
                return run, ""
            if self._stopped_by:
                return run, f"{self._stopped_by} stopped it"
            if self.clock.now() >= run.until:
                return run, f"it took longer than {RUN_S / 60:.0f} min"
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await process.wait()

    async def _close(self, run: Drilled) -> None:
        """Move a run to those that are over, and throw away what nobody can look at any more."""
        now = self.clock.now()
        runs = [run, *(one for one in drilled(await self.storage.snapshot(DRILLED)) if one.id != run.id)]
        await self._write(over(runs, now=now), under_way(None, now=now))
        await asyncio.to_thread(_tidy, self.folder, {one.id for one in runs[:RUNS_MAX]})

    async def _write(self, *snapshots: Snapshot) -> None:
        await self.storage.record(Batch(snapshots=snapshots))

    async def _until_written(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write it, and again until the books take it: a drill is no reason for the engine to end."""
        while True:
            try:
                await write()
                return
            except StorageError:
                await self.clock.sleep(LOOK_S)


async def _start(command: Sequence[str], place: Path) -> Process:
    argv = [*command, "--json", "--beside", "--html", str(place / REPORT), "--outcomes", str(place / OUTCOMES)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOWERBIRD_")}
    log = await asyncio.to_thread((place / LOG).open, "ab")
    with log:
        return await asyncio.create_subprocess_exec(
            *argv, stdin=DEVNULL, stdout=DEVNULL, stderr=log, cwd=place, env=environment
        )


async def _end(process: Process) -> None:
    """Ask it to end what it started, and kill it when it does not."""
    with contextlib.suppress(ProcessLookupError):
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


def _make(place: Path) -> None:
    place.mkdir(mode=0o700, parents=True)


def _tail(file: Path) -> str:
    with file.open("rb") as log:
        log.seek(0, os.SEEK_END)
        log.seek(max(0, log.tell() - LOG_MAX))
        return log.read().decode(errors="replace")


def _outcomes(place: Path) -> tuple[list[dict[str, Any]], str]:
    """What came of each way, and where the report lies; nothing where it did not get so far."""
    try:
        ways: list[dict[str, Any]] = json.loads((place / OUTCOMES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [], ""
    return ways, str(place / REPORT) if (place / REPORT).exists() else ""


def _tidy(folder: Path, kept: set[str]) -> None:
    with contextlib.suppress(OSError):  # what stays takes a little room, and the next run tries again
        for place in folder.iterdir() if folder.is_dir() else ():
            if place.name not in kept:
                shutil.rmtree(place, ignore_errors=True)

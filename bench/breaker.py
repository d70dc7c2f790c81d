"""What circuit breakers go through, and what a call through them costs: ``python -m bench.breaker``.

The same black-box torture for ours and four others, side by side in one run. Seen from outside, a breaker lets a
call through or it does not; nothing else is asked of it. A recovery that has not come after ``PATIENCE_S`` is "STUCK".

The wall clock is set back by libfaketime in a process of its own (Debian: ``apt install faketime``); without it the
clock is patched inside such a process, and the bench says so.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.contenders import FAILURES, LEASE_S, MAKERS, WAIT_S, Contender, versions
from bench.report import Anchor, Row, report

PATIENCE_S = 4.0
"""How long recovery is waited for, seconds: 13 waits."""
CALLERS = 20
STEP_S = -3600
"""How far the wall clock is set while a breaker is open, seconds."""
CALLS = 20_000
"""Calls per measurement of the cost."""
ROUNDS = 5
COST_MAX = 2.0
"""A call through ours may cost this many times the median of theirs."""
FAKETIME = tuple(Path("/usr").glob("lib/*/faketime/libfaketime.so.1"))
STUCK = float("inf")

CLOCK_PATCH = """
import datetime, sys, time
class Stepped(datetime.datetime):
    @classmethod
    def now(cls, tz=None): return super().now(tz) + datetime.timedelta(seconds=step)
    @classmethod
    def utcnow(cls): return super().utcnow() + datetime.timedelta(seconds=step)
step, real, real_class, wall = 0, time.time, datetime.datetime, (lambda: real() + step)
for module in list(sys.modules.values()):
    for name, value in list(vars(module).items()):
        if value is real and name != "real": setattr(module, name, wall)
        if value is real_class: setattr(module, name, Stepped)
"""
"""Replaces the wall clock wherever a module has taken hold of it; for machines without libfaketime."""


@dataclass
class Patient:
    """What is called: well, failing, or hanging; it counts the calls that reach it."""

    mode: str = "up"
    reached: int = 0

    async def __call__(self) -> None:
        """Be called."""
        self.reached += 1
        if self.mode == "down":
            raise ConnectionError("down")
        if self.mode == "hang":
            await asyncio.Event().wait()


class Rack:
    """One breaker and the patient behind it."""

    def __init__(self, name: str) -> None:
        self.patient = Patient()
        self.breaker: Contender = MAKERS[name](self.patient)
        self.calls: set[asyncio.Task[bool]] = set()

    async def reaches(self) -> bool:
        """Call once; True if the call was let through."""
        reached = False

        async def act() -> None:
            nonlocal reached
            reached = True
            await self.patient()

        with contextlib.suppress(Exception):  # whatever a breaker raises to refuse: asked is only what got through
            await self.breaker.call(act)
        return reached

    def begin(self) -> asyncio.Task[bool]:
        """Begin a call without waiting for it."""
        call = asyncio.create_task(self.reaches(), name="call")
        self.calls.add(call)
        return call

    async def trip(self) -> None:
        """Fail until it opens."""
        self.patient.mode = "down"
        for _ in range(FAILURES):
            await self.reaches()
        assert not await self.reaches(), "it did not open"

    async def recovers(self) -> float:
        """Seconds until a call is let through again and answered, calling twenty times a second."""
        self.patient.mode = "up"
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE_S:
            if await self.reaches():
                return time.monotonic() - began
            await asyncio.sleep(0.05)
        return STUCK

    async def close(self) -> None:
        """End everything that still runs."""
        self.breaker.stop()
        for call in self.calls:
            call.cancel()
        await asyncio.gather(*self.calls, return_exceptions=True)


# --- the columns -----------------------------------------------------------------------------------------------


async def let_in(rack: Rack) -> float:
    """Callers of twenty that reach a dependency which is still being probed."""
    await rack.trip()
    rack.patient.mode = "hang"
    await asyncio.sleep(WAIT_S * 1.3)
    before = rack.patient.reached  # a probe of its own, which is no caller, is under way by now
    for _ in range(CALLERS):
        rack.begin()
    await asyncio.sleep(0.1)
    return rack.patient.reached - before


async def probe_cancelled(rack: Rack) -> float:
    """Seconds until it recovers after whoever probed was cancelled."""
    await rack.trip()
    rack.patient.mode = "hang"
    await asyncio.sleep(WAIT_S * 1.3)
    rack.begin()
    await asyncio.sleep(0.05)
    for task in asyncio.all_tasks():
        if task in rack.calls or task.get_name() == "probe bench":
            task.cancel()
    return await rack.recovers()


async def probe_hangs(rack: Rack) -> float:
    """Seconds until it recovers while a probe hangs for ever."""
    await rack.trip()
    rack.patient.mode = "hang"
    await asyncio.sleep(WAIT_S * 1.3)
    rack.begin()
    await asyncio.sleep(0.05)
    return await rack.recovers()


async def opens_at_sixty(rack: Rack) -> float:
    """1 if it opens on three failures of five that never come three in a row."""
    for bad in [True, True, False, True, False] * 6:
        rack.patient.mode = "down" if bad else "up"
        if not await rack.reaches():
            return 1
    return 0


async def cancellations_open(rack: Rack) -> float:
    """1 if six callers that cancel open it."""
    rack.patient.mode = "hang"
    for _ in range(6):
        call = rack.begin()
        await asyncio.sleep(0.01)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
    rack.patient.mode = "up"
    return float(not await rack.reaches())


async def survives_restart(rack: Rack) -> float:
    """1 if it is still open after a restart, without any server, and recovers from there."""
    await rack.trip()
    await asyncio.sleep(0.05)
    again = rack.breaker.restarted()
    if again is None:
        return 0
    rack.breaker = again
    return float(not await rack.reaches() and await rack.recovers() < STUCK)


async def probes_by_itself(rack: Rack) -> float:
    """Seconds until an open breaker asks by itself, without any call, after probes that hung."""
    await rack.trip()
    rack.patient.mode = "hang"
    await asyncio.sleep(WAIT_S * 3)
    before, began = rack.patient.reached, time.monotonic()
    rack.patient.mode = "up"
    while time.monotonic() - began < PATIENCE_S:
        if rack.patient.reached > before:
            return time.monotonic() - began
        await asyncio.sleep(0.02)
    return STUCK


async def wall_steps(rack: Rack) -> float:
    """Seconds until it recovers although the wall clock was set back by an hour; in a process of its own."""
    await rack.trip()
    _step_the_wall()
    return await rack.recovers()


def _step_the_wall() -> None:
    file = os.environ.get("FAKETIME_TIMESTAMP_FILE")
    if file:
        before = time.time()
        Path(file).write_text(f"{STEP_S}\n")
        assert time.time() - before < STEP_S / 2, "libfaketime did not step the clock"
    else:
        patch: dict[str, Any] = {}
        exec(compile(CLOCK_PATCH, "clock", "exec"), patch)  # noqa: S102 - our own text, in a process made for it
        patch["step"] = STEP_S


@dataclass(frozen=True)
class Column:
    """One torture: what it is called, its unit, what passes, and how it is done."""

    name: str
    unit: str
    bar: float
    torture: Callable[[Rack], Awaitable[float]]
    least: bool = False

    def passes(self, value: float) -> bool:
        """Whether this value is good enough."""
        return value >= self.bar if self.least else value <= self.bar


HEALED_S = WAIT_S + 2 * LEASE_S + 0.5  # and half a second for a busy machine
COLUMNS = (
    Column("let in of 20 in half-open", "callers", 1, let_in),
    Column("probe cancelled, recovers", "s", HEALED_S, probe_cancelled),
    Column("probe hangs, recovers", "s", HEALED_S, probe_hangs),
    Column("opens at 60 % failures", "", 1, opens_at_sixty, least=True),
    Column("6 cancelled callers open it", "", 0, cancellations_open),
    Column("wall clock -1 h, recovers", "s", HEALED_S, wall_steps),
    Column("state survives a restart", "", 1, survives_restart, least=True),
    Column("always has a next probe", "s", HEALED_S, probes_by_itself),
)


# --- running them ------------------------------------------------------------------------------------------------


async def _torture(name: str) -> dict[str, float]:
    """Do everything to one breaker, each time to a fresh one."""
    found = {}
    for column in COLUMNS:
        if column.torture is wall_steps:
            found[column.name] = await asyncio.to_thread(_in_a_process, name)
        else:
            found[column.name] = await _once(name, column.torture)
    return found


async def _once(name: str, torture: Callable[[Rack], Awaitable[float]]) -> float:
    rack = Rack(name)
    try:
        return await torture(rack)
    finally:
        await rack.close()


def _in_a_process(name: str) -> float:
    """Step the wall clock of another process, and ask it how this breaker took it."""
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ)
        if FAKETIME:
            file = Path(folder) / "wall"
            file.write_text("+0\n")
            env |= {
                "LD_PRELOAD": str(FAKETIME[0]), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
            }  # fmt: skip
        asked = [sys.executable, "-m", "bench.breaker", "--wall", name]
        done = subprocess.run(asked, env=env, capture_output=True, text=True, check=True, timeout=60)
    return float(done.stdout.split()[-1])


async def _costs(names: list[str]) -> dict[str, float]:
    """Microseconds of CPU per successful call through each, in turns; medians."""

    async def act() -> None:
        return

    breakers = {name: MAKERS[name](act) for name in names}
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(ROUNDS + 1):
        for name, breaker in breakers.items():
            began = time.process_time()
            for _ in range(CALLS):
                await breaker.call(act)
            found[name].append((time.process_time() - began) / CALLS * 1e6)
    for breaker in breakers.values():
        breaker.stop()
    return {name: statistics.median(values[1:]) for name, values in found.items()}  # the first round warms up


async def _measure(names: list[str]) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    table = await asyncio.gather(*(_torture(name) for name in names))
    return dict(zip(names, table, strict=True)), await _costs(names)


def main() -> int:
    """Torture all that are installed, print the table, and return 0 if ours passes every column."""
    parser = argparse.ArgumentParser("bench.breaker", description="What circuit breakers go through.")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--wall", metavar="NAME", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.wall:
        print(asyncio.run(_once(asked.wall, wall_steps)))
        return 0
    known = versions()
    table, costs = asyncio.run(_measure(list(known)))
    skipped = {name: "not installed; run `make anchors`" for name in MAKERS if name not in known}
    _show(known, table, costs)
    rows = [_row(column, table["ours"][column.name]) for column in COLUMNS] + _cost_rows(costs)
    figures = {
        "table": {name: {column: _plain(value) for column, value in row.items()} for name, row in table.items()},
        "versions": known,
        "cost_us": costs,
        "wall_clock_by": "libfaketime" if FAKETIME else "patch",
    }
    return report("breaker", rows, as_json=asked.json, figures=figures, skipped=skipped)


def _row(column: Column, value: float) -> Row:
    return Row(
        name=column.name, value=min(value, PATIENCE_S), unit=column.unit, bar=column.bar, ok=column.passes(value), n=1,
        least=column.least,
    )  # fmt: skip


def _cost_rows(costs: dict[str, float]) -> list[Row]:
    theirs = [cost for name, cost in costs.items() if name != "ours"]
    rows = [Row(name="others compared", value=len(theirs), unit="", bar=4, ok=len(theirs) >= 4, n=1, least=True)]
    if theirs:
        anchor = Anchor(name=f"median of {len(theirs)}", version="", value=statistics.median(theirs))
        ratio = costs["ours"] / anchor.value
        rows.append(
            Row(name="a call costs", value=costs["ours"], unit="us", bar=COST_MAX, ok=ratio <= COST_MAX,
                n=ROUNDS * CALLS, anchor=anchor, ratio=ratio)
        )  # fmt: skip
    return rows


def _plain(value: float) -> float | None:
    """JSON has no infinity: stuck is null."""
    return None if value == STUCK else round(value, 3)


def _show(known: dict[str, str], table: dict[str, dict[str, float]], costs: dict[str, float]) -> None:
    shown = Table(title=f"three failures open, {WAIT_S:g} s wait; STUCK: not within {PATIENCE_S:g} s")
    shown.add_column("")
    for name, number in known.items():
        shown.add_column(f"{name}\n{number}")
    for column in COLUMNS:
        values = (table[name][column.name] for name in known)
        shown.add_row(column.name, *(_cell(column, value) for value in values))
    shown.add_row("a call costs", *(f"{costs[name]:.1f} us" for name in known))
    console = Console(width=140)
    console.print(shown)
    if not FAKETIME:
        console.print("[bold yellow]NO LIBFAKETIME[/]: the wall clock was patched in Python; `apt install faketime`")


def _cell(column: Column, value: float) -> str:
    if column.unit == "s":
        said = "STUCK" if value == STUCK else f"{value:.1f} s"
    else:
        said = f"{value:.0f}" if column.unit else ("yes" if value else "no")
    return f"[green]{said}[/]" if column.passes(value) else f"[bold red]{said}[/]"


if __name__ == "__main__":
    raise SystemExit(main())

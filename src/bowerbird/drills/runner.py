"""Every drill that was asked for: those of one kind of program one after another in one, two programs at a time."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bowerbird.core.errors import BowerbirdError
from bowerbird.core.ports import Clock
from bowerbird.drills.catalogue import order
from bowerbird.drills.looking import Looking, Overview, looking, nobody
from bowerbird.drills.plan import Plan
from bowerbird.drills.rehearsal import Rehearsal
from bowerbird.drills.row import Drill, Outcome, Verdict
from bowerbird.drills.stage import Stage, staged

AT_ONCE = 2
"""Programs that run at the same time; more would measure the machine."""
DRILL_S = 420.0
"""No drill takes longer than this, whatever hangs, seconds."""


@dataclass
class Runner:
    """Carries drills out.

    Args:
        say: told what happens; done: told of each outcome.
        keep: a folder in which everything is left for a look afterwards; None throws it away.
        look: a real browser sits before each program's overview, and what it shows is judged, too.
    """

    plan: Plan
    clock: Clock
    say: Callable[[str], None]
    done: Callable[[Outcome], None]
    keep: Path | None = None
    look: bool = False
    _before: Looking = nobody

    async def run(self, drills: Sequence[Drill]) -> list[Verdict]:
        """Carry them out; return a verdict for each row, in the catalogue's order.

        Raises:
            Unreachable: somebody should look, and there is no browser.
        """
        if not self.look:
            return await self._run(drills)
        async with looking(self.clock) as self._before:
            return await self._run(drills)

    async def _run(self, drills: Sequence[Drill]) -> list[Verdict]:
        outcomes: list[Outcome] = []
        waiting = list(self._shifts(drills))
        seats = asyncio.Semaphore(AT_ONCE)

        async def shift(batch: list[Drill], folder: Path) -> None:
            async with seats:
                outcomes.extend(await self._shift(batch, folder))

        with _folder(self.keep) as folder:
            async with asyncio.TaskGroup() as group:
                for number, batch in enumerate(waiting):
                    group.create_task(shift(batch, folder / f"{number:02}-{batch[0].program}"))
        ids = sorted({outcome.id for outcome in outcomes}, key=order)
        return [Verdict(each, tuple(out for out in outcomes if out.id == each)) for each in ids]

    def _shifts(self, drills: Sequence[Drill]) -> Iterator[list[Drill]]:
        """Which drills share a program: the long shifts first, so that the short ones fill the second seat."""
        shared: dict[str, list[Drill]] = {}
        for drill in drills:
            if not drill.alone:
                shared.setdefault(drill.program, []).append(drill)
        # A kind with many drills is split in two, so that both seats have work to the end.
        shifts = [half for batch in shared.values() for half in _halves(batch)]
        yield from sorted(shifts, key=len, reverse=True)
        yield from ([drill] for drill in drills if drill.alone)

    async def _shift(self, batch: list[Drill], folder: Path) -> list[Outcome]:
        """Run some drills in one program; a program that one of them spoiled is replaced by a fresh one."""
        outcomes: list[Outcome] = []
        rest = list(batch)
        while rest:
            begun = len(rest)
            try:
                place = folder / str(len(batch) - begun + 1)
                async with self._stage(rest[0], place) as stage, self._before(stage) as overview:
                    await self._in_one(stage, overview, rest, outcomes)
            except (BowerbirdError, OSError) as error:
                why = f"{type(error).__name__}: {error}"
                self._finish(_not_done(rest.pop(0), why) if len(rest) == begun else None, outcomes)
        return outcomes

    def _stage(self, first: Drill, folder: Path) -> AbstractAsyncContextManager[Stage]:
        kind = self.plan.programs[first.program]
        return staged(self.plan, kind, folder, self.clock, prepare=first.start_broken if first.alone else None)

    async def _in_one(
        self, stage: Stage, overview: Overview | None, rest: list[Drill], outcomes: list[Outcome]
    ) -> None:
        """Carry out what is left, until it is done or one of them leaves the program unwell."""
        while rest:
            outcome = await self._drill(stage, overview, rest.pop(0))
            self._finish(outcome, outcomes)
            if not outcome.well_after:
                return

    def _finish(self, outcome: Outcome | None, outcomes: list[Outcome]) -> None:
        if outcome is not None:
            outcomes.append(outcome)
            self.done(outcome)

    async def _drill(self, stage: Stage, overview: Overview | None, drill: Drill) -> Outcome:
        rehearsal = Rehearsal(stage, drill, self.say, overview)
        broken = drill.alone and drill.start_broken is not None
        try:
            async with asyncio.timeout(DRILL_S):
                return await rehearsal.carry_out(started_broken=broken)
        except TimeoutError:
            return _not_done(drill, f"the drill took longer than {DRILL_S:g} s")
        except Exception as error:  # noqa: BLE001 - the seam: a drill that breaks down is a row that failed, in words
            return _not_done(drill, f"the drill broke down: {type(error).__name__}: {error}")


def _halves(batch: list[Drill]) -> list[list[Drill]]:
    if len(batch) < 6:
        return [batch]
    return [batch[::2], batch[1::2]]


def _not_done(drill: Drill, why: str) -> Outcome:
    return Outcome(
        id=drill.id, name=drill.name, breaks=drill.breaks, alert_s=None, alert_max_s=drill.alert_bound_s,
        recover_s=None, recover_max_s=drill.recover_bound_s, held_s=0.0, lost=0, doubled=0, alerts=0, root="",
        root_expected=drill.root, healed_by="", wrong=(why,), well_after=False,
        by_itself=drill.by_itself,
    )  # fmt: skip


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    folder = Path(tempfile.mkdtemp(prefix="bowerbird-drill-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

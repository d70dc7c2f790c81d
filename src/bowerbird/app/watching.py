"""Who watches over the engine from inside: every number gathered once a second, judged, told and written down.

1. `gather` asks all rooms; the judge opens, links and closes incidents; the outbox sends.
2. A queue below its floor has its plan made now instead of at its next turn.
3. All of it runs under one supervisor, which starts again what dies; if that dies, the engine ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from bowerbird.alerts.graph import Edges, edges_of
from bowerbird.alerts.incidents import Judge
from bowerbird.alerts.outbox import Outbox
from bowerbird.app.connections import Connections
from bowerbird.app.parts import Jobs
from bowerbird.app.sampling import Sampling
from bowerbird.core.books import Batch, Storage
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample, Snapshot
from bowerbird.core.incident import Incident
from bowerbird.core.ports import Clock
from bowerbird.dashboard.metrics import packed
from bowerbird.jobs.health import monitors as job_monitors
from bowerbird.jobs.monitors import Monitor, Supervisor

JUDGE_S = 1.0
"""Seconds between two rounds of sampling and judging."""
DELIVER_S = 0.5
"""Seconds between two looks into the outbox; after a message the next is looked for at once."""
DELIVER_MAX = 20
"""Messages sent in one look: with what each may keep it waiting, less than the look may take."""
WRITE_S = 2.0
"""Seconds between two snapshots of the samples."""
FORCE_S = 30.0
"""A plan is forced at most this often, seconds."""


@dataclass
class Watching:
    """Gathers, judges and tells.

    Args:
        force: makes a job run now, by its name.
        beside: snapshots that are written together with the samples.
        hurry: begins a round of judging at once; mail: a look into the outbox.
    """

    storage: Storage
    clock: Clock
    sampling: Sampling
    judge: Judge
    outbox: Outbox
    force: Callable[[str], object]
    beside: Callable[[], Sequence[Snapshot]] = tuple
    samples: list[Sample] = field(default_factory=list)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    mail: asyncio.Event = field(default_factory=asyncio.Event)
    _forced_at: float = float("-inf")

    async def judge_once(self) -> None:
        """Gather every number, make a plan where one is missing, and judge; what is to be told goes out at once."""
        self.samples = await self.sampling.gather()
        self._force_plan()
        said = self.judge.said
        await self.judge.judge_once(self.samples)
        if self.judge.said != said:
            self.mail.set()

    def _force_plan(self) -> None:
        now = self.clock.monotonic()
        if now - self._forced_at >= FORCE_S and short(self.samples):
            self._forced_at = now
            self.force("plan")

    async def deliver_once(self) -> None:
        """Send what is due; after `DELIVER_MAX` messages the next look goes on."""
        for _ in range(DELIVER_MAX):
            if not await self.outbox.deliver_once():
                return

    async def write_once(self) -> None:
        """Write the samples down, so that the face can show them."""
        if self.samples:
            snapshots = (packed(self.samples, self.clock.now()), *self.beside())
            await self.storage.record(Batch(snapshots=snapshots))

    async def adopt(self, incident: Incident) -> None:
        """Take over what the guardian found, and what it found to be over."""
        self.judge.adopt(incident)


def short(samples: Sequence[Sample]) -> bool:
    """True if some account's queue covers less than its floor."""
    floors = {s.labels["account"]: s.value for s in samples if s.name == "bowerbird_queue_floor_hours"}
    if not floors:
        return False
    cover = {s.labels["account"]: s.value for s in samples if s.name == "bowerbird_queue_cover_hours"}
    return any(cover.get(account, floor) < floor for account, floor in floors.items())


@dataclass
class Endless:
    """A loop without end as a monitor's step: each look raises what the loop died of, and starts it again."""

    loop: Callable[[], Awaitable[None]]
    _task: asyncio.Future[None] | None = None

    async def look(self) -> None:
        """See that it lives; raises whatever it died of."""
        task, self._task = self._task, self._task
        if task is None or task.done():
            self._task = asyncio.ensure_future(self.loop())
            if task is not None:
                task.result()
                raise RuntimeError("it ended by itself")

    async def stop(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def monitors_of(
    watching: Watching, jobs: Jobs, steps: Mapping[str, Callable[[], Awaitable[Any]]], endless: Mapping[str, Endless]
) -> tuple[Monitor, ...]:
    """Every monitor of the engine: rounds of our own, those of the jobs, short steps, and loops without end."""
    own = (
        Monitor(
            name="alerts", step=watching.judge_once, every_s=JUDGE_S, timeout_s=15.0, needed=True, bell=watching.hurry
        ),
        Monitor(name="outbox", step=watching.deliver_once, every_s=DELIVER_S, timeout_s=30.0, bell=watching.mail),
        Monitor(name="samples", step=watching.write_once, every_s=WRITE_S, timeout_s=5.0),
    )
    short_steps = tuple(Monitor(name=name, step=step, every_s=0.0, timeout_s=30.0) for name, step in steps.items())
    loops = tuple(Monitor(name=name, step=loop.look, every_s=1.0) for name, loop in endless.items())
    return own + job_monitors(lambda: jobs.runner) + short_steps + loops


def graph_of(jobs: Jobs, connections: Connections, supervisor: Supervisor, writers: Sequence[str]) -> Edges:
    """What needs what in this engine, as it is now.

    A part of the boot needs the breaker of the same name, and the breakers of one host speak for one another.
    """
    found = dict(
        edges_of(
            jobs={job.name: job.needs for job in jobs.runner.jobs},
            breakers=connections.breakers_of(),
            monitors=[monitor.name for monitor in supervisor.monitors],
            writers=writers,
            parents=connections.breakers.parents(),
            lanes={job.name: job.lane for job in jobs.runner.jobs},
        )
    )
    for name in connections.breakers:
        found[name] = found.get(name, frozenset()) | {f"breaker:{name}"}
    for name, other in permutations(connections.breakers, 2):
        if name.partition(" ")[2] and name.partition(" ")[2] == other.partition(" ")[2]:  # two ways to one host
            found[f"breaker:{name}"] = found.get(f"breaker:{name}", frozenset()) | {f"breaker:{other}"}
    for account in connections.accounts():
        measuring = f"measuring:{account.id}"
        found[measuring] = found.get(measuring, frozenset()) | {f"page:{account.platform}"}
    found["books"] = found.get("books", frozenset()) | {"storage"}
    return found


def telling(storage: Storage) -> Callable[[Fact], Awaitable[object]]:
    """Write a fact as the supervisor wants it; what the books refuse is told again later."""
    return lambda fact: storage.record(Batch(facts=(fact,)))

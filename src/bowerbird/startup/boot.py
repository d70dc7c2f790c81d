"""Start every part, keep starting what fails, and say when all that matters has answered.

1. Each part is started by itself, with growing waits and jitter, for ever; none waits for another.
2. A part that was up and whose check turns red is started again in the same way.
3. The engine is ready when every critical part has answered; what fails then degrades it, and the row of the
   table in `core.degrade` says what is done meanwhile.
4. A critical part that cannot run as it is set up refuses: waiting would not mend it, a person must.

The snapshot ``parts`` is written every `LOOK_S` seconds. Its data:

    {"state": "starting" | "ready" | "degraded" | "refused", "ready": bool, "why": str, "since": µs,
     "ready_s": seconds until it was ready first, or None, "missing": [names of critical parts that are not up],
     "notes": [sentences for the page, such as that nobody is told if this machine dies],
     "parts": [{"name", "light", "sentence", "since", "needed_for", "without", "plan", "by", "critical",
                "attempts", "next_try_at"}]}

`without` is what is done without the part; `plan` says the same, and `by` who does it, while it is missing. Instants
are UTC microseconds, `next_try_at` may be None.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bowerbird.core.books import Batch, Recorder
from bowerbird.core.degrade import TABLE
from bowerbird.core.errors import BadInput, StorageError
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample, Snapshot
from bowerbird.core.health import Health, Light, Part
from bowerbird.core.ports import Chance, Clock
from bowerbird.core.post import SECOND_US
from bowerbird.resilience.retry import backoff_s

LOOK_S = 2.0
"""Seconds between two checks of a part, and between two snapshots."""
CHECK_S = 5.0
"""How long a check may take before it counts as red, seconds."""
WAIT_BASE_S = 0.5
"""The longest first wait after a failed start, seconds; it doubles with each failure."""
WAIT_MAX_S = 8.0
"""No wait between two starts is longer, seconds: what heals is back within ten."""
CRITICAL_WAIT_MAX_S = 3.0
"""The same for a critical part, seconds: when it is back, the work that waited for it is done within those ten."""
OWED_MAX = 200
"""Facts kept for books that cannot be written just now; the oldest go first."""
DOWN = Light.RED


@dataclass(frozen=True, slots=True)
class Ready:
    """Every part is up."""

    state: Literal["ready"] = "ready"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Degraded:
    """Something is missing; `state` is ``starting`` until the engine has been ready once."""

    why: str
    state: Literal["starting", "degraded"] = "degraded"


@dataclass(frozen=True, slots=True)
class Refused:
    """It cannot run as it is set up, and `why` says what to mend."""

    why: str
    state: Literal["refused"] = "refused"


@dataclass(slots=True)
class Standing:
    """How one part stands.

    Args:
        attempts: tries to start it since it was last up.
        next_try_at: when the next one is, UTC microseconds; None while it is up or being tried.
        told: True while its absence has been written down as a fact.
    """

    part: Part
    health: Health
    up: bool = False
    tried: bool = False
    attempts: int = 0
    next_try_at: int | None = None
    told: bool = False

    def row(self) -> dict[str, Any]:
        """The part as JSON values."""
        row = TABLE.get(self.part.without)
        plan = row if self.health.light is DOWN else None
        return {
            "name": self.part.name, "light": self.health.light.value, "sentence": self.health.sentence,
            "since": self.health.since, "needed_for": self.part.needed_for, "plan": plan.then if plan else "",
            "by": plan.by if plan else "", "without": row.then if row else "",
            "critical": self.part.critical, "attempts": self.attempts,
            "next_try_at": self.next_try_at,
        }  # fmt: skip


@dataclass
class Boot:
    """Keeps the parts of one process.

    Args:
        parts: asked every two seconds, because accounts and their platforms come and go.
        notes: sentences for the page, asked at each snapshot.
    """

    parts: Callable[[], Sequence[Part]]
    storage: Recorder
    clock: Clock
    chance: Chance
    notes: Callable[[], Sequence[str]] = list
    standings: dict[str, Standing] = field(default_factory=dict)
    ready_s: float | None = None
    refusal: str = ""
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _owed: list[Fact] = field(default_factory=list)
    _began: float | None = None
    _since: int = 0
    _last: str = ""

    async def run(self) -> None:
        """Keep every part until cancelled; may be run again after it was, and starts nothing that is up.

        Raises:
            BadInput: a critical part cannot run as it is set up.
        """
        if self._began is None:
            self._began, self._since = self.clock.monotonic(), self.clock.now()
        try:
            while True:
                self._tend()
                seen = self.ready_s is not None  # what becomes ready while this is written is not in it
                await self.write_once()
                if self.refusal:
                    await self.write_once()  # the page says it while a guardian keeps it up
                    raise BadInput(self.refusal)
                await self.clock.sleep(LOOK_S if seen else LOOK_S / 8)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            self._tasks.clear()

    def _tend(self) -> None:
        """Keep what is new, let go of what is gone, and end with whatever a keeper died of."""
        wanted = {part.name: part for part in self.parts()}
        for name in [name for name in self.standings if name not in wanted]:
            del self.standings[name]
            if task := self._tasks.pop(name, None):
                task.cancel()
        for name, part in wanted.items():
            if name not in self.standings:
                self.standings[name] = Standing(part, self._health(part, Light.AMBER, "Starting."))
            if name not in self._tasks:
                self._tasks[name] = asyncio.create_task(self._keep(self.standings[name]), name=f"part {name}")
            if self._tasks[name].done():
                self._tasks.pop(name).result()

    async def _keep(self, standing: Standing) -> None:
        """Bring it up, watch over it until it turns red, and begin again."""
        while True:
            while not standing.up:
                await self._try(standing)
            await self.clock.sleep(LOOK_S)
            health = await self._check(standing.part)
            if health.light is DOWN:
                self._lost(standing, health)
            else:
                self._show(standing, health)

    async def _try(self, standing: Standing) -> None:
        """Try once to start it; after a failure, wait longer each time, with jitter."""
        standing.attempts += 1
        standing.next_try_at = None
        health = await self._start(standing.part)
        if health.light is not DOWN:
            self._won(standing, health)
            return
        self._lost(standing, health)
        rng = self.chance.stream(f"boot {standing.part.name}")
        most_s = CRITICAL_WAIT_MAX_S if standing.part.critical else WAIT_MAX_S
        wait_s = max(0.1, backoff_s(standing.attempts, rng=rng, base_s=WAIT_BASE_S, max_s=most_s))
        standing.next_try_at = self.clock.now() + round(wait_s * SECOND_US)
        await self.clock.sleep(wait_s)

    async def _start(self, part: Part) -> Health:
        deadline = asyncio.timeout(part.start_s)
        try:
            async with deadline:
                await part.start()
            return await self._check(part)
        except BadInput as error:
            if part.critical:
                self.refusal = self.refusal or f"{part.name}: {error}"
            return self._health(part, DOWN, str(error))
        except Exception as error:  # noqa: BLE001 - the seam: whatever keeps a part from starting is its sentence
            if deadline.expired():
                return self._health(part, DOWN, f"It did not start within {part.start_s:g} s.")
            return self._health(part, DOWN, str(error) or type(error).__name__)

    async def _check(self, part: Part) -> Health:
        deadline = asyncio.timeout(CHECK_S)
        try:
            async with deadline:
                return await part.check()
        except Exception as error:  # noqa: BLE001 - the seam: a check that fails is a part that does not answer
            if deadline.expired():
                return self._health(part, DOWN, f"It did not answer within {CHECK_S:g} s.")
            return self._health(part, DOWN, f"Its check failed: {str(error) or type(error).__name__}")

    def _won(self, standing: Standing, health: Health) -> None:
        attempts, standing.attempts = standing.attempts, 0
        standing.up = standing.tried = True
        self._show(standing, health)
        if standing.told:
            standing.told = False
            self._owe("recovered", part=standing.part.name, attempts=attempts, sentence=health.sentence)
        if self.ready_s is None and self._began is not None and not self.missing():
            self.ready_s = round(self.clock.monotonic() - self._began, 3)
            self._owe("ready", seconds=self.ready_s, sentence=f"Ready after {self.ready_s:.1f} s.")

    def _lost(self, standing: Standing, health: Health) -> None:
        standing.up, standing.tried = False, True
        self._show(standing, health)
        if not standing.told:
            standing.told = True
            row = standing.row()
            self._owe("degraded", why=f"{row['name']}: {row['sentence']}", part=row["name"], plan=row["plan"],
                      needed_for=row["needed_for"])  # fmt: skip

    def _show(self, standing: Standing, health: Health) -> None:
        before = standing.health
        since = before.since if before.light is health.light else health.since or self.clock.now()
        standing.health = Health(part=standing.part.name, light=health.light, sentence=health.sentence, since=since)

    def _health(self, part: Part, light: Light, sentence: str) -> Health:
        return Health(part=part.name, light=light, sentence=sentence, since=self.clock.now())

    def _owe(self, kind: str, **data: Any) -> None:
        self._owed = [*self._owed, Fact(kind=kind, at=self.clock.now(), by="boot", data=data)][-OWED_MAX:]

    def missing(self) -> list[str]:
        """The critical parts that are not up, by name; all of them before the first look."""
        known = [standing for standing in self.standings.values() if standing.part.critical]
        return [standing.part.name for standing in known if not standing.up] or ([] if known else ["the engine"])

    def starting(self) -> bool:
        """Whether it was not ready yet, or some part was never tried to its end."""
        return self.ready_s is None or not all(standing.tried for standing in self.standings.values())

    def down(self) -> list[str]:
        """Every part that does not work, by name."""
        return [name for name, standing in self.standings.items() if standing.health.light is DOWN]

    def state(self) -> Ready | Degraded | Refused:
        """How the whole stands, as a value."""
        if self.refusal:
            return Refused(self.refusal)
        if self.ready_s is None:
            return Degraded(f"not ready: waits for {', '.join(self.missing())}", "starting")
        down = [f"{name}: {self.standings[name].health.sentence}" for name in self.down()]
        return Degraded("; ".join(down)) if down else Ready()

    def snapshot(self) -> Snapshot:
        """Everything about the parts, for the page; its JSON is described at the top of this file."""
        state = self.state()
        if state.state != self._last:
            self._last, self._since = state.state, self.clock.now()
        missing = self.missing()
        return Snapshot(
            name="parts",
            at=self.clock.now(),
            data={
                "state": state.state, "ready": not missing and not self.refusal, "why": state.why,
                "since": self._since, "ready_s": self.ready_s, "missing": missing, "notes": list(self.notes()),
                "parts": [standing.row() for standing in self.standings.values()],
            },
        )  # fmt: skip

    def samples(self) -> list[Sample]:
        """``bowerbird_part_up`` of every part that was tried at least once."""
        return [
            Sample(name="bowerbird_part_up", value=float(standing.up), labels={"part": name})
            for name, standing in self.standings.items()
            if standing.tried
        ]

    async def write_once(self) -> None:
        """Write the snapshot with the facts that are owed; books that refuse get both the next time."""
        owed = tuple(self._owed)
        try:
            await self.storage.record(Batch(snapshots=(self.snapshot(),), facts=owed))
        except StorageError:
            return  # the part `books` says so on the heartbeat; the facts are owed until they are written
        self._owed = [fact for fact in self._owed if fact not in owed]

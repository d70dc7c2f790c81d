"""Take over what the guardian told while the engine could not, so that one trouble is one incident.

The guardian appends a line to `guardian.jsonl` in the data folder whenever an incident of its own opens, is told or
ends; a later line of the same `fingerprint` and `opened_at` replaces the earlier one:

    {"fingerprint": "EngineSilent|engine|", "severity": "critical", "opened_at": µs, "seen_at": µs,
     "closed_at": µs or null, "title": str, "why": str, "fix": str, "healed_by": str,
     "told": µs or null, "telling": true while the guardian still tries to tell it}

And it rewrites `guardian.state` every few seconds:

    {"at": µs, "pid": int, "channels": [names], "ping": {"set": bool, "ok_at": µs or null, "every_s": seconds},
     "children": [{"name", "pid" or null, "restarts", "trouble"}]}
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from bowerbird.core.books import Alarms, Batch, Journal, Recorder
from bowerbird.core.errors import StorageError
from bowerbird.core.gauge import Sample
from bowerbird.core.incident import Incident, Severity
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US

JOURNAL = "guardian.jsonl"
"""What the guardian told, in the data folder."""
STATE = "guardian.state"
"""How the guardian is, in the data folder."""
LOOK_S = 1.0
"""Seconds between two looks at both files."""
STALE_S = 20.0
"""A guardian whose state is older than this does not live, in seconds."""
CURSOR = "guardian"
"""The cursor that remembers how far the journal was read, in bytes."""
NOBODY = "If this machine dies, nobody is told: set ping.url to an address that raises the alarm when calls stay away."
MUTE = "If the engine freezes, nobody is told before it is back: set guardian.webhook or guardian.mail."
ALONE = "No guardian watches over this engine: start it with `bowerbird run`."


class Books(Recorder, Alarms, Journal, Protocol):
    """What is read and written here."""


Give = Callable[[Incident], Awaitable[object]]
"""Whoever keeps incidents: takes one that is new or has changed, and tells nobody of one with `told_at` set."""


@dataclass
class Adopter:
    """Reads the guardian's files.

    Args:
        folder: the data folder.
        give: takes each incident; without one it is written into the books as it is.
    """

    folder: Path
    storage: Books
    clock: Clock
    give: Give | None = None
    state: dict[str, Any] | None = field(default=None)

    async def watch(self) -> None:
        """Look for ever; books that are shut get the incidents when they are open again."""
        while True:
            self.state = await asyncio.to_thread(_read_state, self.folder / STATE)
            with suppress(StorageError):  # nothing was adopted then, so the next look finds it again
                await self.adopt_once()
            await self.clock.sleep(LOOK_S)

    async def adopt_once(self) -> int:
        """Adopt what is new; return how many lines that were.

        1. Read whole lines from where the last look ended; a shorter file was begun anew.
        2. Give each incident away. 3. Only then move on, so that a crash repeats rather than forgets.
        """
        start = await self.storage.cursor(CURSOR)
        lines, end = await asyncio.to_thread(_read_lines, self.folder / JOURNAL, start)
        for line in lines:
            await (self.give or self._write)(incident_of(line))
        if end != start:
            await self.storage.record(Batch(cursors={CURSOR: end}))
        return len(lines)

    async def _write(self, incident: Incident) -> None:
        before = await self.storage.incident(incident.id)
        await self.storage.record(Batch(incidents=(replace(incident, root=before.root if before else ""),)))

    def guarded(self) -> bool:
        """Whether a guardian watches over this engine."""
        return self.state is not None and self.clock.now() - int(self.state["at"]) < STALE_S * SECOND_US

    def notes(self) -> list[str]:
        """What a person should know about who watches over this machine."""
        if self.state is None or not self.guarded():
            return [ALONE]
        notes = [] if self.state["channels"] else [MUTE]
        return notes if self.state["ping"]["set"] else [*notes, NOBODY]

    def samples(self) -> list[Sample]:
        """``bowerbird_outside_ping_age_seconds``, where there is a ping and it was answered."""
        ok_at = self.state["ping"]["ok_at"] if self.state is not None and self.guarded() else None
        if ok_at is None:
            return []
        age_s = max(0.0, (self.clock.now() - ok_at) / SECOND_US)
        return [Sample(name="bowerbird_outside_ping_age_seconds", value=age_s)]


def incident_of(line: dict[str, Any]) -> Incident:
    """The incident a line tells of; what the guardian told or still tries to tell is told by nobody else."""
    rule, part, scope = line["fingerprint"].split("|")
    told_at = line["told"] or (line["opened_at"] if line["telling"] else None)
    return Incident(
        id=f"guardian-{rule}-{line['opened_at']}", fingerprint=line["fingerprint"], rule=rule, part=part, scope=scope,
        severity=Severity(line["severity"]), title=line["title"], why=line["why"], fix=line["fix"],
        opened_at=line["opened_at"], since=line["opened_at"], seen_at=line["seen_at"], closed_at=line["closed_at"],
        healed_by=line["healed_by"], told_at=told_at, by="guardian",
    )  # fmt: skip


def _read_lines(file: Path, start: int) -> tuple[list[dict[str, Any]], int]:
    """Read whole lines from `start`; return them and where they end. A line that is torn or strange is passed over."""
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            stream.seek(start if start <= size else 0)
            text = stream.read()
            end = stream.tell()
    except FileNotFoundError:
        return [], start
    whole, _, rest = text.rpartition(b"\n")
    return [row for row in map(_parsed, whole.splitlines()) if row is not None], end - len(rest)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
        incident_of(row)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return dict(row)


def _read_state(file: Path) -> dict[str, Any] | None:
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
        known = isinstance(state, dict) and {"at", "channels", "ping"} <= state.keys()
    except (OSError, ValueError):
        return None
    return state if known else None

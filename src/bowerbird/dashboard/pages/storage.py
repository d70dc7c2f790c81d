"""The books: how large they are, how fast, who has them open, what waits beside them, what is copied and forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bowerbird.core.books import Old
from bowerbird.core.facts import Fact
from bowerbird.core.health import Light
from bowerbird.core.ports import Clock
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import count, span
from bowerbird.core.work import Owner, Run
from bowerbird.dashboard.asked import Asked, Books, SettingRow
from bowerbird.dashboard.gauges import Gauges, gauges, percent, size
from bowerbird.dashboard.head import head
from bowerbird.dashboard.layers import READ_MS_STEPS, database
from bowerbird.dashboard.picture import ground
from bowerbird.dashboard.trials import BOOKS, said
from bowerbird.jobs.tidy import KEEP_S, MODELS_MAX

OWNERS_MAX = 10
"""Processes shown, last heard first."""
EVENTS_MAX = 15
"""What happened to the books lately, and how much of it is shown."""
ASIDE_MAX = 50
"""Records that were set aside and are counted; beyond them the page says so."""
HEARD_S = 10.0
"""Who has not been heard for so long has the books open no more."""
KEPT: dict[Old, str] = {
    Old.RUNS: "runs of jobs", Old.SPENDS: "what limits counted", Old.WORDS: "answers that were paid for",
    Old.DELIVERIES: "messages that were sent", Old.INCIDENTS: "incidents that are over",
    Old.COMMANDS: "buttons that were pressed", Old.OWNERS: "processes that are gone", Old.SILENCES: "silences",
}  # fmt: skip
"""What is forgotten, in words."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has the books open, or had."""

    owner: Owner
    light: Light
    word: str


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Everything about the books that is known."""
    began = clock.monotonic()
    happened = await books.newest_facts(kinds=BOOKS, limit=EVENTS_MAX)
    aside = await books.newest_facts(kinds=("set_aside",), limit=ASIDE_MAX)
    tidied = (await books.latest_runs(("tidy",))).get("tidy", [])
    p = await ground(books, clock, asked.beside)
    known = await gauges(books, now=p.now)
    p = replace(p, read_ms=(clock.monotonic() - began) * 1000)
    return {
        "now": p.now,
        "head": head(p, database(p)),
        "room": room(known),
        "pace": pace(known, p.read_ms, asked.settings),
        "spool": spool(known),
        "used": known.one("bowerbird_spool_used_ratio"),
        "aside": set_aside(aside),
        "backup_s": known.one("bowerbird_backup_age_seconds"),
        "heard": bool(known.samples),
        "holders": [holder(owner, now=p.now) for owner in p.owners[:OWNERS_MAX]],
        "events": [(fact.at, said(fact)) for fact in happened],
        "kept": [(KEPT[what].capitalize(), span(seconds)) for what, seconds in KEEP_S.items()],
        "models_max": MODELS_MAX,
        "tidied": tidied[0] if tidied else None,
        "tidied_how": how(tidied[0]) if tidied else "",
    }


def room(known: Gauges) -> Sequence[tuple[str, str | None]]:
    """How much room they take, and how much is left."""
    files = known.by("bowerbird_storage_file_bytes", "file")
    return [
        ("The books", size(files.get("books"))),
        ("Their log, written ahead", size(files.get("log"))),
        ("Free on their disk", size(known.one("bowerbird_storage_free_bytes"))),
    ]


def pace(known: Gauges, read_ms: float, settings: Sequence[SettingRow]) -> Sequence[tuple[str, str | None]]:
    """How fast they are written and read; steps instead of each millisecond, so that the page is not always news."""
    deadline = next((row.value for row in settings if row.name == "data.deadline_s"), None)
    return [
        ("The last write took", under(known.one("bowerbird_storage_write_seconds"))),
        ("This page was read in", under(read_ms / 1000)),
        ("Reads of the engine", None),
        ("No statement may take longer than", None if deadline is None else f"{deadline} s"),
    ]


def under(seconds: float | None) -> str | None:
    """Say a duration by the step that it stays under."""
    if seconds is None:
        return None
    step = next((ms for ms in READ_MS_STEPS if seconds * 1000 < ms), None)
    return f"under {step} ms" if step else f"{seconds:.1f} s"


def spool(known: Gauges) -> Sequence[tuple[str, str | None]]:
    """What waits beside the books while they cannot be written."""
    waiting = known.one("bowerbird_spool_records")
    return [
        ("Records that wait", None if waiting is None else f"{waiting:,.0f}"),
        ("Room they take", size(known.one("bowerbird_spool_used_bytes"))),
        ("Used of what it may hold", percent(known.one("bowerbird_spool_used_ratio"))),
    ]


def set_aside(facts: Sequence[Fact]) -> str:
    """Say how much could never be written; empty if nothing was."""
    if not facts:
        return ""
    more = " or more" if len(facts) == ASIDE_MAX else ""
    took = size(sum(float(fact.data.get("bytes", 0)) for fact in facts))
    return f"{count(len(facts), 'record')}{more}, {took}, put into the file {facts[0].data.get('file', 'beside it')}"


def holder(owner: Owner, *, now: int) -> Holder:
    """Say whether a process still has the books open."""
    if now - owner.heard_at <= HEARD_S * SECOND_US:
        return Holder(owner, Light.GREEN, "has them open")
    return Holder(owner, Light.GREY, "gone")


def how(run: Run) -> str:
    """Say how the last tidying went."""
    took: Mapping[str, str] = {"done": "went well", "failed": f"failed: {run.error or 'it did not say why'}"}
    return took.get(run.outcome, str(run.outcome))

"""One process of a running Bowerbird, engine or face, started by its guardian.

    python -m bowerbird [--data FOLDER] [--settings FILE] worker engine | face

Nobody types this, so it is read without the command line's library: that alone would be a tenth of the start.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bowerbird.core.errors import BadInput
from bowerbird.settings import Settings, load
from bowerbird.startup.child import GUARDIAN
from bowerbird.startup.ending import told
from bowerbird.startup.guardian import REFUSED

if TYPE_CHECKING:
    from bowerbird.dashboard.workshop import Workshop

WORKER = "worker"
"""The word after the options that makes a process one of these."""
OPTIONS = ("--data", "--settings")

Tell = Callable[[], Awaitable["Workshop"]]
"""Tells the face of promises and drills, which stand above everything here."""


def asked(words: Sequence[str]) -> tuple[dict[str, str], str] | None:
    """The options and the part that these words ask for; None if they are a person's command."""
    given: dict[str, str] = {}
    rest = list(words)
    while len(rest) > 1 and rest[0] in OPTIONS:
        given[rest[0]], rest = rest[1], rest[2:]
    return (given, rest[1]) if len(rest) == 2 and rest[0] == WORKER else None


def work(given: dict[str, str], part: str, workshop: Tell | None = None) -> int:
    """Be the part until told to stop; return the exit code, by which the guardian knows a refusal."""
    return told(lambda: _be(given, part, workshop), refused=REFUSED)


def _be(given: dict[str, str], part: str, workshop: Tell | None) -> None:
    file = given.get("--settings")
    settings = load(Path(file) if file else None, data__folder=given.get("--data"))
    parent = int(os.environ[GUARDIAN]) if GUARDIAN in os.environ else None
    asyncio.run(_part(part, settings, parent, workshop))


async def _part(part: str, settings: Settings, parent: int | None, workshop: Tell | None) -> None:
    if part == "engine":
        from bowerbird.app.engine import run_engine

        await run_engine(settings, parent=parent)
    elif part == "face":
        from bowerbird.app.face import run_face

        await run_face(settings, parent=parent, workshop=workshop)
    else:
        raise BadInput(f"there is no part {part!r}; it is engine or face")

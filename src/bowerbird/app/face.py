"""The dashboard as a process: a guest of the books."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from bowerbird.app.books import open_books
from bowerbird.clock import SystemChance, SystemClock
from bowerbird.core.post import CARDS
from bowerbird.core.work import Owner
from bowerbird.settings import KNOBS, Settings
from bowerbird.startup.heart import HEART, UNWRITTEN, Heart, last_beat
from bowerbird.startup.orphan import stop_with

if TYPE_CHECKING:
    from bowerbird.dashboard.asked import SettingRow
    from bowerbird.dashboard.workshop import Workshop


async def run_face(
    settings: Settings, *, parent: int | None = None, workshop: Callable[[], Awaitable[Workshop]] | None = None
) -> None:
    """Be the dashboard until told to stop, or until `parent` is gone.

    Args:
        workshop: tells of promises and drills, which stand above this room; None: nobody does.

    Raises:
        BadInput: the port is in use, or the address is wider than this machine and no password is set.
    """
    from bowerbird.app.replays import Replays
    from bowerbird.dashboard.asked import Beside
    from bowerbird.dashboard.serve import serve
    from bowerbird.dashboard.workshop import bare

    clock, chance = SystemClock(), SystemChance()
    storage = await open_books(settings, clock, engine=False)
    now = clock.now()
    owner = Owner(id=chance.name("boot"), role="face", pid=os.getpid(), started_at=now, heard_at=now)
    heart = Heart(storage, clock, owner, lambda: "serving the dashboard")
    beat = asyncio.create_task(heart.beat_for_ever(), name="heart")
    watch = asyncio.create_task(stop_with(parent, clock), name="parent")

    async def beside() -> Beside:
        row = await asyncio.to_thread(last_beat, settings.folder / HEART)
        note = str(row.get("note", ""))
        trouble = note.removeprefix(UNWRITTEN) if note.startswith(UNWRITTEN) else ""
        return Beside(heard_at=row.get("at"), trouble=trouble, opening=row.get("state") == "opening")

    try:
        await serve(
            storage,
            clock,
            chance,
            host=settings["face.host"],
            port=settings["face.port"],
            password=settings["face.password"],
            password_file=settings.folder / "face.password",
            settings=shown(settings),
            beside=beside,
            replays=Replays(settings.folder),
            workshop=workshop or bare,
            cards=settings.folder / CARDS,
        )
    finally:
        beat.cancel()
        watch.cancel()
        await storage.close()


def shown(settings: Settings) -> list[SettingRow]:
    """Every setting as in force, without secrets, for the page that shows them."""
    from bowerbird.dashboard.asked import SettingRow

    return [
        SettingRow(
            name=knob.name, value=settings.shown(knob.name), source=settings.sources[knob.name], why=knob.why,
            default="" if knob.secret else str(knob.default), variable=knob.variable, bounds=knob.bounds,
        )
        for knob in KNOBS
    ]  # fmt: skip

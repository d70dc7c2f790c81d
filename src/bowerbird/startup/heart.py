"""Say that this process is alive, and what it is doing or why nothing is due: only silence is death."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bowerbird.core.books import Journal
from bowerbird.core.errors import StorageError
from bowerbird.core.ports import Clock
from bowerbird.core.work import Owner

BEAT_S = 2.0
"""Seconds between two beats; an owner not heard for 10 s is taken for dead."""


@dataclass
class Heart:
    """Beats for one process.

    Args:
        note: asked at each beat; one sentence.
    """

    storage: Journal
    clock: Clock
    owner: Owner
    note: Callable[[], str]
    missed: int = 0

    async def beat_once(self) -> None:
        """Beat once; raises what storage raises."""
        await self.storage.beat(replace(self.owner, heard_at=self.clock.now(), note=self.note()))

    async def beat_for_ever(self) -> None:
        """Beat every two seconds until cancelled; a beat that storage refuses is counted and tried again."""
        while True:
            try:
                await self.beat_once()
                self.missed = 0
            except StorageError:
                self.missed += 1  # the face shows the silence; the next beat tries again
            await self.clock.sleep(BEAT_S)

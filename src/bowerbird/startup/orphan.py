"""Stop when the guardian is gone: a process nobody watches would hold the books against the next start."""

from __future__ import annotations

import os
import signal

from bowerbird.core.ports import Clock

LOOK_S = 1.0
"""How often a child looks for its parent, in seconds."""


async def stop_with(parent: int | None, clock: Clock) -> None:
    """Ask this very process to stop, as SIGTERM does, once its parent is another; for ever silent without one."""
    if parent is None:
        return
    while os.getppid() == parent:
        await clock.sleep(LOOK_S)
    os.kill(os.getpid(), signal.SIGTERM)

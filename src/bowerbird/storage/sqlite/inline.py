"""Without threads: what blocks is carried out on the spot, for a simulation whose loop serves nobody meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def at_once(act: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Carry it out in the caller's thread."""
    return act(*args, **kwargs)


async def carry_out(act: Callable[[], R], *, inline: bool) -> R:
    """Carry it out on the spot, or in a thread of its own while others go on."""
    return at_once(act) if inline else await asyncio.to_thread(act)

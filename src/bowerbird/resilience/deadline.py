"""A deadline that everything below can see: how long is left, and whether there is one at all.

Deadlines nest and the tighter one wins. A caller's deadline that passes inside an inner one is the caller's
business: the inner code sees a cancellation, and only the caller a `TimeoutError`. The time is the event loop's, so
a step of the wall clock changes nothing, and virtual time works.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

_ends: ContextVar[float] = ContextVar("deadline", default=math.inf)


class NoDeadline(RuntimeError):
    """A call to the outside was made without a deadline: a defect, for it could wait for ever."""


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Give the block so many seconds, or as many as an outer deadline leaves.

    Raises:
        TimeoutError: this deadline passed.
    """
    outer = _ends.get()
    ends = asyncio.get_running_loop().time() + seconds
    token = _ends.set(min(ends, outer))
    try:
        async with asyncio.timeout_at(ends if ends < outer else None):
            yield
    finally:
        _ends.reset(token)


def announce(seconds: float) -> None:
    """Tell all that this task calls how long it has; whoever started the task ends it then."""
    _ends.set(min(_ends.get(), asyncio.get_running_loop().time() + seconds))


def left_s() -> float:
    """Return the seconds left until the deadline; ``inf`` without one, below 0 after it."""
    return _ends.get() - asyncio.get_running_loop().time()


def required() -> float:
    """Return the seconds left until the deadline.

    Raises:
        NoDeadline: there is none.
    """
    if _ends.get() == math.inf:
        raise NoDeadline
    return left_s()

"""A deadline that everything below can see: how long is left, and whether there is one at all.

Deadlines nest and the tighter one wins. A caller's deadline that passes inside an inner one is the caller's
business: the inner code sees a cancellation, and only the caller a `TimeoutError`. The time is the event loop's, so
a step of the wall clock changes nothing, and virtual time works.

Whoever waits for a long piece of work sees from here, too, whether it moves: each call that it makes is a sign of life.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar

_ends: ContextVar[float] = ContextVar("deadline", default=math.inf)
_hears: ContextVar[Callable[[float], None] | None] = ContextVar("life", default=None)


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
    alive(seconds)
    try:
        async with asyncio.timeout_at(ends if ends < outer else None):
            yield
    finally:
        _ends.reset(token)


def announce(seconds: float) -> None:
    """Tell all that this task calls how long it has; whoever started the task ends it then."""
    _ends.set(min(_ends.get(), asyncio.get_running_loop().time() + seconds))


def listen(hears: Callable[[float], None]) -> None:
    """Let somebody hear each sign of life of this task, and of those that it starts from now on."""
    _hears.set(hears)


def alive(seconds: float = 0.0) -> None:
    """Say that the work moves, and that its next sign may take so many seconds."""
    if hears := _hears.get():
        hears(seconds)


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

"""One piece of work under a deadline that holds, whatever the piece does.

1. At its deadline the piece is cancelled; most end then. Where the loop stood still it gets a little time first.
2. One that swallows the cancellation is waited for a little longer, then abandoned: it is counted and told, and
   whoever waited goes on without it. A task cannot be killed, but nobody has to wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bowerbird.core.errors import BowerbirdError
from bowerbird.resilience.deadline import announce

T = TypeVar("T")
STOOD_S = 0.5
"""A deadline that fires later than this fired late because the whole loop stood still; then nobody could be in time."""
LET_GO_S = 3.0
"""A piece that was cancelled may take this long to end, in seconds; the books give every call a verdict within two."""


@dataclass(frozen=True, slots=True)
class Ended(Generic[T]):
    """How a piece ended.

    Args:
        answer: what it returned. error: what went wrong, in words; empty if nothing did.
        failure: what it raised, if it raised. cut_off: its deadline passed.
        stray: the task, if it would not end.
    """

    answer: T | None = None
    error: str = ""
    failure: BaseException | None = None
    cut_off: bool = False
    stray: asyncio.Task[Any] | None = None

    @property
    def foreseen(self) -> bool:
        """True if it failed with a word of our own vocabulary."""
        return isinstance(self.failure, BowerbirdError)


async def carry_out(act: Callable[[], Awaitable[T]], *, timeout_s: float, name: str) -> Ended[T]:
    """Do one piece of work in a task of its own, and return within `timeout_s` + 2 * `LET_GO_S` seconds.

    A cancellation of the caller cancels the piece, waits for it for `LET_GO_S` seconds, and goes on.
    """
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + timeout_s
    task = asyncio.create_task(_announced(act, timeout_s), name=name)
    try:
        await _wait(task, timeout_s)
        if not task.done() and loop.time() - ends_at > STOOD_S:
            await _wait(task, min(timeout_s, LET_GO_S))
        if cut_off := not task.done():
            task.cancel()
            await _wait(task, LET_GO_S)
    except asyncio.CancelledError:
        task.cancel()
        await _wait(task, LET_GO_S)
        _reap(task)
        raise
    if not task.done():
        task.cancel()
        task.add_done_callback(_reap)
        return Ended(error=f"cut off after {timeout_s:g} s, and it would not let go", cut_off=True, stray=task)
    return _ended(task, timeout_s, cut_off=cut_off)


async def _wait(task: asyncio.Task[Any], seconds: float) -> None:
    """Wait for one task, so long at most: what `asyncio.wait` does for many, at a third of its price."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()

    def end(_: object = None) -> None:
        if not over.done():
            over.set_result(None)

    timer = loop.call_later(seconds, end)
    task.add_done_callback(end)
    try:
        await over
    finally:
        timer.cancel()
        task.remove_done_callback(end)


async def _announced(act: Callable[[], Awaitable[T]], timeout_s: float) -> T:
    announce(timeout_s)
    return await act()


def _ended(task: asyncio.Task[T], timeout_s: float, *, cut_off: bool) -> Ended[T]:
    if task.cancelled():
        if cut_off:
            return Ended(error=f"cut off after {timeout_s:g} s", cut_off=True)
        return Ended(error="cancelled from inside: what it waited for was stopped")
    failure = task.exception()
    if failure is None:
        return Ended(answer=task.result())
    if isinstance(failure, BowerbirdError):
        return Ended(error=f"{type(failure).__name__}: {failure}", failure=failure)
    return Ended(error=f"unforeseen {type(failure).__name__}: {failure}", failure=failure)


def _reap(task: asyncio.Task[Any]) -> None:
    """Look at what came of a task that nobody waits for any more, which is what keeps asyncio quiet."""
    if task.done() and not task.cancelled():
        task.exception()

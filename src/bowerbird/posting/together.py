"""Work for several accounts at the same time, where the trouble of one is no trouble of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def together(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do all of it at once, and return what came of each.

    What one raises comes out when every other has ended; the first error's notes name the rest.

    Raises:
        RuntimeError: an adapter cancelled itself from inside; nobody had asked it to stop.
    """
    ends = await asyncio.gather(*works, return_exceptions=True)
    done, failures = [], []
    for end in ends:
        if isinstance(end, BaseException):
            failures.append(end)
        else:
            done.append(end)
    if failures:
        raise _first(failures)
    return done


def _first(failures: list[BaseException]) -> BaseException:
    first, *others = failures
    if isinstance(first, asyncio.CancelledError):  # left as it is, it would end the job that waits here
        cancelled, first = first, RuntimeError("an attempt was cancelled from inside its adapter")
        first.__cause__ = cancelled
    for other in others:
        first.add_note(f"and {type(other).__name__}: {other}")
    return first

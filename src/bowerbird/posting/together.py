"""Work for several accounts at the same time, where the trouble of one is no trouble of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

T = TypeVar("T")

More = Callable[[AbstractSet[str]], Awaitable[Mapping[str, Coroutine[Any, Any, T]]]]
"""Gives the next works by the name of whom they are for; told who is still at work."""


async def together(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do all of it at once, and return what came of each.

    What one raises comes out when every other has ended; the first error's notes name the rest.

    Raises:
        RuntimeError: an adapter cancelled itself from inside; nobody had asked it to stop.
    """
    return _sorted_out(await asyncio.gather(*works, return_exceptions=True))


async def in_turns(more: More[T], *, look_s: float) -> list[T]:
    """Do the first works at once, and while one of them takes long, do those of others that come up meanwhile.

    1. Every `look_s` seconds that a first work takes longer, ask for more; none for whom a work still goes on.
    2. When the last of the first has ended ask no more, so that this ends; whoever was begun is waited for.
    3. A cancellation cancels all of them, and waits until they have ended.

    Raises:
        RuntimeError: as `together` does; what `more` raises comes out in the same way.
    """
    first = _begun(await more(frozenset()))
    everyone, latest, trouble = list(first.values()), dict(first), list[BaseException]()
    try:
        while waited := [task for task in first.values() if not task.done()]:
            await asyncio.wait(waited, timeout=None if trouble else look_s)
            if trouble or all(task.done() for task in waited):
                continue
            try:
                new = _begun(await more({name for name, task in latest.items() if not task.done()}))
            except Exception as error:  # noqa: BLE001 - raised below, when every attempt has been written down
                trouble.append(error)
            else:
                latest |= new
                everyone += new.values()
        ends = await asyncio.gather(*everyone, return_exceptions=True)
    except asyncio.CancelledError:
        for task in everyone:
            task.cancel()
        await asyncio.gather(*everyone, return_exceptions=True)
        raise
    return _sorted_out([*ends, *trouble])


def _begun(works: Mapping[str, Coroutine[Any, Any, T]]) -> dict[str, asyncio.Task[T]]:
    return {name: asyncio.create_task(work, name=f"work for {name}") for name, work in works.items()}


def _sorted_out(ends: Iterable[T | BaseException]) -> list[T]:
    done, failures = list[T](), list[BaseException]()
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

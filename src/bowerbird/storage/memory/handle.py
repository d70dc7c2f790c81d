"""A handle on the books: it yields before and after each verb, and it can go dead in between.

A verb's effect happens at once, between two yields, so other tasks come in before it and after it but never
in the middle: what a transaction is to a database. A handle that died never answers, so neither `except` nor
`finally` of the crashed worker gets a turn; what was committed before stays in the books.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from bowerbird.core.errors import StorageError
from bowerbird.storage.memory.books import MemoryBooks

P = ParamSpec("P")
R = TypeVar("R")
H = TypeVar("H", bound="Handle")


class Handle:
    """The part of `MemoryStorage` that is about being alive."""

    def __init__(self, books: MemoryBooks | None = None) -> None:
        self.books = MemoryBooks() if books is None else books
        self._closed = False
        self._dead = False

    def die(self) -> None:
        """Crash: from now on no verb has an effect, and none ever answers."""
        self._dead = True

    async def close(self) -> None:
        """Let go; doing it twice is not an error. The books stay."""
        self._closed = True


def verb(act: Callable[Concatenate[H, P], R]) -> Callable[Concatenate[H, P], Coroutine[Any, Any, R]]:
    """Make a verb of the port out of the sentence that carries it out.

    1. Yield. 2. Ask for trouble (a fault of the simulation may raise). 3. Act, at once. 4. Yield again, unless the
    books answer at once.
    """

    @wraps(act)
    async def asked(self: H, /, *args: P.args, **kwargs: P.kwargs) -> R:
        await _pause()
        if self._dead:
            await _never()
        if self._closed:
            raise StorageError("the books are closed")
        if self.books.trouble is not None:
            self.books.trouble(act.__name__)
        answer = act(self, *args, **kwargs)
        if not self.books.at_once:
            await _pause()
            if self._dead:
                await _never()
        return answer

    return asked


async def _never() -> None:
    await asyncio.get_running_loop().create_future()


@types.coroutine
def _pause() -> Generator[None, None, None]:
    """Give every other task one turn."""
    yield

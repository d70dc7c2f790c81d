"""Something that takes long to make and is not needed at once: made when it is first asked for, once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Late(Generic[T]):
    """Makes its thing at the first `get`; many who ask at once wait for the same one.

    What cannot be made raises for whoever asked, and is tried again for the next.
    """

    def __init__(self, make: Callable[[], Awaitable[T]]) -> None:
        self._make = make
        self._making = asyncio.Lock()
        self._made: list[T] = []

    @property
    def made(self) -> T | None:
        """The thing, if it was made; None before."""
        return self._made[0] if self._made else None

    async def get(self) -> T:
        """Return it, made if need be; raises what making it raises."""
        async with self._making:
            if not self._made:
                self._made.append(await self._make())
            return self._made[0]

"""Hear what a site's own API answers its page, without asking it anything and without standing in the way.

A listener that raises would raise in whatever call of the browser comes next, of any account; so this one only puts
what it heard on a short list, and bodies are fetched by whoever reads them, under a deadline.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bowerbird.resilience import failpoints

if TYPE_CHECKING:
    from playwright.async_api import Page, Response

HEARD_MAX = 8
"""Answers kept, the newest; a page asks its API for a list once or twice."""
BYTES_MAX = 8_000_000
"""Longer answers are not read."""
_PLACE = re.compile(r"/graphql/[\w-]+/(\w+)(?=[?#]|$)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answered: its HTTP status, its headers (names in small letters), and its JSON."""

    op: str
    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(eq=False)
class Ear:
    """Listens to one page for the operations named.

    Args:
        operations: names of operations; their query ids change and are not looked at.
    """

    operations: Collection[str]
    _heard: deque[tuple[str, Response]] = field(default_factory=lambda: deque(maxlen=HEARD_MAX))
    _any: asyncio.Event = field(default_factory=asyncio.Event)

    @contextmanager
    def at(self, page: Page) -> Iterator[None]:
        """Listen while something is opened."""
        page.on("response", self._hear)
        try:
            yield
        finally:
            page.remove_listener("response", self._hear)

    def _hear(self, response: Response) -> None:
        failpoints.touch("page.listener")
        found = _PLACE.search(response.url)
        if found and found[1] in self.operations:
            self._heard.append((found[1], response))
            self._any.set()

    def forget(self) -> None:
        """Forget what was heard: another page is opened."""
        self._heard.clear()
        self._any.clear()

    async def answers(self, *, wait_s: float) -> list[Answer]:
        """Return what was heard; waits for the first answer at most `wait_s` seconds.

        What is no JSON, too long or gone already (the page went elsewhere) is left out.
        """
        if not self.operations:
            return []
        try:
            async with asyncio.timeout(wait_s):
                await self._any.wait()
        except TimeoutError:
            return []
        found = [Answer(op, of.status, of.headers, await self._body(of, wait_s)) for op, of in tuple(self._heard)]
        return [answer for answer in found if answer.body is not None]

    @staticmethod
    async def _body(response: Response, wait_s: float) -> Any:
        from playwright.async_api import Error

        try:
            async with asyncio.timeout(wait_s):
                length = response.headers.get("content-length", "0")
                return None if length.isdigit() and int(length) > BYTES_MAX else await response.json()
        except (Error, TimeoutError, ValueError):
            return None

"""The door through which every call to Playwright goes: under a deadline, counted, and safe from other people's bugs.

`evaluate`, `title`, `content`, `new_context`, `storage_state` and every `close` have no time limit of their own, and a
browser that is frozen answers none of them, ever. And what a listener of one page raises, Playwright hands to the
next call of any other page of the same driver: such an error says nothing about that call, which is made once more.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from bowerbird.browsers.tally import Tally

T = TypeVar("T")

CALL_S = 2.0
"""How long a small call may take, seconds; measured are 2 to 30 ms."""


class Shut(Exception):
    """A call did not come back in time, or failed; its words say which and how."""


class Door:
    """One door for one pool.

    Args:
        tally: counts what did not come back in time, and what listeners raised.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    async def through(self, op: str, call: Callable[[], Awaitable[T]], *, within_s: float = CALL_S) -> T:
        """Make a call.

        Args:
            op: what it is called where timeouts are counted.
            call: makes it; called once more if what came back was the error of somebody's listener.

        Raises:
            Shut: it took longer than `within_s` seconds, or failed.
        """
        try:
            async with asyncio.timeout(within_s):
                try:
                    return await call()
                except (TimeoutError, OSError, asyncio.CancelledError):
                    raise
                except Exception as error:
                    if of_playwright(error):
                        raise
                    self._tally.listeners += 1
                    return await call()
        except TimeoutError as error:
            self._tally.timeouts[op] += 1
            raise Shut(f"{op} took longer than {within_s:g} s") from error
        except asyncio.CancelledError:
            raise
        except Exception as error:
            raise Shut(first_line(error)) from error

    async def tried(self, op: str, call: Callable[[], Awaitable[Any]], *, within_s: float = CALL_S) -> bool:
        """Make a call of which only matters whether it came back well."""
        try:
            await self.through(op, call, within_s=within_s)
        except Shut:
            return False
        return True

    def heard(self, listener: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a listener, so that what it raises ends here: it is counted, and no other page hears of it."""

        @functools.wraps(listener, updated=())  # Playwright looks how many arguments it takes
        def hear(*told: Any) -> Any:
            try:
                answer = listener(*told)
            except Exception:  # noqa: BLE001 - raised on, it would come out of some other account's next call
                self._tally.listeners += 1
                return None
            return self._end(answer) if inspect.isawaitable(answer) else answer

        return hear

    async def _end(self, answer: Awaitable[Any]) -> None:
        try:
            await answer
        except Exception:  # noqa: BLE001 - as above
            self._tally.listeners += 1

    def tame(self, page: Any) -> None:
        """Wrap whatever listens to this page from now on, whoever asks for it and however."""
        wrapped: dict[tuple[str, Callable[..., Any]], Callable[..., Any]] = {}
        on, once, remove = page.on, page.once, page.remove_listener

        def listen(how: Callable[..., Any], event: str, listener: Callable[..., Any]) -> None:
            how(event, wrapped.setdefault((event, listener), self.heard(listener)))

        page.on = functools.partial(listen, on)
        page.once = functools.partial(listen, once)
        page.remove_listener = lambda event, listener: remove(event, wrapped.pop((event, listener), listener))


def of_playwright(error: BaseException) -> bool:
    """Whether an error is Playwright's own; asked by name, so that nobody need load it for that."""
    return type(error).__module__.startswith("playwright.")


def first_line(error: BaseException) -> str:
    """The first line of what an error says, at most 200 letters."""
    return str(error).strip().split("\n", 1)[0][:200] or type(error).__name__

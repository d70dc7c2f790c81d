"""The door: no call lasts for ever, and no listener's error comes out of anybody else's call."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from bowerbird.browsers.door import Door, Shut
from bowerbird.browsers.tally import Tally
from bowerbird.clock import VirtualClock, run_virtual
from tests.browsers.fakes import Gone


def test_a_call_that_never_comes_back_is_given_up_and_counted() -> None:
    """Under the name of what it was."""
    tally = Tally()

    async def main(clock: VirtualClock) -> None:
        with pytest.raises(Shut, match="state took longer than 2 s"):
            await Door(tally).through("state", lambda: clock.sleep(1e9))
        assert clock.monotonic() == 2

    run_virtual(main)
    assert tally.timeouts["state"] == 1


async def test_an_error_that_is_not_playwrights_own_is_somebodys_listener() -> None:
    """It says nothing about this call, which is made once more."""
    tally, calls = Tally(), 0

    async def call() -> str:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise KeyError("from a listener of another page")
        return "an answer"

    assert await Door(tally).through("probe", call) == "an answer"
    assert (calls, tally.listeners) == (2, 1)


async def test_playwrights_own_error_is_the_calls_own() -> None:
    """It is told once, by its first line."""

    async def call() -> None:
        raise Gone("Target closed\nCall log: a lot")

    with pytest.raises(Shut, match=r"^Target closed$"):
        await Door(Tally()).through("probe", call)
    assert not await Door(Tally()).tried("probe", call)


class Emitter:
    """What Playwright's pages have in common: listeners."""

    def __init__(self) -> None:
        self.listeners: list[tuple[str, Callable[..., Any]]] = []

    def on(self, event: str, listener: Callable[..., Any]) -> None:
        """Listen."""
        self.listeners.append((event, listener))

    once = on

    def remove_listener(self, event: str, listener: Callable[..., Any]) -> None:
        """Listen no more; ValueError if nobody did."""
        self.listeners.remove((event, listener))


async def test_what_a_listener_raises_ends_there() -> None:
    """Plain or not, however it was asked for; and it can be taken away again by its own name."""
    tally, page = Tally(), Emitter()
    Door(tally).tame(page)

    def plain(what: str) -> None:
        raise ValueError(what)

    async def slow(what: str) -> None:
        await asyncio.sleep(0)
        raise ValueError(what)

    page.on("response", plain)
    page.once("response", slow)
    for _, listener in page.listeners:
        assert len(inspect.signature(listener).parameters) == 1
        if inspect.isawaitable(answer := listener("a response")):
            await answer
    assert tally.listeners == 2
    page.remove_listener("response", plain)
    assert len(page.listeners) == 1


async def test_what_a_listener_answers_comes_back() -> None:
    """At once, for some are asked what to do."""
    assert Door(Tally()).heard(lambda: "an answer")() == "an answer"


async def test_a_cancellation_goes_through() -> None:
    """The door is no place to be kept."""
    task = asyncio.create_task(Door(Tally()).through("state", lambda: asyncio.sleep(60)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

"""Processes that can die anywhere, and ports that die with them.

A dead process's ports never answer and have no effect, so neither its `except` nor its `finally` gets a turn:
what was committed before is all that is left, as after a power cut. A process can die before and after every
port call (`faults.CRASH_POINTS`), and stand still at one for a while, as a stopped or swapped-out one does.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from bowerbird.core.ports import Clock


class BuriedError(BaseException):
    """The world has ended: whoever still waits in a dead process is sent away."""


class Fates(Protocol):
    """Decides what happens at each point; the world's side of this file."""

    def reach(self, process: Process, point: str) -> float:
        """Told of each point reached; may call `process.die`. Returns the seconds to stand still, mostly 0."""


class Process:
    """One life of one worker.

    Args:
        slot: which worker it is; `life`: how often it was started before.
    """

    def __init__(self, slot: int, life: int, clock: Clock, fates: Fates) -> None:
        self.slot, self.life = slot, life
        self.owner = f"worker-{slot}-life-{life}"
        self.dead = False
        self.buried = False
        self._clock = clock
        self._fates = fates
        self._frozen_until = 0.0

    def die(self) -> None:
        """Go dead: from now on no port answers."""
        self.dead = True

    def may_pass(self, point: str) -> bool:
        """Reach a point; False if this process has to wait there."""
        if not self.dead:
            freeze_s = self._fates.reach(self, point)
            if freeze_s:
                self._frozen_until = max(self._frozen_until, self._clock.monotonic() + freeze_s)
        return not (self.dead or self.buried or self._frozen_until)

    async def wait(self) -> None:
        """Wait until the process moves again; for ever if it is dead."""
        while not self.dead and self._frozen_until > self._clock.monotonic():
            await self._clock.sleep(self._frozen_until - self._clock.monotonic())
        if self.buried:
            raise BuriedError
        if self.dead:
            await asyncio.get_running_loop().create_future()
        self._frozen_until = 0.0


class Mortal:
    """Any port, as one process sees it: each call can be the last.

    Args:
        port: the real one; `name`: how its points are called, such as ``storage``.
    """

    def __init__(self, port: object, name: str, process: Process) -> None:
        self._port = port
        self._name = name
        self._process = process
        self._plain: set[str] = set()

    def __getattr__(self, word: str) -> Any:
        thing = getattr(self._port, word)
        if word in self._plain:
            return thing
        if not inspect.iscoroutinefunction(thing):
            self._plain.add(word)
            return thing
        call = self._mortal(thing, f"{self._name}.{word}")
        self.__dict__[word] = call
        return call

    def _mortal(self, call: Callable[..., Awaitable[Any]], point: str) -> Callable[..., Awaitable[Any]]:
        before, after = f"{point}:before", f"{point}:after"
        may_pass, wait = self._process.may_pass, self._process.wait

        async def called(*args: Any, **kwargs: Any) -> Any:
            if not may_pass(before):
                await wait()
            try:
                return await call(*args, **kwargs)
            finally:
                if not may_pass(after):
                    await wait()

        return called

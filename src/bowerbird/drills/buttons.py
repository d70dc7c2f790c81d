"""The buttons of "Break me": each does something real to a running rehearsal, for a while, and takes it back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bowerbird.core.ports import Clock
from bowerbird.drills.breaking import Breaker
from bowerbird.drills.network import Network

FREEZE_S, DISK_S, DARK_S = 10.0, 20.0, 15.0
"""How long the engine is frozen, the disk full and the network dark, seconds."""


@dataclass(frozen=True, slots=True)
class Button:
    """One button.

    Args:
        name: in the form; label: on the button; says: what it does, and what to watch for.
        lasts_s: how long the fault lasts, seconds; 0: it is over at once.
        undo: what takes it back is called, where somebody may do so before its time; empty: nobody can.
    """

    name: str
    label: str
    says: str
    lasts_s: float = 0.0
    undo: str = ""


BUTTONS: tuple[Button, ...] = (
    Button("drop_answer", "Drop an answer", "The network takes the next post and hangs up: was it sent or not?"),
    Button("kill_engine", "Kill the engine", "SIGKILL, in the middle of whatever it does. The guardian is watching."),
    Button("kill_browser", "Kill the browser", "One account lives in it. It is started again when it is needed."),
    Button("freeze", "Freeze the engine", f"SIGSTOP for {FREEZE_S:g} s: alive, and does nothing.", FREEZE_S, "Thaw it"),
    Button("fill_disk", "Fill the disk", f"For {DISK_S:g} s the books cannot grow.", DISK_S, "Make room"),
    Button("go_dark", "Cut the network", f"For {DARK_S:g} s every connection is closed.", DARK_S, "Plug it in"),
    Button("sign_out", "Sign everybody out", "The network forgets every session."),
)
"""In the order in which they stand on the page."""
BY_NAME = {button.name: button for button in BUTTONS}


@dataclass
class Hand:
    """Presses buttons on one rehearsal.

    Args:
        breaker: None while no program runs.
        pressed: how often each button was pressed, by name.
    """

    breaker: Breaker
    network: Network
    clock: Clock
    pressed: dict[str, int] = field(default_factory=dict)
    _lasting: dict[str, tuple[float, asyncio.Task[None]]] = field(default_factory=dict)

    def left_s(self, name: str) -> float:
        """How long a fault still lasts, seconds; 0 if it does not."""
        until, task = self._lasting.get(name, (0.0, None))
        return 0.0 if task is None or task.done() else max(0.0, until - self.clock.monotonic())

    async def press(self, name: str) -> str:
        """Do it, and say in a sentence what was done; pressed again while it lasts, take it back.

        Raises:
            KeyError: there is no such button.
        """
        button = BY_NAME[name]
        if self.left_s(name) > 0 and button.undo:
            await self._undo(name)
            return f"{button.undo}: done."
        done = await self._acts()[name]()
        if not done:
            return f"{button.label}: there was nothing to do it to just now."
        self.pressed[name] = self.pressed.get(name, 0) + 1
        if button.lasts_s:
            ending = asyncio.create_task(self._end_later(name, button.lasts_s), name=f"end of {name}")
            self._lasting[name] = self.clock.monotonic() + button.lasts_s, ending
        return f"{button.label}: done."

    async def calm(self) -> None:
        """Take back everything that lasts."""
        for name in list(self._lasting):
            await self._undo(name)
        await self.network.disarm()

    async def _end_later(self, name: str, after_s: float) -> None:
        await self.clock.sleep(after_s)
        await self._mend(name)

    async def _undo(self, name: str) -> None:
        _, ending = self._lasting.pop(name)
        ending.cancel()
        await self._mend(name)

    async def _mend(self, name: str) -> None:
        if name == "go_dark":
            await self.network.disarm()
        elif name in ("freeze", "fill_disk"):
            await asyncio.to_thread(self.breaker.thaw if name == "freeze" else self.breaker.free_disk)

    def _acts(self) -> dict[str, Callable[[], Awaitable[bool]]]:
        return {
            "drop_answer": lambda: self._arm("drop_answer", on="write", count=1),
            "go_dark": lambda: self._arm("drop_before", on="any", for_s=DARK_S),
            "sign_out": lambda: self._arm("session_revoked"),
            "kill_engine": lambda: asyncio.to_thread(self.breaker.kill),
            "kill_browser": lambda: asyncio.to_thread(self.breaker.kill_browser),
            "freeze": lambda: asyncio.to_thread(self.breaker.freeze),
            "fill_disk": lambda: asyncio.to_thread(self.breaker.fill_disk),
        }

    async def _arm(self, kind: str, **more: object) -> bool:
        await self.network.arm(kind, **more)
        return True

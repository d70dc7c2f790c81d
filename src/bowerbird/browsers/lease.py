"""A lease: who has which seat, for what and until when; and the watchdog that ends one that stands still.

Release has no await, so that nothing, neither a cancellation nor a hung page, can come between a lease and its end;
it may be done twice, and by whoever finds that the holder will not. An old holder can do nothing to a new one: a page
whose lease did not end well is closed before anybody else has the seat, so whatever is asked of it fails; and a place
is given back by the lease alone whose token it bears, however late another one ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bowerbird.browsers.line import URGENT, Cls
from bowerbird.browsers.seat import Chair
from bowerbird.core.ports import Clock

GRACE_S = 2.0
"""So long after its end a lease is cut off, seconds."""
LOOK_S = 0.5
"""A page on lease is asked this often whether it answers, seconds."""
STRIKES = 2
"""So many questions without an answer, of a second each: the page hangs."""
STRIKES_URGENT = 4
"""The same while something is written: it is left in peace longer, for a write that is cut off leaves a doubt."""


@dataclass(eq=False)
class Lease:
    """One lease.

    Args:
        token: its number in line, larger with each lease.
        owner: the account whose page it is. `op`: what it is for, in a word.
        until: the end of it, monotonic seconds.
        on_release: told once; it must not wait. `watch`: the task that guards it.
        seat: where its page is. `life`: of the place; it changes when the browser does.
    """

    token: int
    owner: str
    cls: Cls
    op: str
    since: float
    until: float
    on_release: Callable[[Lease], None] = field(repr=False)
    watch: asyncio.Task[Any] | None = field(default=None, repr=False)
    seat: Chair | None = field(default=None, repr=False)
    life: int = 0
    well: bool = False
    over: bool = False
    cut: str = ""

    def release(self, *, well: bool = False) -> None:
        """End it; the second time nothing happens."""
        if not self.over:
            self.over, self.well = True, well and not self.cut
            self.on_release(self)

    def cut_off(self, why: str) -> None:
        """End it without its holder, who finds the page closed."""
        if not self.over:
            self.cut = why
            self.release()


async def guard(lease: Lease, alive: Callable[[], Awaitable[bool]], clock: Clock) -> None:
    """Watch a lease until somebody cancels this: cut it off when it lasts too long, or its page does not answer.

    A page that runs for ever raises nothing and answers nothing, so it is asked; with half a second between two looks
    and one for each answer it is found within 2.5 s, or within 4.5 while something is written.
    """
    strikes, most = 0, STRIKES_URGENT if lease.cls in URGENT else STRIKES
    while strikes < most:
        if not strikes:
            await clock.sleep(LOOK_S)
        if clock.monotonic() > lease.until + GRACE_S:
            lease.cut_off(f"{lease.op} lasted longer than {lease.until - lease.since:.0f} s")
            return
        strikes = 0 if await alive() else strikes + 1
    lease.cut_off(f"the page hung in {lease.op}")

"""How late the event loop is: a timer that should fire in half a second, and when it does.

A loop that stands still for seconds is told by the guardian while it lasts, for nothing in here can run then. What
is written here comes afterwards, and says for how long.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from bowerbird.core.books import Batch, Recorder
from bowerbird.core.errors import StorageError
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Sample
from bowerbird.core.ports import Clock
from bowerbird.resilience.failpoints import reach

LOOK_S = 0.5
"""The timer, in seconds."""
BLOCKED_S = 3.0
"""A timer later than this many seconds is a blocked loop."""
WORST_OF = 10
"""The gauge shows the worst of so many looks (five seconds), so that no reader misses a short one."""


@dataclass
class Lag:
    """Measures one event loop."""

    storage: Recorder
    clock: Clock
    _late: deque[float] = field(default_factory=lambda: deque(maxlen=WORST_OF))

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            await self.look_once()

    async def look_once(self) -> float:
        """Sleep for `LOOK_S`, and return how much later than that it became, in seconds."""
        began = self.clock.monotonic()
        await reach("loop.block")
        await self.clock.sleep(LOOK_S)
        late_s = max(0.0, self.clock.monotonic() - began - LOOK_S)
        self._late.append(late_s)
        if late_s > BLOCKED_S:
            await self._tell(late_s)
        return late_s

    async def _tell(self, late_s: float) -> None:
        why = f"the event loop stood still for {late_s:.1f} s; nothing was done meanwhile, and nothing was lost"
        fact = Fact(kind="loop_blocked", at=self.clock.now(), by="lag", data={"seconds": round(late_s, 3), "why": why})
        try:
            await self.storage.record(Batch(facts=(fact,)))
        except StorageError:
            return  # the gauge has it all the same, and the books say for themselves that they are shut

    def samples(self) -> list[Sample]:
        """``bowerbird_loop_lag_seconds``, once there was a look."""
        return [Sample(name="bowerbird_loop_lag_seconds", value=max(self._late))] if self._late else []

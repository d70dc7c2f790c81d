"""The clocks of this machine."""

from __future__ import annotations

import asyncio
import time

_BOOTTIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """Real time: the wall for instants, the monotonic clock for durations."""

    def now(self) -> int:
        """The wall clock, UTC microseconds; a person or NTP may step it."""
        return time.time_ns() // 1_000

    def monotonic(self) -> float:
        """Seconds that never go back, and stand still while the machine sleeps; the zero means nothing."""
        return time.monotonic()

    def boottime(self) -> float:
        """The same, but counting while the machine sleeps, where the system can tell (Linux can)."""
        return time.clock_gettime(_BOOTTIME) if _BOOTTIME is not None else time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; returns at once for 0 or less."""
        if seconds > 0:
            await asyncio.sleep(seconds)

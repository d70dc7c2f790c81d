"""The clocks of this machine."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Real time: the wall for instants, the monotonic clock for durations."""

    def now(self) -> int:
        """The wall clock, UTC microseconds; a person or NTP may step it."""
        return time.time_ns() // 1_000

    def monotonic(self) -> float:
        """Seconds that never go back; the zero means nothing."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; returns at once for 0 or less."""
        if seconds > 0:
            await asyncio.sleep(seconds)

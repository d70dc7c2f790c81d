"""How fast the watchers look: at their own pace while anything is wrong, and seldom while the world is calm.

A monitor looks once a second, thirty million times a year, and nearly always finds what it found before. While the
world is calm (nothing went wrong or was mended lately) a short sleep is stretched to `CALM_S`; the moment something
happens, everybody who sleeps so is woken and keeps its own time from then on.
"""

from __future__ import annotations

import asyncio
import contextlib

from bowerbird.clock import VirtualClock

CALM_S = 1_200.0
"""How long a watcher sleeps while the world is calm, seconds."""
UNEASY_S = 15.0
"""How long a watcher sleeps while something is wrong that is not new, seconds."""
SHORT_S = 60.0
"""Sleeps up to this length are those of watchers; longer ones are left as they are."""
AWAKE_S = 3.0
"""After waking, a watcher has this long to come round before anybody may find it late, seconds."""


class Pace:
    """How far the short sleeps of watchers are stretched.

    1. For a while after something began or ended: not at all.
    2. While something is not as it should be: to `UNEASY_S`.
    3. Else to `CALM_S`.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._stirred = asyncio.Event()
        self._fast_until = self._uneasy_until = 0.0
        self._woke = 0.0

    @property
    def stretch_s(self) -> float:
        """To how many seconds a short sleep is stretched just now; 0: not at all."""
        now = self._clock.monotonic()
        if now < self._fast_until:
            return 0.0
        return UNEASY_S if now < self._uneasy_until else CALM_S

    def stir(self, fast_s: float, uneasy_s: float = 0.0) -> None:
        """Something happens: everybody looks at their own pace for so long, and often for a while after (seconds)."""
        now = self._clock.monotonic()
        if self.stretch_s:
            self._woke = now
            self._stirred.set()
            self._stirred = asyncio.Event()
        self._fast_until = max(self._fast_until, now + fast_s)
        self._uneasy_until = max(self._uneasy_until, self._fast_until + uneasy_s)

    def longest(self, every_s: float) -> float:
        """The longest that something which looks every so many seconds may have slept just now, in seconds."""
        just_woke = self._clock.monotonic() - self._woke < AWAKE_S
        return max(every_s, CALM_S if just_woke else self.stretch_s)

    async def sleep(self, seconds: float) -> None:
        """Sleep so long, or as far as that is stretched, but not past the moment in which something happens."""
        stretch_s = self.stretch_s
        if seconds > SHORT_S or stretch_s <= seconds:
            await self._clock.sleep(seconds)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(stretch_s):
                await self._stirred.wait()


class PacedClock:
    """The clock that watchers get: time is the world's, and short sleeps follow the pace."""

    def __init__(self, clock: VirtualClock, pace: Pace) -> None:
        self.now = clock.now
        self.monotonic = clock.monotonic
        self.boottime = clock.boottime
        self.sleep = pace.sleep

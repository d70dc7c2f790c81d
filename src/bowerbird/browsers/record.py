"""What a seat did: who sits there, how long others waited, how often its browser began and ended, and why.

Counts begin with the process, as Prometheus expects of a counter. Instants are those of the event loop until
somebody who has a clock asks.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from bowerbird.core.gauge import Sample, Snapshot
from bowerbird.core.post import SECOND_US

BROWSERS = "browsers"
"""The name of the snapshot: ``{"seats": [row, …], "waits": [row, …], "in_line", "starts", "ends", "timeouts",
"events": [[µs, sentence], …]}``. A row of a seat may say ``memory_bytes`` and more; what it lacks is not measured."""
WAITS_MAX = 200
"""The last waits remembered."""
EVENTS_MAX = 20
"""The last starts and ends remembered."""
PAGES_MAX = 50
"""Pages named in the snapshot."""


@dataclass
class Record:
    """What happened at one seat since the process began.

    Args:
        holder: the account that sits there; empty while it is free.
        since: when it sat down; `up_since`: when the browser was up; both by the event loop, seconds.
        in_line: callers who wait.
    """

    holder: str = ""
    since: float = 0.0
    up_since: float = 0.0
    in_line: int = 0
    starts: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    timeouts: Counter[str] = field(default_factory=Counter)
    waits: deque[float] = field(default_factory=lambda: deque(maxlen=WAITS_MAX))
    events: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=EVENTS_MAX))
    _zero_at: int | None = None

    def queued(self) -> float:
        """Somebody gets in line; returns when."""
        self.in_line += 1
        return _now()

    def seated(self, account_id: str, queued_at: float) -> None:
        """They sit down."""
        self.in_line -= 1
        self.waits.append(_now() - queued_at)
        self.holder, self.since = account_id, _now()

    def left(self, *, in_time: bool = True) -> None:
        """They go away from the line: time ran out, or they were called off."""
        self.in_line -= 1
        if not in_time:
            self.timeouts["a free seat"] += 1

    def stood_up(self) -> None:
        """The seat is free."""
        self.holder = ""

    def began(self) -> None:
        """A browser is up."""
        self.starts, self.up_since = self.starts + 1, _now()
        self.events.append((_now(), "A browser was started."))

    def ended(self, cause: str) -> None:
        """A browser ended without being asked to."""
        self.ends[cause] += 1
        self.events.append((_now(), f"A browser ended: {cause}."))

    def samples(self) -> list[Sample]:
        """How often what happened."""
        causes = [
            Sample(name="bowerbird_browser_ends_total", value=n, labels={"cause": c}) for c, n in self.ends.items()
        ]
        times = self.timeouts.items()
        return [
            Sample(name="bowerbird_browser_in_line", value=self.in_line),
            Sample(name="bowerbird_browser_starts_total", value=self.starts),
            *causes,
            *(Sample(name="bowerbird_browser_timeouts_total", value=n, labels={"operation": o}) for o, n in times),
        ]

    def snapshot(self, now: int, *, up: bool, pages: Collection[str]) -> Snapshot:
        """All of it as plain values, for the page; `now` is UTC microseconds."""
        zero_at = self._zero(now)

        def instant(then: float) -> int:
            return zero_at + int(then * SECOND_US)

        seat: dict[str, Any] = {
            "name": "1",
            "up": up,
            "up_at": instant(self.up_since) if up and self.starts else None,
            "holder": self.holder,
            "held_at": instant(self.since) if self.holder else None,
            "pages": len(pages),
        }
        data = {
            "seats": [seat],
            "pages": sorted(pages)[:PAGES_MAX],
            "in_line": self.in_line,
            "waits": [_waits("everybody", list(self.waits))] if self.waits else [],
            "starts": self.starts,
            "ends": dict(self.ends),
            "timeouts": dict(self.timeouts),
            "events": [[instant(at), sentence] for at, sentence in self.events],
        }
        return Snapshot(name=BROWSERS, at=now, data=data)

    def _zero(self, now: int) -> int:
        """The wall clock's time at the event loop's 0: the same each time, so that one instant has one name.

        Unless the wall clock was set meanwhile.
        """
        found = now - int(_now() * SECOND_US)
        if self._zero_at is None or abs(found - self._zero_at) > SECOND_US:
            self._zero_at = found
        return self._zero_at


def _now() -> float:
    return asyncio.get_running_loop().time()


def _waits(name: str, seconds: list[float]) -> dict[str, Any]:
    """One class of callers: how many, and how long half of them, and 19 of 20, waited at most."""
    rising = sorted(seconds)
    at = {share: rising[min(len(rising) - 1, int(share * len(rising)))] for share in (0.5, 0.95)}
    return {"class": name, "n": len(rising), "p50_s": at[0.5], "p95_s": at[0.95]}

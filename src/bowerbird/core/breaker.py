"""How a circuit breaker is, as a value that survives a restart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit


def host_breaker(driver: str, url: str) -> str:
    """The name of the breaker between a driver and its host, such as ``sandbox 127.0.0.1:8421``."""
    return f"{driver} {urlsplit(url).netloc or url}".strip()


class Position(StrEnum):
    """Closed lets calls through; open lets none through; half open lets only its own probe through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half open"


class Went(StrEnum):
    """How a call or a probe went."""

    ANSWERED = "answered"
    FAILED = "failed"
    SLOW = "slow"
    PROBE_ANSWERED = "probe answered"
    PROBE_FAILED = "probe failed"


@dataclass(frozen=True, slots=True)
class Beat:
    """One call or probe that a breaker remembers: when it ended (UTC microseconds), and how it went."""

    at: int
    went: Went


WINDOWS = "breakers"
"""The snapshot of what every breaker's window holds, by its name, as `Breaker.window` says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerState:
    """One breaker.

    Args:
        name: such as ``browser`` or ``sandbox 127.0.0.1:8421``.
        since: when it closed, or when it opened: a probe that fails begins no new stay. UTC microseconds.
        why: the sentence of what opened or closed it; `manual`: a person did, and it stays so until released.
        opens: how often in a row it opened without staying closed; the wait grows with it.
        next_probe_at: when the next probe is due, UTC microseconds; None only while it is closed.
        parent: the breaker without which this one cannot work, or empty.
        failed, slow, calls: what the window holds at the moment, for the panel; not restored.
    """

    name: str
    position: Position = Position.CLOSED
    since: int = 0
    why: str = ""
    manual: bool = False
    opens: int = 0
    next_probe_at: int | None = None
    parent: str = ""
    failed: int = 0
    slow: int = 0
    calls: int = 0

"""How a part is, in words that the dashboard shows as they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum


class Light(StrEnum):
    """The colour of a part: green works, amber works with less, red does not work, grey is switched off."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    GREY = "grey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One part's state: its light, one sentence of what is being done about it, and since when (microseconds)."""

    part: str
    light: Light
    sentence: str
    since: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something that is started and can fail: registered together with its check, so neither is forgotten.

    Args:
        name: as shown to people.
        start: brings it up, also a second time; raises when it cannot, and is tried again with growing waits.
        check: tells how it is, cheaply, for it is asked every two seconds; red has it started again.
        needed_for: what cannot be done without it, in words.
        critical: nothing is called ready before it has answered.
        without: its row in the table of what is done without it (`core.degrade`), such as ``browser``.
        start_s: how long one try to start it may take, in seconds.
    """

    name: str
    start: Callable[[], Awaitable[None]]
    check: Callable[[], Awaitable[Health]]
    needed_for: str
    critical: bool = False
    without: str = ""
    start_s: float = 30.0

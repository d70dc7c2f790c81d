"""Lanes that a person paused: nothing new is begun in them, critical or not, until they are let go on.

What is under way ends. The end of a pause is an instant for people, and is judged on the monotonic clock, so that a
step of the wall neither ends a pause nor prolongs it. All pauses together are the snapshot ``pauses``, written when one
changes, so that a restart keeps them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from bowerbird.core.errors import BadInput
from bowerbird.core.gauge import Snapshot
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import clock_time
from bowerbird.jobs.table import LANES

PAUSES = "pauses"
"""The name of the snapshot."""
HOURS = 1.0
"""How long a pause lasts where nobody says how long."""
HOURS_MAX = 168.0
"""How long a pause may last that has an end, in hours."""
MUST_END = {"posting": 24.0}
"""Lanes whose pause must have an end, with the most hours: posts that wait too long are dropped."""
NEVER = {
    "desk": "it does what buttons ask for, so nobody could let it go on",
    "watching": "it watches the clock by which everything else is due",
}
"""Lanes that cannot be paused, with why not."""
LETTERS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """One lane that stands still because a person said so.

    Args:
        lane: its name; by: who paused it; why: their reason, which may be empty.
        since, until: microseconds; until is None where it lasts until somebody lets it go on.
    """

    lane: str
    by: str
    why: str = ""
    since: int
    until: int | None = None

    @property
    def sentence(self) -> str:
        """Such as ``lane reading is paused by ann until 12:04``; another day than today's is named."""
        if self.until is None:
            return f"lane {self.lane} is paused by {self.by} until somebody lets it go on"
        began, ends = clock_time(self.since), clock_time(self.until)
        return f"lane {self.lane} is paused by {self.by} until {ends[11:16] if began[:10] == ends[:10] else ends[:16]}"


def pause_of(lane: str, *, by: str, why: str, hours: float, now: int) -> Pause:
    """Return the pause that a person asks for; `hours` of 0: until somebody lets it go on.

    Raises:
        BadInput: there is no such lane, it may not be paused, or not for so long.
    """
    if lane not in LANES:
        raise BadInput(f"there is no lane {lane!r}; there are {', '.join(LANES)}")
    if lane in NEVER:
        raise BadInput(f"the lane {lane} cannot be paused: {NEVER[lane]}")
    if not math.isfinite(hours) or hours < 0:
        raise BadInput("a pause lasts some hours, or 0 for until somebody lets it go on")
    most = MUST_END.get(lane, HOURS_MAX)
    if hours > most:
        raise BadInput(f"a pause of the lane {lane} lasts at most {most:g} hours")
    if not hours and lane in MUST_END:
        raise BadInput(f"a pause of the lane {lane} needs an end, at most {most:g} hours away")
    until = now + round(hours * 3600 * SECOND_US) if hours else None
    return Pause(lane=lane, by=by, why=why.strip()[:LETTERS_MAX], since=now, until=until)


class Pauses:
    """The lanes that are paused just now; in memory, and as a snapshot for the books."""

    def __init__(self) -> None:
        self._paused: dict[str, tuple[Pause, float]] = {}

    def __iter__(self) -> Iterator[Pause]:
        return iter([pause for pause, _ in self._paused.values()])

    def of(self, lane: str) -> Pause | None:
        """The pause of this lane, or None. One whose time is over counts until `ended` has been asked."""
        found = self._paused.get(lane)
        return found[0] if found else None

    def put(self, pause: Pause, *, now: int, mono: float) -> None:
        """Pause a lane; one that was paused already is paused anew.

        Args:
            now, mono: the same instant on the wall (microseconds) and on the monotonic clock (seconds).
        """
        ends = math.inf if pause.until is None else mono + (pause.until - now) / SECOND_US
        self._paused[pause.lane] = (pause, ends)

    def lift(self, lane: str) -> Pause | None:
        """Let a lane go on; return the pause that it had."""
        found = self._paused.pop(lane, None)
        return found[0] if found else None

    def ended(self, mono: float) -> list[Pause]:
        """Let those lanes go on whose time is over, and return their pauses."""
        over = [pause for pause, ends in self._paused.values() if mono >= ends]
        for pause in over:
            del self._paused[pause.lane]
        return over

    def recall(self, kept: Snapshot | None, *, now: int, mono: float) -> None:
        """Take in what an earlier process kept, but for what is over; a lane that is gone is left out."""
        for row in kept.data["pauses"] if kept else ():
            pause = Pause(**row)
            if pause.lane in LANES and pause.lane not in NEVER and (pause.until is None or pause.until > now):
                self.put(pause, now=now, mono=mono)


def kept(pauses: list[Pause], *, now: int) -> Snapshot:
    """The snapshot ``pauses``: ``{"pauses": [{"lane", "by", "why", "since", "until"}]}``."""
    return Snapshot(name=PAUSES, at=now, data={"pauses": [asdict(pause) for pause in pauses]})

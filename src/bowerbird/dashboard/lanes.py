"""A replay as a drawing: a lane for each process, room and platform, and a mark for each thing that happened. Pure.

Time goes from left to right, and virtual time goes in bursts: where nothing happens for longer than `IDLE_S` it is
squeezed to that, and the times below say so. However many steps there are, a lane has at most `BINS` marks: of those
that would stand on one another the worst is drawn, and its title says how many more there are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from bowerbird.core.replay import WRONG, Mark, Replay, Step

LEFT, WIDTH, ROW, TOP = 168, 820, 26, 8
"""Where time begins, how long it is drawn, how high a lane is, and the room above: units of the drawing."""
IDLE_S = 60.0
"""Idle time that is drawn at its true length, seconds."""
BINS, SPOTS_MAX = 160, 1_600
"""Places for marks on a lane, and on all of them together."""
TICKS = 6
"""Times written below, the beginning and the end among them."""
NAME_MAX, TITLE_MAX = 22, 120
"""Characters of a lane's name and of a mark's title that are drawn."""
ORDER = (*WRONG, Mark.START, Mark.PERSON, Mark.MESSAGE, Mark.PLATFORM, Mark.FACT)
"""Which of two marks at one place is drawn: the one that stands first."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One mark: where, of what kind, how wide (0 for what was over in an instant), and what a pointer reads there."""

    x: float
    y: int
    mark: Mark
    width: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The drawing: lanes as (name, y), marks, and ticks as (x, time)."""

    height: int
    lanes: Sequence[tuple[str, int]]
    spots: Sequence[Spot]
    ticks: Sequence[tuple[float, str]]


class Axis:
    """Where each instant of a replay is drawn."""

    def __init__(self, replay: Replay) -> None:
        self._at_s, self._length = [0.0], [0.0]
        for at_s in (*(step.at_s for step in replay.steps), replay.lasts_s):
            if at_s > self._at_s[-1]:
                self._length.append(self._length[-1] + min(at_s - self._at_s[-1], IDLE_S))
                self._at_s.append(at_s)

    def x(self, at_s: float) -> float:
        """Return where this instant is, in units of the drawing."""
        n = max(bisect_right(self._at_s, at_s) - 1, 0)
        length = self._length[n] + min(at_s - self._at_s[n], IDLE_S)
        return LEFT + WIDTH * min(length / (self._length[-1] or 1.0), 1.0)

    def at(self, share: float) -> float:
        """Return the instant that is drawn at this share of the width, 0 to 1; in seconds from the beginning."""
        length = share * self._length[-1]
        n = max(bisect_right(self._length, length) - 1, 0)
        return self._at_s[n] + length - self._length[n]


def drawn(replay: Replay) -> Timeline:
    """Draw a replay."""
    axis = Axis(replay)
    lanes = [(lane, TOP + n * ROW + ROW // 2) for n, lane in enumerate(replay.lanes)]
    bins = min(BINS, SPOTS_MAX // max(len(lanes), 1))
    by_lane: dict[str, list[Step]] = {}
    for step in replay.steps:
        by_lane.setdefault(step.lane, []).append(step)
    spots = [spot for lane, y in lanes for spot in _spots(by_lane.get(lane, ()), y, axis, bins)]
    shares = [n / (TICKS - 1) for n in range(TICKS)]
    return Timeline(
        height=TOP + len(lanes) * ROW + 26, lanes=[(_cut(name, NAME_MAX), y) for name, y in lanes], spots=spots,
        ticks=[(LEFT + WIDTH * share, when(axis.at(share))) for share in shares],
    )  # fmt: skip


def _spots(steps: Sequence[Step], y: int, axis: Axis, bins: int) -> list[Spot]:
    places: dict[int, list[Step]] = {}
    for step in steps:
        places.setdefault(int(bins * (axis.x(step.at_s) - LEFT) / WIDTH), []).append(step)
    return [_spot(found, y, axis) for found in places.values()]


def _spot(steps: Sequence[Step], y: int, axis: Axis) -> Spot:
    worst = min(steps, key=lambda step: ORDER.index(step.mark))
    more = f" (and {len(steps) - 1} more)" if len(steps) > 1 else ""
    x = axis.x(worst.at_s)
    width = axis.x(worst.at_s + worst.lasts_s) - x
    return Spot(round(x, 1), y, worst.mark, round(width, 1), f"{when(worst.at_s)} {_cut(worst.words, TITLE_MAX)}{more}")


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def when(at_s: float) -> str:
    """Say an instant of virtual time: ``05:23:10``, with the day before it from the second one on: ``day 3, …``."""
    day, left = divmod(int(at_s), 86_400)
    return f"{f'day {day + 1}, ' if day else ''}{left // 3_600:02}:{left // 60 % 60:02}:{left % 60:02}"

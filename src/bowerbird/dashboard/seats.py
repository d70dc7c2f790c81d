"""The lanes and who sits in them, as the engine last said. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bowerbird.core.gauge import Snapshot
from bowerbird.core.health import Light
from bowerbird.core.story import count
from bowerbird.jobs.pauses import HOURS_MAX, MUST_END, NEVER

JOBS = "jobs"
"""The name of the snapshot; its JSON is described in `jobs.health`."""
HOURS = (
    ("0.25", "15 minutes"), ("1", "An hour"), ("4", "4 hours"), ("24", "A day"), ("168", "A week"),
    ("0", "Until somebody lets it go on"),
)  # fmt: skip
"""How long a lane may be paused, as a choice of a form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRow:
    """One lane.

    Args:
        seats: how many it has, such as ``1 to 2``.
        running, waiting: the jobs that have a seat, and those that wait for one.
        wait_s: how long the last run waited, or whoever waits now, seconds.
        paused: by whom, why, since and until when, as `jobs.pauses` says it; None while it goes on.
        never: why it cannot be paused; empty where it can.
        hours: for how long it may be paused.
    """

    name: str
    light: Light
    sentence: str
    seats: str
    busy: int
    in_line: int
    wait_s: float
    jobs: Sequence[str] = ()
    running: Sequence[str] = ()
    waiting: Sequence[str] = ()
    paused: Mapping[str, Any] | None = None
    never: str = ""
    hours: Sequence[tuple[str, str]] = ()


def lanes(said: Snapshot | None) -> list[LaneRow]:
    """Every lane in the order of the table; none before the engine has said how they are."""
    return [_lane(row, said.data["jobs"]) for row in said.data["lanes"]] if said else []


def _lane(row: Mapping[str, Any], jobs: Sequence[Mapping[str, Any]]) -> LaneRow:
    name, floor, most = row["name"], row["floor"], row["most"]
    mine = [job for job in jobs if job["lane"] == name]
    running = [job["name"] for job in mine if job["state"] == "running"]
    waiting = [job["name"] for job in mine if job["state"] == "queued"]
    light, sentence = _how(row, running, waiting)
    return LaneRow(
        name=name, light=light, sentence=sentence, seats=f"{floor}" if floor == most else f"{floor} to {most}",
        busy=row["busy"], in_line=row["in_line"], wait_s=row["wait_s"], jobs=[job["name"] for job in mine],
        running=running, waiting=waiting, paused=row.get("paused"), never=NEVER.get(name, ""), hours=spans(name),
    )  # fmt: skip


def _how(row: Mapping[str, Any], running: Sequence[str], waiting: Sequence[str]) -> tuple[Light, str]:
    """Say how a lane is: paused, with somebody in line, at work, or free."""
    if row.get("paused"):
        why = row["paused"]["why"]
        ends = "what is under way ends, and nothing new is begun"
        return Light.AMBER, f"Paused by {row['paused']['by']}{f': {why.rstrip(chr(46))}' if why else ''}; {ends}."
    if row["in_line"]:
        who = f": {', '.join(waiting)}" if waiting else ""
        return Light.AMBER, f"{count(row['in_line'], 'run waits', 'runs wait')} for a seat{who}."
    if running:
        return Light.GREEN, f"At work: {', '.join(running)}."
    return Light.GREEN, "Free: nobody waits."


def spans(lane: str) -> list[tuple[str, str]]:
    """For how long this lane may be paused; one that posts depend on must end."""
    most, must_end = MUST_END.get(lane, HOURS_MAX), lane in MUST_END
    return [(hours, words) for hours, words in HOURS if float(hours) <= most and (float(hours) or not must_end)]

"""One simulated world: drawn on lanes, and step by step as a table for everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bowerbird.core.health import Light
from bowerbird.core.ports import Clock
from bowerbird.core.replay import WRONG, Mark, Replay, Step
from bowerbird.core.story import count, span
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.lanes import drawn, when
from bowerbird.dashboard.pages.replays import row

ROWS, POSTS_MAX = 50, 200
"""Steps on a page, and posts that can be chosen."""
MARKS: dict[Mark, tuple[Light, str]] = {
    Mark.CRASH: (Light.RED, "dies"),
    Mark.FAULT: (Light.AMBER, "fault"),
    Mark.FREEZE: (Light.AMBER, "stands still"),
    Mark.TROUBLE: (Light.RED, "trouble"),
    Mark.START: (Light.GREEN, "starts"),
    Mark.PERSON: (Light.GREY, "person"),
    Mark.MESSAGE: (Light.GREY, "message"),
    Mark.PLATFORM: (Light.GREY, "platform"),
    Mark.FACT: (Light.GREY, "written down"),
}
"""Each mark with its light and its word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One step on the page: its place in the replay, the time in words, and its light and word."""

    n: int
    at: str
    step: Step
    light: Light
    word: str


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any] | None:
    """One replay, narrowed to what went wrong, to one lane or to one post; None if there is none of that name."""
    kept = await asked.replays.one(asked.params["name"])
    if kept is None:
        return None
    given = {"now": clock.now(), "kept": kept, "verdict": row(kept), "replay": kept.replay}
    return given | (_shown(kept.replay, kept.name, asked.query) if kept.replay else {})


def _shown(replay: Replay, name: str, query: Mapping[str, str]) -> dict[str, Any]:
    narrow = {key: query.get(key, "") for key in ("show", "lane", "post")}
    wanted = [(n, step) for n, step in enumerate(replay.steps, 1) if fits(step, **narrow)]
    first = _whole(query.get("from", ""))
    rows = [_row(n, step) for n, step in wanted[first : first + ROWS]]
    posts = sorted({step.post for step in replay.steps} - {""})[:POSTS_MAX]
    return {
        "drawing": drawn(replay),
        "legend": [(mark, word) for mark, (_, word) in MARKS.items() if replay.count(mark)],
        "summary": summary(replay),
        "rows": rows,
        "found": len(wanted),
        "narrow": narrow,
        "lanes": [("", "All of them"), *((lane, lane) for lane in replay.lanes)],
        "shows": [("", "Everything"), ("wrong", "What went wrong")],
        "posts": [("", "All of them"), *((post, post) for post in posts)],
        "before": path(name, narrow, max(0, first - ROWS)) if first else "",
        "next": path(name, narrow, first + ROWS) if len(wanted) > first + ROWS else "",
    }


def fits(step: Step, *, show: str, lane: str, post: str) -> bool:
    """Whether a step is among those asked for."""
    return (show != "wrong" or step.mark in WRONG) and lane in ("", step.lane) and post in ("", step.post)


def _row(n: int, step: Step) -> Row:
    light, word = MARKS[step.mark]
    return Row(n=n, at=when(step.at_s), step=step, light=light, word=word)


def summary(replay: Replay) -> list[tuple[str, str]]:
    """What happened in numbers, as names and values."""
    wrong: Sequence[tuple[Mark, str]] = ((Mark.FAULT, "Faults"), (Mark.CRASH, "Crashes"), (Mark.FREEZE, "Standstills"))
    return [
        ("Seed", str(replay.seed)),
        ("Virtual time", span(replay.lasts_s)),
        *((name, f"{replay.count(mark):,}") for mark, name in wrong),
        ("Steps", f"{len(replay.steps):,}" + (f", and {replay.left_out:,} left out" if replay.left_out else "")),
        ("Posts at the end", ", ".join(f"{n:,} {state}" for state, n in replay.ends.items()) or "none"),
        ("Promises", f"{count(len(replay.broken), 'promise')} broken" if replay.broken else "every one held"),
    ]


def path(name: str, narrow: dict[str, str], first: int) -> str:
    """The address of the same replay, narrowed in the same way, from a step on."""
    asked = {key: value for key, value in narrow.items() if value} | ({"from": str(first)} if first else {})
    return f"/replay/{name}?{urlencode(asked)}" if asked else f"/replay/{name}"


def _whole(text: str) -> int:
    """A number from an address; 0 for whatever is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0

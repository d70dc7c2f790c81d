"""One run of a row's drills: what came of each way, with its bar of time, and what was said meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bowerbird.core.drilled import DRILLED, drilled
from bowerbird.core.ports import Clock
from bowerbird.dashboard.asked import Asked, Books
from bowerbird.dashboard.bar import Bar, laid_out
from bowerbird.dashboard.pages.drills import titles, verdict

MEASURED = ("held_s", "alert_s", "alert_max_s", "recover_s", "recover_max_s", "by_itself")
"""The fields of an outcome from which its bar is laid out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One way on the page: its name, its figures and sentences as the drill wrote them, its bar and what that says."""

    name: str
    way: Mapping[str, Any]
    bar: Bar
    said: str


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any] | None:
    """The run of this id; None if it is not kept any more."""
    runs = drilled(await books.snapshot(DRILLED))
    run = next((one for one in runs if one.id == asked.params["run_id"]), None)
    if run is None:
        return None
    light, word = verdict(run)
    stories = [story(run.row, way) for way in run.ways]
    return {
        "now": clock.now(),
        "run": run,
        "light": light,
        "word": word,
        "title": titles((await asked.workshop()).drills).get(run.row, ""),
        "stories": stories,
        "lost": sum(way["lost"] for way in run.ways),
        "doubled": sum(way["doubled"] for way in run.ways),
        "held": sum(not way["wrong"] for way in run.ways),
    }


def story(row: str, way: Mapping[str, Any]) -> Story:
    """Put one way into words and a bar."""
    return Story(
        name=str(way["name"]).removeprefix(row).strip(), way=way, said=figures(way),
        bar=laid_out(**{name: way[name] for name in MEASURED}),
    )  # fmt: skip


def figures(way: Mapping[str, Any]) -> str:
    """How soon it was told and how soon it was well, each against its bound."""
    told = "Nobody had to be told"
    if way["root_expected"]:
        told = _figure("Told", "Nobody was told", way["alert_s"], way["alert_max_s"])
    since = "from its beginning" if way["by_itself"] else "after it ended"
    well = _figure("well", "it did not get well", way["recover_s"], way["recover_max_s"], f" {since}")
    return f"{told}; {well}."


def _figure(word: str, never: str, seconds: float | None, most_s: float | None, since: str = "") -> str:
    bound = "" if most_s is None else f", at most {most_s:g} s"
    return f"{never}{bound}" if seconds is None else f"{word} after {seconds:.1f} s{since}{bound}"

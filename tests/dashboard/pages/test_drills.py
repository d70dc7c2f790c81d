"""The pages of the drills: what there is, one that runs, and the report of one that is over."""

import asyncio
from dataclasses import asdict, replace
from typing import Any

import pytest

from bowerbird.core.drilled import LINE_MAX, LINES_MAX, RUNS_MAX, Drilled, drilled, over, under_way
from bowerbird.core.people import Role
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.workshop import DrillRow, Way, Workshop
from bowerbird.drills.shop import workshop
from bowerbird.drills.table import DRILLS
from tests.dashboard.corpus import HOSTILE
from tests.dashboard.house import START, House
from tests.dashboard.pages.test_proofs import handed
from tests.dashboard.test_roles import signed_in
from tests.drills.test_report import HELD, SLOW

ROW = DrillRow(
    id="4.1", title="a breaker opens and never closes", layer=4,
    ways=[Way(name="the breaker opens", breaks="The network answers 500.", alert_max_s=5, recover_max_s=60)],
)  # fmt: skip
SHOP = Workshop(drills=[ROW], tests=True)
RUN = Drilled(id="run-1", row="4.1", by="ann", began_at=START - 30 * SECOND_US, until=START + 600 * SECOND_US)
DONE = replace(RUN, ended_at=START, ok=True, ways=[asdict(HELD)], lines=["4.1  It opens."], report="/data/report.html")


def buttons(page: Any) -> set[str]:
    """What can be pressed for."""
    return {field["value"] for field in page.all("input") if field.get("name") == "verb"}


async def test_every_drill_stands_under_its_layer_with_its_bounds(home: House) -> None:
    """All of the table, with what each breaks, and a button each."""
    page = await handed(home, replace(await asyncio.to_thread(workshop, None), lacks="")).get("/drills")
    for drill in DRILLS:
        assert drill.breaks in page.words
    assert "The breaker opens : The network answers 500 until its breaker opens" in page.words
    assert "Told within 5 s, well within 60 s." in page.words
    assert "Nobody has to be told, for it heals first, well within" in page.words


async def test_only_an_owner_is_offered_to_run_one(house: House) -> None:
    """Others read."""
    handed(house, SHOP)
    assert "drill" not in buttons(await (await signed_in(house, Role.EDITOR)).get("/drills"))
    assert "drill" in buttons(await (await signed_in(house, Role.OWNER)).get("/drills"))


async def test_one_that_runs_is_watched_and_stopped_and_no_other_begun(home: House) -> None:
    """Its lines as they come."""
    await handed(home, SHOP).put(snapshots=(under_way(RUN.saying(["Starting", "4.1  It opens."]), now=START),))
    page = await home.get("/drills")
    assert "Running: 4.1" in page.words
    assert "Starting 4.1 It opens." in page.words
    assert buttons(page) == {"drill_stop"}


async def test_one_that_should_have_ended_is_called_lost(home: House) -> None:
    """Nothing is claimed of it, and others may be run."""
    await handed(home, SHOP).put(snapshots=(under_way(replace(RUN, until=START - 120 * SECOND_US), now=START),))
    page = await home.get("/drills")
    assert "It should have ended, and nothing was heard of it since." in page.words
    assert "drill" in buttons(page)


@pytest.mark.parametrize(
    ("shop", "why"),
    [
        (replace(SHOP, lacks="A drill needs 700 MB of memory."), "No drill can be run here now. A drill needs 700 MB"),
        (replace(SHOP, drills=[replace(ROW, lacks="No Chromium was found.")]), "It cannot be run here. No Chromium"),
        (Workshop(), "started without its workshop"),
    ],
)
async def test_what_cannot_be_run_says_why_and_has_no_button(home: House, shop: Workshop, why: str) -> None:
    """A machine without what it needs."""
    page = await handed(home, shop).get("/drills")
    assert why in page.words
    assert "drill" not in buttons(page)


async def test_the_later_of_two_results_counts(home: House) -> None:
    """One from the command line, one from this page."""
    earlier = replace(SHOP, drills=[replace(ROW, ok=False, ran_at=START - 60 * SECOND_US)])
    await handed(home, earlier).put(snapshots=(over([DONE], now=START),))
    assert "4.1 held" in (await home.get("/drills")).words
    later = replace(SHOP, drills=[replace(ROW, ok=False, ran_at=START + 60 * SECOND_US)])
    assert "4.1 failed" in (await handed(home, later).get("/drills")).words


async def test_the_report_tells_each_way_with_its_bar(home: House) -> None:
    """What was measured against its bound, the root with its effects, what healed it, and why it failed."""
    run = replace(DONE, ok=False, ways=[asdict(HELD), asdict(SLOW)])
    await handed(home, SHOP).put(snapshots=(over([run], now=START),))
    page = await home.get("/drills/run-1")
    assert "It was broken 2 times, and held 1. 0 posts lost, 0 sent twice." in page.words
    told = "Told after 2.0 s, at most 5 s; well after 10.0 s after it ended, at most 60 s."
    assert told in page.words
    assert told in {svg.get("aria-label") for svg in page.all("svg")}
    assert "Told after 6.0 s, not within 5 s." in page.words
    assert "breaker:sandbox Effects under it posting:wren Healed by its own probe succeeded" in page.words


async def test_a_run_without_a_result_says_why(home: House) -> None:
    """Somebody stopped it."""
    await handed(home, SHOP).put(snapshots=(over([replace(RUN, ended_at=START, why="ann stopped it")], now=START),))
    assert "It came to no result: ann stopped it." in (await home.get("/drills/run-1")).words
    assert (await home.get("/drills/run-2")).status == 404


async def test_hostile_lines_are_lines(home: House) -> None:
    """Whatever a program said."""
    for text in HOSTILE:
        run = replace(DONE, lines=[text[:200]], why=text, ok=None, by=text)
        await handed(home, SHOP).put(snapshots=(over([run], now=START), under_way(run, now=START)))
        for path in ("/drills", "/drills/run-1"):
            page = await home.get(path)
            assert not [name for _, given in page.elements for name in given if name.startswith("on")]
            assert len(page.all("script")) == 2


def test_what_is_kept_is_bounded() -> None:
    """Runs, lines, and the length of a line."""
    runs = [replace(DONE, id=f"run-{n}") for n in range(RUNS_MAX + 5)]
    assert [run.id for run in drilled(over(runs, now=START))] == [f"run-{n}" for n in range(RUNS_MAX)]
    said = RUN.saying(["x" * 1_000, " "] * LINES_MAX)
    assert (len(said.lines), len(said.lines[0])) == (LINES_MAX, LINE_MAX)

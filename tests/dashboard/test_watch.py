"""The pages of trouble: what is wrong, what it caused, who was told, and what to press."""

from dataclasses import replace
from typing import Any

import pytest

from bowerbird.core.gauge import Snapshot
from bowerbird.core.incident import Incident, Severity
from bowerbird.core.post import SECOND_US

from .house import START, House

BROWSER = Incident(
    id="i1", fingerprint="BreakerOpen|breaker:browser|", rule="BreakerOpen", part="breaker:browser",
    severity=Severity.CRITICAL, title="The browser's breaker is open", why="5 of 6 calls failed",
    fix="It probes by itself.", opened_at=START - 90 * SECOND_US, seen_at=START,
)  # fmt: skip
LATE = replace(
    BROWSER, id="i2", fingerprint="PostOverdue|posting:a|", rule="PostOverdue", part="posting:a", root="i1",
    title="Posts of robin wait", opened_at=START - 60 * SECOND_US,
)  # fmt: skip


@pytest.mark.proves("1.G2", "X7")
async def test_the_engine_room_shows_parts_and_plans(home: House) -> None:
    """Each part with what is done without it."""
    row = {
        "name": "browser",
        "light": "red",
        "sentence": "does not start",
        "needed_for": "robin",
        "without": "waits",
        "next_try_at": START,
        "attempts": 3,
    }
    parts = Snapshot(
        name="parts", at=START, data={"state": "degraded", "parts": [row], "notes": ["Nobody is told."], "ready_s": 2.5}
    )
    await home.put(snapshots=(parts,))
    page = await home.get("/engine")
    assert "Without it: waits" in page.words
    assert "Nobody is told." in page.words
    assert "Tried 3 times; again" in page.words


async def test_the_first_page_says_the_worst_incident_and_leads_to_it(home: House) -> None:
    """Its title is the one light; what it caused is not counted again."""
    await home.engine_runs()
    other = replace(BROWSER, id="i3", fingerprint="x", severity=Severity.WARNING, title="The disk fills up")
    page = await (await home.put(incidents=(BROWSER, LATE, other))).get("/")
    assert "The browser's breaker is open. And 1 more incident." in page.words
    assert {"href": "/incidents"} in [{"href": a["href"]} for a in page.all("a") if a["href"] == "/incidents"]
    assert any(section.get("class") == "light red" for section in page.all("section"))


def a_job(name: str, level: int = 0, needs: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    """A row of the snapshot of jobs."""
    row: dict[str, Any] = {
        "name": name, "why": f"Does {name}.", "lane": "l", "critical": False, "every_s": 0.5, "needs": list(needs),
        "uses": [], "level": level, "state": "waiting", "light": "green", "sentence": "waiting until 12:04:10",
        "last_at": START, "next_at": START, "lateness_s": 0.0, "p50_s": 0.004, "p95_s": 2.0, "success_ratio": 0.98,
        "error": "", "revived": 0, "skips": {},
        "bars": [{"at": START, "outcome": "failed", "seconds": 0.2, "units": 0}],
    }  # fmt: skip
    return row | changes


@pytest.mark.proves("2.G1", "2.G2", "2.G4", "X3", "X6")
async def test_the_jobs_are_drawn_from_the_table_that_is_executed(home: House) -> None:
    """A line for each need; the worst job comes first, in words, with its last runs and its error."""
    learn = a_job("learn", 1, ("measure",), light="red", sentence="blocked by measure since 12:04", error="It broke.")
    data = {"jobs": [a_job("measure"), learn], "lanes": [], "edges": []}
    await home.put(snapshots=(Snapshot(name="jobs", at=START, data=data),))
    page = await home.get("/jobs")
    assert "learn on measure" in page.all("svg")[-1]["aria-label"]
    assert page.words.index("Blocked by measure since 12:04.") < page.words.index("Does measure.")
    assert "takes 4 ms, at most 2.0 s in 19 of 20; 98 % went well" in page.words
    assert "It broke." in page.words
    assert any(bar.get("class") == "failed" for bar in page.all("li"))


@pytest.mark.proves("2.G2", "X3")
async def test_a_critical_job_that_was_skipped_says_how_often_and_why(home: House) -> None:
    """No skip is silent."""
    row = a_job("publish", critical=True, skips={"the event loop stood still": 3})
    await home.put(snapshots=(Snapshot(name="jobs", at=START, data={"jobs": [row], "lanes": [], "edges": []}),))
    assert "Did not run 3 times: the event loop stood still." in (await home.get("/jobs")).words


async def test_no_jobs_yet_is_a_sentence(home: House) -> None:
    """And no empty drawing."""
    assert "The engine has not said how its jobs are." in (await home.get("/jobs")).words

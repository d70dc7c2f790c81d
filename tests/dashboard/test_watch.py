"""The pages of trouble: what is wrong, what it caused, who was told, and what to press."""

from dataclasses import replace

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

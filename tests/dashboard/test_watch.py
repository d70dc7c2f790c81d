"""The pages of trouble: what is wrong, what it caused, who was told, and what to press."""

from dataclasses import replace
from typing import Any

import pytest

from bowerbird.core.breaker import BreakerState, Position
from bowerbird.core.facts import Fact
from bowerbird.core.gauge import Snapshot
from bowerbird.core.incident import Delivery, Incident, Severity, Silence, Told
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.pages.engine import switch

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


def a_message(**changes: Any) -> Delivery:
    """A message about the browser's incident."""
    given: dict[str, Any] = {
        "id": "d1", "incident_id": "i1", "told": Told.OPENED, "channel": "phone", "title": "t", "body": "b",
        "due_at": START, "made_at": START, "attempts": 1,
    }  # fmt: skip
    return Delivery(**(given | changes))


async def test_nothing_wrong_is_said_in_one_sentence(home: House) -> None:
    """No empty tables."""
    assert "Nothing needs you. There has been no incident yet." in (await home.get("/incidents")).words


async def test_an_effect_stands_under_its_root_with_who_was_told(home: House) -> None:
    """One card, not two; and the message that left."""
    await home.put(incidents=(BROWSER, LATE), deliveries=(a_message(sent_at=START),))
    page = await home.get("/incidents")
    assert "The browser's breaker is open" in page.words
    assert "What to do: It probes by itself." in page.words
    assert "Posts of robin wait" in page.words
    assert "phone: told at" in page.words
    assert len([li for li in page.all("li") if li.get("class") == "red"]) == 1


async def test_an_incident_that_is_over_says_what_healed_it(home: House) -> None:
    """And that it no longer needs anybody."""
    over = replace(BROWSER, closed_at=START - 30 * SECOND_US, healed_by="its own probe succeeded")
    await home.put(incidents=(over,))
    words = (await home.get("/incidents")).words
    assert "Healed by: its own probe succeeded" in words
    assert "Nothing needs you. The last one was over 30 s ago" in words


async def test_the_timeline_tells_what_happened_in_order(home: House) -> None:
    """From its own facts, oldest first."""
    facts = (
        Fact(
            kind="incident_opened", at=START - 9 * SECOND_US, by="alerts", data={"incident": "i1", "title": "It broke"}
        ),
        Fact(kind="notified", at=START, by="alerts", data={"incident": "i1", "channel": "phone"}),
    )
    await home.put(incidents=(BROWSER,), facts=facts)
    words = (await home.get("/incidents/i1")).words
    assert words.index("It broke") < words.index("phone took the message")
    assert (await home.get("/incidents/nowhere")).status == 404


async def test_a_silence_and_its_end_are_shown_instead_of_who_was_told(home: House) -> None:
    """A silence never hides the incident itself."""
    silence = Silence(id="s", rule="BreakerOpen", since=START, until=START + 3_600 * SECOND_US, by="ann", why="known")
    await home.put(incidents=(BROWSER,), silences=(silence,))
    words = (await home.get("/incidents")).words
    assert "silenced by ann until" in words
    assert "known" in words


@pytest.mark.proves("4.G2", "X2")
def test_a_breaker_says_its_state_since_when_why_and_what_comes_next() -> None:
    """Open: the next probe. By hand: that it stays. Closed: what its window holds."""
    shut = BreakerState(name="browser", position=Position.OPEN, since=START - 5 * SECOND_US, why="it crashed.",
                        next_probe_at=START + 8 * SECOND_US)  # fmt: skip
    assert switch(shut, now=START).sentence == "open for 5 s: it crashed. Its next probe comes in 8 s."
    assert "until you close it" in switch(replace(shut, manual=True), now=START).sentence
    closed = BreakerState(name="browser", since=START, calls=9, failed=2)
    assert switch(closed, now=START + SECOND_US).sentence == "closed for 1 s; 9 calls in its window, 2 failed, 0 slow."


@pytest.mark.proves("4.G2", "1.G2", "X7")
async def test_the_engine_room_shows_parts_plans_and_buttons(home: House) -> None:
    """Each part with what is done without it; each breaker with the buttons that make sense."""
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
    opened = BreakerState(name="browser", position=Position.OPEN, since=START, next_probe_at=START)
    await home.put(snapshots=(parts,), breakers=(opened, BreakerState(name="sandbox host", since=START)))
    page = await home.get("/engine")
    assert "Without it: waits" in page.words
    assert "Nobody is told." in page.words
    assert "Tried 3 times; again" in page.words
    verbs = {field["value"] for field in page.all("input") if field["name"] == "verb"}
    assert {"breaker_probe", "breaker_close", "breaker_open"} <= verbs


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

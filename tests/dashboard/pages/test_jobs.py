"""The page of jobs: the graph, each job with what was measured of it, and the lanes with what may be done to them."""

import gzip
from typing import Any

import pytest

from bowerbird.core.people import Role
from bowerbird.dashboard.pages.jobs import figures
from bowerbird.dashboard.seats import spans
from bowerbird.jobs.pauses import MUST_END, NEVER
from bowerbird.jobs.table import JOBS, LANES
from tests.dashboard.house import START, House
from tests.dashboard.test_roles import signed_in

from .engine_room import a_job, a_lane, a_pause, said


@pytest.mark.proves("2.G1", "2.G2", "2.G4", "X3", "X6")
async def test_the_jobs_are_drawn_from_the_table_that_is_executed(home: House) -> None:
    """A line for each need; the worst job comes first, in words, with its last runs and its error."""
    learn = a_job(
        "learn", 1, ("measure",), light="red", state="blocked", sentence="blocked by measure since 12:04",
        error="It broke.",
    )  # fmt: skip
    await home.put(snapshots=(said(a_job("measure"), learn),))
    page = await home.get("/jobs")
    assert "learn on measure" in page.all("svg")[-1]["aria-label"]
    assert "1 of 2 jobs not as they should be: learn." in page.words
    assert page.words.index("Blocked by measure since 12:04.") < page.words.index("Does measure.")
    assert "The last run failed: It broke." in page.words
    assert "Lives on measure" in page.words
    assert any(bar.get("class") == "failed" for bar in page.all("li"))


@pytest.mark.proves("2.G1", "X3")
async def test_every_job_says_how_long_it_takes_how_late_it_begins_and_how_often_it_went_well(home: House) -> None:
    """The half and 19 of 20 of its last runs, and what its bars stand for."""
    await home.put(snapshots=(said(a_job("measure")),))
    page = await home.get("/jobs")
    for told in ("Takes 4 ms, p95 2.0 s", "Begins late by 1 ms, p95 300 ms", "Went well 98 %", "Looks every 500 ms"):
        assert told in page.words
    assert "2027-01-15 08:00:00 UTC: failed, 200 ms, 3 pieces" in {bar.get("title") for bar in page.all("li")}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "Next run within 500 ms"),
        ({"every_s": 60, "next_at": START + 30_000_000}, "Next run in 30 s"),
        ({"state": "running"}, "Next run running"),
        ({"every_s": 60, "last_at": None}, "Last run none yet"),
    ],
)
async def test_a_job_says_when_it_ran_and_when_it_runs_next(home: House, changes: dict[str, Any], told: str) -> None:
    """In words where it looks so often that an instant would be over before it is read."""
    await home.put(snapshots=(said(a_job("measure", **changes)),))
    assert told in (await home.get("/jobs")).words


def test_what_was_not_observed_is_not_measured_yet() -> None:
    """Neither 0 nor a hundred percent; also where an older engine did not say it."""
    row = a_job("measure", p50_s=None, p95_s=None, success_ratio=None)
    del row["late_p50_s"], row["late_p95_s"]
    assert [value for _, value in figures(row)] == ["every 500 ms", None, None, None]


@pytest.mark.proves("2.G2", "X3")
async def test_a_critical_job_that_was_skipped_says_how_often_and_why(home: House) -> None:
    """No skip is silent."""
    row = a_job("publish", critical=True, skips={"the event loop stood still": 3})
    await home.put(snapshots=(said(row),))
    assert "Did not run 3 times: the event loop stood still." in (await home.get("/jobs")).words


async def test_no_jobs_yet_is_a_sentence(home: House) -> None:
    """And no empty drawing."""
    assert "The engine has not said how its jobs are." in (await home.get("/jobs")).words


async def test_what_was_said_long_ago_says_so(home: House) -> None:
    """An engine that is silent does not look well."""
    await home.put(snapshots=(said(a_job("measure")),))
    assert "All of this was said" not in (await home.get("/jobs")).words
    home.pass_s(60)
    assert "All of this was said 60 s ago" in (await home.get("/jobs")).words.replace("1 min", "60 s")


async def test_a_job_is_run_by_a_button_that_names_it(home: House) -> None:
    """So that a screen reader can tell fifteen of them apart."""
    await home.put(snapshots=(said(a_job("measure"), a_job("learn")),))
    words = (await home.get("/jobs")).words
    assert "Run now measure" in words
    assert "Run now learn" in words


@pytest.mark.proves("2.4")
async def test_a_lane_says_who_sits_in_it_and_who_waits(home: House) -> None:
    """By the names of the jobs."""
    rows = [a_job("measure", state="running"), a_job("harvest", state="queued")]
    await home.put(snapshots=(said(*rows, lanes=(a_lane(busy=2, in_line=1, wait_s=1.5),)),))
    words = (await home.get("/jobs")).words
    assert "Lane reading waits 1 run waits for a seat: harvest." in words
    assert "Seats 1 to 2 Taken 2 In line 1 Last wait 1.5 s" in words


async def test_a_paused_lane_says_by_whom_why_and_until_when_and_is_let_go_on(home: House) -> None:
    """Its jobs cannot be run now, and lead to it."""
    jobs = [a_job("measure", state="paused", light="amber", sentence="lane reading is paused by ann until 12:04")]
    await home.put(snapshots=(said(*jobs, lanes=(a_lane(paused=a_pause()),)),))
    page = await home.get("/jobs")
    assert "Paused by ann: Too many; what is under way ends, and nothing new is begun." in page.words
    assert "Let reading go on" in page.words
    assert "Run now" not in page.words
    assert "#lane-reading" in {link["href"] for link in page.all("a")}


@pytest.mark.parametrize("role", [Role.OWNER, Role.EDITOR])
async def test_only_an_owner_is_offered_a_pause_and_a_run(house: House, role: Role) -> None:
    """Others see how the lane and its jobs are, and no button that could only be refused."""
    await house.put(snapshots=(said(a_job("measure"), lanes=(a_lane(),)),))
    words = (await (await signed_in(house, role)).get("/jobs")).words
    assert "Lane reading" in words
    assert ("Pause the lane" in words) is ("Run now" in words) is (role is Role.OWNER)


async def test_a_lane_that_must_not_stand_still_says_why(home: House) -> None:
    """And has no form."""
    await home.put(snapshots=(said(a_job("obey", lane="desk"), lanes=(a_lane("desk"),)),))
    page = await home.get("/jobs")
    assert f"It cannot be paused: {NEVER['desk']}." in page.words
    assert "Pause the lane" not in page.words


@pytest.mark.parametrize("lane", sorted(set(LANES) - set(NEVER)))
def test_a_pause_that_would_be_refused_is_not_offered(lane: str) -> None:
    """Posting must go on within a day; for the others somebody may say "until I say so"."""
    hours = [float(hours) for hours, _ in spans(lane)]
    assert (0 in hours) == (lane not in MUST_END)
    assert max(hours) <= MUST_END.get(lane, 168)
    assert 1 in hours


async def test_the_whole_table_with_all_its_bars_is_a_small_page(home: House) -> None:
    """A fifth of what a page may weigh."""
    bars = [{"at": START + n * 1_234_567, "outcome": "done", "seconds": 0.001 * n, "units": n % 3} for n in range(30)]
    rows = [a_job(job.name, lane=job.lane, needs=job.needs, bars=bars) for job in JOBS]
    await home.put(snapshots=(said(*rows, lanes=tuple(a_lane(name) for name in LANES)),))
    answer = await home.browser.get("/jobs", headers={"accept-encoding": "identity"})
    assert len(gzip.compress(answer.content)) <= 20 * 1024

"""The page of one job: every run that was written down, and what is told of it besides."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from bowerbird.core.facts import Fact
from bowerbird.core.post import SECOND_US
from bowerbird.core.work import Outcome, Run
from bowerbird.dashboard.asked import Asked
from bowerbird.dashboard.pages import job
from tests.dashboard.house import START, House

from .engine_room import a_job, said


def a_run(n: int = 0, **changes: object) -> Run:
    """A run that began so many minutes ago, half a second late, and took two seconds."""
    began = START - n * 60 * SECOND_US
    given = {"id": f"r{n:03}", "job": "plan", "slot_at": began - SECOND_US // 2, "started_at": began,
             "ended_at": began + 2 * SECOND_US, "outcome": Outcome.DONE, "units": 3}  # fmt: skip
    return Run(**(given | changes))  # type: ignore[arg-type]


@pytest.mark.proves("2.G1", "2.G2", "X3", "X5")
async def test_each_run_says_how_it_ended_and_what_it_took(home: House) -> None:
    """Tries, lateness, duration, pieces, and the error of one that failed."""
    failed = a_run(1, outcome=Outcome.FAILED, attempt=3, error="The host does not answer.")
    await home.put(runs=(a_run(0), failed, a_run(2, outcome=Outcome.RUNNING, ended_at=None)))
    words = (await home.get("/jobs/plan")).words
    assert "now done 1 500 ms 2.0 s 3" in words
    assert "1 min ago failed 3 500 ms 2.0 s 3 The host does not answer." in words
    assert "running 1 500 ms under way" in words


async def test_the_history_is_turned_page_by_page_to_its_end(home: House) -> None:
    """No run twice, and none left out."""
    await home.put(runs=tuple(a_run(n) for n in range(120)))
    seen, query = list[str](), dict[str, str]()
    while True:
        found = await job.read(home.books, home.clock, Asked(params={"job": "plan"}, query=query))
        assert found is not None
        seen += [line.id for line in found["lines"]]
        if not found["next"]:
            break
        query = dict(parse_qsl(urlsplit(found["next"]).query))
    assert seen == [f"r{n:03}" for n in range(120)]


async def test_runs_are_drawn_as_curves_from_the_oldest_on(home: House) -> None:
    """How long each took and how late it began; one that is under way is in none."""
    runs = [a_run(0, outcome=Outcome.RUNNING, ended_at=None), a_run(1), a_run(2)]
    assert job.points(runs) == [(runs[2].started_at, 2.0, 0.5), (runs[1].started_at, 2.0, 0.5)]
    await home.put(runs=tuple(runs))
    assert "How long the runs below took, and how late they began" in (await home.get("/jobs/plan")).words


@pytest.mark.proves("2.G2", "X6")
async def test_what_it_waited_for_and_why_it_was_skipped_is_told(home: House) -> None:
    """Of this job and no other."""
    facts = [
        Fact(kind="job_skipped", at=START, by="jobs", data={"job": "plan", "slots": 4, "why": {"it slept": 3, "b": 1}}),
        Fact(kind="job_skipped", at=START, by="jobs", data={"job": "learn", "slots": 4, "why": {"not ours": 4}}),
    ]
    await home.put(facts=tuple(facts), snapshots=(said(a_job("plan", state="blocked", sentence="blocked by x")),))
    words = (await home.get("/jobs/plan")).words
    assert "A run of the job was skipped: it slept (3 times); b (1 time)." in words
    assert "not ours" not in words
    assert "Blocked by x." in words


async def test_a_job_that_never_ran_teaches_and_one_that_is_none_is_not_found(home: House) -> None:
    """404, not an error."""
    assert "No run was written down yet." in (await home.get("/jobs/plan")).words
    assert (await home.get("/jobs/dance")).status == 404


async def test_a_job_of_earlier_times_still_has_its_history(home: House) -> None:
    """Although nobody runs it any more."""
    await home.put(runs=(a_run(job="dance"),))
    words = (await home.get("/jobs/dance")).words
    assert "it has no such job any more" in words
    assert "done" in words

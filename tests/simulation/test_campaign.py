"""The report of a campaign: says what broke and how to see it again, and is not content with too little."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from bowerbird.simulation import Report, run_campaign, story
from bowerbird.simulation.faults import CRASH_POINTS, FAULTS
from bowerbird.simulation.judge import Violation
from bowerbird.simulation.sometimes import SOMETIMES


def full(worlds: int) -> Report:
    """A report of a campaign in which everything happened and nothing broke."""
    return Report(
        seed=0,
        worlds=worlds,
        cpu_s=1.0,
        faults=Counter(dict.fromkeys(FAULTS, 1)),
        crash_points=Counter(dict.fromkeys(CRASH_POINTS, 1)),
        sometimes=Counter(dict.fromkeys(SOMETIMES, 1)),
    )


def test_the_json_has_the_fields_that_are_promised() -> None:
    """One line, with every fault, crash point and recovery by name, also those that never happened."""
    report = json.loads(run_campaign(2, first=7).as_json())
    assert {"worlds", "violations", "simulated_h", "runs_per_cpu_s", "seed", "ok"} <= report.keys()
    assert (report["worlds"], report["violations"], report["seed"]) == (2, 0, 7)
    assert list(report["faults"]) == list(FAULTS)
    assert list(report["crash_points"]) == list(CRASH_POINTS)
    assert list(report["sometimes"]) == list(SOMETIMES)


def test_a_violation_tells_how_to_see_it_again() -> None:
    """Seed, rule and the command that replays it."""
    report = full(10)
    report.broken.append((42, Violation("twice", "a0-01", "arrived 2 times")))
    assert not report.ok
    assert "seed 42: twice: a0-01 arrived 2 times" in report.as_text()
    assert "bowerbird simulate --seed 42 --story" in report.as_text()
    assert "bowerbird simulate --seed 42 --story" in json.loads(report.as_json())["broken"][0]


@pytest.mark.parametrize("what", ["faults", "crash_points", "sometimes"])
def test_a_large_campaign_that_missed_something_is_not_content(what: str) -> None:
    """From two thousand worlds on, nothing may be at 0."""
    small, large = full(200), full(2_000)
    assert [report.ok for report in (small, large)] == [True, True]
    for report in (small, large):
        getattr(report, what).popitem()
    assert [report.ok for report in (small, large)] == [True, False]
    assert len(large.never) == 1


def test_a_tame_world_or_none_at_all_is_not_enough() -> None:
    """A world without a crash proves nothing, and neither does an empty campaign."""
    report = full(10)
    report.tame.append(3)
    assert not report.ok
    assert not run_campaign(0).ok


def test_a_story_names_what_happened() -> None:
    """The timeline shows the cast, crashes, the person, arrivals, facts and the judge's word."""
    told = story(0)
    for word in ("world 0", "starts", "dies at", "person", "platform", "claimed", "confirmed", "violations"):
        assert word in told


def test_nothing_is_drawn_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal there is no progress bar."""
    run_campaign(1)
    assert capsys.readouterr().err == ""

"""Two hundred days with faults and crashes: nothing twice, nothing lost, nothing stuck."""

from __future__ import annotations

import functools

import pytest

from bowerbird.core.post import SECOND_US
from bowerbird.simulation import Report, run_campaign, story
from bowerbird.simulation.campaign import run_chunk
from bowerbird.simulation.faults import CRASH_POINTS, FAULTS
from bowerbird.simulation.plots import draw_plot
from bowerbird.simulation.sometimes import SOMETIMES
from bowerbird.simulation.worlds import run_world

WORLDS = 200


@functools.cache
def campaign() -> Report:
    """One campaign for all tests of this file."""
    return run_campaign(WORLDS, first=0, jobs=2)


def test_no_promise_is_broken_in_two_hundred_worlds() -> None:
    """The judge finds nothing, whatever went wrong in them."""
    report = campaign()
    assert report.worlds == WORLDS
    assert not report.broken, report.as_text()


def test_every_world_is_wild_enough_to_count() -> None:
    """Each world met at least five faults and a crash, and lasted a day or more."""
    report = campaign()
    assert not report.tame
    assert report.simulated_s >= WORLDS * 86_400


def test_every_fault_and_nearly_every_crash_point_is_met() -> None:
    """Two hundred worlds meet every kind of fault, and miss at most a few rare crash points."""
    report = campaign()
    assert [fault for fault in FAULTS if not report.faults[fault]] == []
    assert sum(not report.crash_points[point] for point in CRASH_POINTS) <= 4


def test_the_ways_back_are_taken() -> None:
    """Nearly every recovery is reached in some world."""
    report = campaign()
    assert sum(not report.sometimes[name] for name in SOMETIMES) <= 2, report.as_text()


@pytest.mark.parametrize("seed", range(3))
def test_a_seed_tells_the_same_story_twice(seed: int) -> None:
    """The whole timeline, to the microsecond, comes from the seed."""
    assert story(seed) == story(seed)


def test_seeds_tell_different_stories() -> None:
    """Another seed is another world."""
    assert len({story(seed).partition("\n")[2] for seed in range(5)}) == 5


def test_a_report_does_not_depend_on_who_ran_the_worlds() -> None:
    """One process or several: the same worlds, the same report, but for the time it took."""
    alone, shared = run_chunk(range(40)), run_campaign(40, first=0, jobs=2)
    alone.cpu_s = shared.cpu_s = 0.0
    assert alone.as_dict() == shared.as_dict()


def test_a_world_is_a_full_day() -> None:
    """Two accounts, three workers, at least twenty posts due within a day, threads and replies among them."""
    plots = [draw_plot(seed) for seed in range(20)]
    assert all(len(plot.cast) == 2 and plot.workers == 3 and len(plot.posts) >= 20 for plot in plots)
    assert all(0 <= post.due - plot.start_at < 86_400 * SECOND_US for plot in plots for post in plot.posts)
    assert any(post.parts > 1 for plot in plots for post in plot.posts)
    assert any(post.payload.reply_to for plot in plots for post in plot.posts)


def test_no_crash_point_is_missing_from_the_list() -> None:
    """Every port call that the posting room makes is a crash point the campaign counts."""
    passed = {point for seed in range(40) for point in run_world(seed).points}
    assert passed <= set(CRASH_POINTS)

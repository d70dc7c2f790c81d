"""A few days of the whole engine among troubles: nothing twice, nothing lost, nothing stuck, and everybody told."""

from __future__ import annotations

import functools
import json
import random
from collections import Counter

import pytest

from bowerbird.core.ports import Absent, Look
from bowerbird.core.post import Post
from bowerbird.simulation.years import YearReport, run_years
from bowerbird.simulation.years.expect import EXPECTED, QUIETLY, allowed
from bowerbird.simulation.years.plots import DUE_S, YEAR_S, Plot, draw_plot
from bowerbird.simulation.years.scenes import SCENES, play
from bowerbird.simulation.years.sometimes import SOMETIMES, recoveries
from bowerbird.simulation.years.story import tell
from bowerbird.simulation.years.troubles import TROUBLES, Trouble
from bowerbird.simulation.years.venue import Venue
from bowerbird.simulation.years.verdict import judge
from bowerbird.simulation.years.world import World, run_plot

HOUR_S = 3_600.0
NIGHT = 6 * HOUR_S
DAY_S = 24 * HOUR_S


def lived(*troubles: Trouble, hours: float = 6.0) -> World:
    """A world of some hours with exactly these troubles."""
    return run_plot(Plot(seed=1, troubles=troubles, day_s=hours * HOUR_S, calm_s=2 * HOUR_S))


def rules(world: World) -> list[str]:
    """Which promises were broken."""
    return [violation.rule for violation in judge(world)]


@functools.cache
def campaign() -> YearReport:
    """Two worlds of a day each, for all tests of this file."""
    return run_years(2 / 365, seeds=2, first=0, jobs=2)


def test_no_promise_is_broken_in_two_days() -> None:
    """The judge finds nothing, whatever was done to the engine."""
    report = campaign()
    assert not report.broken, report.as_text()
    assert report.ok


def test_the_report_has_the_fields_that_are_promised() -> None:
    """One line of JSON, with every trouble and recovery by name, also those that never happened."""
    told = json.loads(campaign().as_json())
    assert {
        "worlds",
        "violations",
        "crash_points",
        "simulated_h",
        "runs",
        "runs_per_cpu_s",
        "seed",
        "ok",
    } <= told.keys()
    assert list(told["faults"]) == list(TROUBLES)
    assert list(told["sometimes"]) == list(SOMETIMES)
    assert told["simulated_h"] >= 48


def test_a_year_in_which_something_never_happened_is_not_enough() -> None:
    """Half a year or more has to have met every trouble and every recovery."""
    report = YearReport(seed=0, day_s=1.0, worlds=1, simulated_s=365 * 86_400.0)
    assert not report.ok
    assert set(report.never) == {*TROUBLES, *SOMETIMES}


def test_every_trouble_has_its_row_of_what_may_be_told() -> None:
    """Nothing can go wrong of which nobody has said how it has to be told."""
    assert set(TROUBLES) == set(EXPECTED) | set(QUIETLY)
    assert all(EXPECTED[kind].rules <= allowed(kind) for kind in EXPECTED)


def test_a_day_without_troubles_tells_nobody_anything() -> None:
    """No false alarm, and posts go out."""
    world = lived()
    assert not judge(world)
    assert not world.messages
    assert any(venue.arrivals for venue in world.venues.values())


def test_a_host_that_is_down_is_one_root_and_heals() -> None:
    """It is told once as its breaker, and is over when the breaker's own probe has found it."""
    world = lived(Trouble(NIGHT / 2, "down", 900.0, 0))
    assert not judge(world)
    assert [message.delivery.told for message in world.messages] == ["opened", "resolved"]
    assert "breaker sandbox net.example" in world.messages[0].delivery.title


def test_two_unrelated_troubles_are_two_roots() -> None:
    """A session that ended on one host, and a writer that is down."""
    world = lived(Trouble(3_600.0, "revoked", 3_600.0, 0), Trouble(3_610.0, "books_full", 120.0))
    assert not judge(world)
    assert {m.delivery.title for m in world.messages if m.delivery.told == "opened"} >= {
        "The books cannot be written", "sandbox:wren is signed out",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["frozen", "suspended", "wall_steps", "crash", "monitor_dies", "timer_dropped"])
def test_what_stops_the_engine_is_survived(kind: str) -> None:
    """It stands still, sleeps, dies, or its clock or timers go wrong: afterwards all is as if nothing had been."""
    lasts_s = {"frozen": 60.0, "suspended": 4 * HOUR_S, "wall_steps": 400.0, "timer_dropped": 900.0}.get(kind, 65.0)
    assert not judge(lived(Trouble(NIGHT / 2, kind, lasts_s, 1), hours=4.0))


@pytest.mark.parametrize("scene", SCENES)
def test_each_scene_reaches_the_way_back_that_it_aims_at(scene: str) -> None:
    """Trouble at the right moment is enough: what it should lead to is found in the books, and nothing is broken."""
    rows = play(scene, random.Random(1), day_s=DAY_S, dues_s=(DUE_S[0],))
    world = run_plot(Plot(seed=2, troubles=tuple(sorted(rows)), day_s=13 * HOUR_S, calm_s=2 * HOUR_S))
    assert scene in recoveries(world)
    assert not judge(world)


def test_a_year_dealt_over_forty_seeds_meets_every_trouble_and_every_scene_more_than_once() -> None:
    """Coverage is no luck: kinds are dealt from packs, and scenes come in turn."""
    plots = [draw_plot(seed, day_s=YEAR_S / 40) for seed in range(40)]
    met = Counter(trouble.kind for plot in plots for trouble in plot.troubles)
    assert min(met[kind] for kind in TROUBLES) >= 40 * 12 // len(TROUBLES)
    assert len(SCENES) * 2 <= 40
    assert SCENES.keys() <= SOMETIMES.keys()


def test_a_seed_tells_the_same_story_twice() -> None:
    """Everything comes from the seed, to the microsecond."""
    first, second = (tell(run_plot(draw_plot(5, day_s=2 * HOUR_S, number=2))) for _ in range(2))
    assert first == second
    assert "TROUBLE" in first


class Blind(Venue):
    """A platform on which a look never finds anything: a planted bug, and posts go twice."""

    async def resolve(self, post: Post) -> Look:
        """Say that it is not there, whatever is there."""
        return Absent()


class Planted(World):
    """A world whose platforms are blind."""

    venue = Blind


def broken(troubles: list[Trouble]) -> bool:
    """True if a world of a few hours with the planted bug breaks the promise that nothing arrives twice."""
    plot = Plot(seed=1, troubles=tuple(troubles), day_s=6.5 * HOUR_S, calm_s=HOUR_S)
    return "twice" in rules(run_plot(plot, Planted))


def test_a_planted_bug_shrinks_to_one_trouble() -> None:
    """Of a list of troubles hypothesis leaves only the one that shows the bug."""
    from hypothesis import HealthCheck, Phase, find, settings
    from hypothesis import strategies as st

    kinds = st.sampled_from(("writer_down", "lost"))
    trouble = st.builds(Trouble, st.just(6.25 * HOUR_S), kinds, st.just(1_800.0), st.sampled_from((0, 2)))
    phases = (Phase.generate, Phase.shrink)
    found = find(
        st.lists(trouble, min_size=1, max_size=2),
        broken,
        settings=settings(
            derandomize=True, max_examples=5, phases=phases, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    assert [each.kind for each in found] == ["lost"]

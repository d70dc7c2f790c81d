"""The graph: drawn from the same table that is executed, with freshness, and a root for every effect."""

from __future__ import annotations

import json

import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.errors import Unreachable
from bowerbird.core.gauge import METRICS, Sample
from bowerbird.jobs import graph
from bowerbird.jobs.health import samples, snapshot
from bowerbird.jobs.pulse import Pulse
from bowerbird.jobs.table import JOBS, LANES
from bowerbird.resilience import failpoints
from bowerbird.resilience.failpoints import Failpoints
from tests.jobs.yard import Yard, failing, hang, job, looking, play


@pytest.mark.proves("2.G4", "X6")
def test_the_graph_is_the_table_and_has_no_circles() -> None:
    """Plan, publish, measure, learn; harvest, answer; and every edge is a need of a row."""
    levels = graph.levels()
    assert [levels[name] for name in ("plan", "publish", "measure", "learn")] == [0, 1, 2, 3]
    assert [levels[name] for name in ("harvest", "answer")] == [0, 1]
    assert set(graph.edges()) == {(f"job:{row.name}", f"job:{need}") for row in JOBS for need in row.needs}
    assert all(levels[row.name] > levels[need] for row in JOBS for need in row.needs)


def test_needs_that_go_round_in_a_circle_are_refused() -> None:
    """Nobody would be the root."""
    with pytest.raises(ValueError, match="hen, egg"):
        graph.levels([job("hen", needs=("egg",)), job("egg", needs=("hen",))])


def test_about_a_dozen_jobs_do_everything() -> None:
    """The ancestor had 114."""
    assert len(JOBS) <= 15
    assert {row.lane for row in JOBS} == set(LANES)


def watched(clock: VirtualClock, broken: str) -> Yard:
    """A harvest, its answers, and somebody who reads those; one of them fails from the beginning."""
    rows = [
        job("harvest", every_s=60.0, lane="reading"),
        job("answer", every_s=30.0, needs=("harvest",)),
        job("sum", every_s=30.0, needs=("answer",)),
    ]
    work = {row.name: looking(clock, []) for row in rows}
    return Yard(clock, rows, {**work, broken: failing(Unreachable("no route"), times=5)})


@pytest.mark.proves("2.3", "2.G4")
def test_those_that_live_on_a_job_say_that_they_are_blocked_by_it_and_name_the_root() -> None:
    """They are told once, within one and a half periods, and one of them is the root: the harvest."""

    async def story(clock: VirtualClock) -> None:
        seen: list[graph.State] = []
        yard = watched(clock, "harvest")
        rows, pulses = yard.runner.jobs, yard.runner.pulses

        def look() -> None:
            seen.extend(graph.state(row, rows, pulses, now=clock.monotonic(), now_at=clock.now()) for row in rows)

        yard.after(100, look)
        await yard.for_s(110)
        assert [state.word for state in seen] == ["failing", "blocked", "blocked"]
        assert seen[1].sentence == "blocked by harvest since 00:01"
        assert seen[2].sentence == "blocked by answer since 00:01, because of harvest"
        assert [state.root for state in seen[1:]] == ["harvest", "harvest"]
        told = await yard.told("job_blocked")
        assert [(fact.data["job"], fact.data["by"], fact.data["root"]) for fact in told] == [
            ("answer", "harvest", "harvest"), ("sum", "answer", "harvest"),
        ]  # fmt: skip
        assert told[0].at - told[0].at % 1_000_000 <= (clock.now() - 10_000_000)

    play(story)


@pytest.mark.proves("2.3")
def test_they_go_on_with_the_next_good_run() -> None:
    """After it the graph has no blocked job any more."""

    async def story(clock: VirtualClock) -> None:
        yard = watched(clock, "harvest")
        await yard.for_s(320)
        assert not any(pulse.blocked_by for pulse in yard.runner.pulses.values())

    play(story)


def test_a_job_that_rests_long_blocks_nobody() -> None:
    """Old is not the same as in trouble: who was told to sleep until noon is well."""
    pulse = Pulse(next_slot=10_000.0, good=0.0)
    assert not pulse.stale(job(), 5_000.0)
    pulse.failures = 1
    assert pulse.stale(job(), 5_000.0)


@pytest.mark.parametrize(
    ("changes", "now", "sentence"),
    [
        ({"next_slot": 70.0}, 0.0, "waiting until 00:01:10"),
        ({"busy": 0.0}, 0.0, "running"),
        ({"next_slot": 0.0}, 130.0, "overdue since 00:00"),
        ({"next_slot": 0.0, "waiting": 0.0}, 130.0, "overdue for a seat since 00:00"),
        ({"next_slot": 70.0, "failures": 2, "error": "no route"}, 0.0,
         "failing, 2 in a row; tries again at 00:01:10: no route"),
        ({"next_slot": 70.0, "skipped_why": "no memory"}, 0.0, "held back: no memory"),
    ],
)  # fmt: skip
def test_every_state_has_its_words(changes: dict[str, float], now: float, sentence: str) -> None:
    """As the page shows them."""
    row, pulse = job(), Pulse(**changes)  # type: ignore[arg-type]
    start = VirtualClock().now()
    state = graph.state(row, [row], {"work": pulse}, now=now, now_at=start + round(now * 1e6))
    assert state.sentence == sentence


@pytest.mark.proves("2.G1", "2.G2")
def test_the_snapshot_has_everything_the_page_shows_and_is_at_most_two_seconds_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Last and next run, bars, quantiles, lateness, share of good runs, state in words; as plain JSON."""
    monkeypatch.setattr(failpoints, "armed", Failpoints("job.bad=raise"))

    async def story(clock: VirtualClock) -> None:
        rows = [job("good"), job("bad", lane="reading", needs=("good",))]
        yard = Yard(clock, rows, {"good": looking(clock, []), "bad": looking(clock, [])})
        await yard.for_s(65)
        kept = await yard.books.snapshot("jobs")
        assert kept is not None
        assert clock.now() - kept.at <= 2.5e6
        good, bad = kept.data["jobs"]
        assert (good["state"], good["success_ratio"], good["ended"]) == ("waiting", 1.0, {"done": 7})
        assert good["next_at"] > good["last_at"] >= good["good_at"] > 0
        assert [bar["outcome"] for bar in bad["bars"]] == ["failed"] * 7
        assert (bad["failures"], bad["light"], bad["p95_s"], bad["late_p95_s"]) == (7, "red", 0.0, 0.0)
        assert kept.data["edges"] == [["job:bad", "job:good"]]
        assert {lane["name"] for lane in kept.data["lanes"]} == set(LANES)
        json.dumps(snapshot(yard.runner).data)

    play(story)


@pytest.mark.proves("2.G1")
def test_the_samples_are_of_the_vocabulary_and_unobserved_ones_are_absent() -> None:
    """A job that never ran has no lateness and no ratio, and neither is 0."""

    async def story(clock: VirtualClock) -> None:
        rows = [job("early"), job("late", lane="reading")]
        yard = Yard(clock, rows, {"early": looking(clock, []), "late": hang})
        found: list[Sample] = []
        yard.after(25, lambda: found.extend(samples(yard.runner)))
        assert samples(yard.runner) == []
        await yard.for_s(30)
        values = {(sample.name, sample.labels.get("job")): sample.value for sample in found}
        assert values["bowerbird_job_success_ratio", "early"] == 1.0
        assert ("bowerbird_job_success_ratio", "late") not in values
        assert {sample.name for sample in found} <= set(METRICS)

    play(story)

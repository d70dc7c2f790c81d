"""Paused lanes: nothing new is begun, nobody screams, and they go on at the end, or when a person says so."""

from __future__ import annotations

import pytest

from bowerbird.alerts.graph import causes, edges_of
from bowerbird.clock import VirtualClock
from bowerbird.core.health import Light
from bowerbird.core.post import SECOND_US
from bowerbird.jobs import graph
from bowerbird.jobs.health import samples, snapshot
from bowerbird.jobs.pauses import Pause, Pauses, kept, pause_of
from bowerbird.jobs.table import JOBS
from tests.jobs.yard import Yard, job, looking, play

HOUR = 3600.0


def paused(lane: str = "connecting", *, hours: float = 0.01, since: int = 0) -> Pause:
    """A pause of ann's, 36 s long."""
    return pause_of(lane, by="ann", why="tests", hours=hours, now=since)


def rest(yard: Yard, pause: Pause) -> None:
    """Pause a lane now."""
    yard.runner.pauses.put(pause, now=yard.clock.now(), mono=yard.clock.monotonic())


def test_even_a_critical_job_rests_until_the_end_of_the_pause_and_then_looks_at_once() -> None:
    """Its slots are counted with the reason, its state is amber, nothing is overdue, and the end is told."""

    async def story(clock: VirtualClock) -> None:
        seen: list[float] = []
        states: list[graph.State] = []
        yard = Yard(clock, [job(critical=True, every_s=5.0)], {"work": looking(clock, seen)})
        row = yard.runner.jobs[0]

        def look() -> None:
            pause = yard.runner.pauses.of("connecting")
            now, at = clock.monotonic(), clock.now()
            states.append(graph.state(row, [row], yard.runner.pulses, now=now, now_at=at, paused=pause))
            values = {one.name: one.value for one in samples(yard.runner) if one.labels.get("lane") == "connecting"}
            assert values["bowerbird_lane_paused"] == 1
            assert snapshot(yard.runner).data["lanes"][2]["name"] == "desk"

        yard.after(10, lambda: rest(yard, paused(since=clock.now())))
        yard.after(40, look)
        await yard.for_s(60)
        assert not [at for at in seen if 10.5 < at < 45.5]
        assert [at for at in seen if 45.5 <= at < 47.5]
        assert [(state.word, state.light) for state in states] == [("paused", Light.AMBER)]
        assert "lane connecting is paused by ann until" in states[0].sentence
        assert await yard.told("job_overdue") == []
        assert [fact.data["lane"] for fact in await yard.told("lane_resumed")] == ["connecting"]
        assert sum(sum(fact.data["why"].values()) for fact in await yard.told("job_skipped")) >= 1

    play(story)


def test_a_run_that_is_under_way_begins_no_further_piece() -> None:
    """The piece at work ends, and the rest waits."""

    async def story(clock: VirtualClock) -> None:
        done: list[float] = []

        async def piece() -> bool:
            await clock.sleep(3)
            done.append(clock.monotonic())
            return True

        yard = Yard(clock, [job()], {"work": piece})
        yard.after(7, lambda: rest(yard, paused(hours=1, since=clock.now())))
        await yard.for_s(30)
        assert 2 <= len(done) <= 3
        assert done[-1] < 11

    play(story)


def test_pauses_are_kept_over_a_restart_and_what_is_over_is_not() -> None:
    """One without an end stays; one of a lane that is gone is left out."""
    rows = [paused("reading", hours=0), paused("thinking", hours=1), paused("settling", hours=3)]
    written = kept([*rows, Pause(lane="gone", by="ann", since=0)], now=0)
    again = Pauses()
    again.recall(written, now=2 * 3600 * SECOND_US, mono=50.0)
    assert {pause.lane for pause in again} == {"reading", "settling"}
    assert again.ended(50 + HOUR - 1) == []
    assert [pause.lane for pause in again.ended(50 + HOUR)] == ["settling"]
    assert again.of("reading") == rows[0]
    Pauses().recall(None, now=0, mono=0.0)


def test_a_step_of_the_wall_does_not_end_a_pause() -> None:
    """Its end is judged on the monotonic clock."""
    pauses = Pauses()
    pauses.put(paused(hours=1), now=0, mono=10.0)
    assert pauses.ended(10 + HOUR - 1) == []
    assert len(pauses.ended(10 + HOUR)) == 1
    assert pauses.lift("connecting") is None


def test_an_end_on_another_day_is_told_with_its_day() -> None:
    """Else twelve minutes past four would be read as today's."""
    assert paused(hours=1).sentence == "lane connecting is paused by ann until 01:00"
    assert paused(hours=30).sentence == "lane connecting is paused by ann until 1970-01-02 06:00"
    assert paused(hours=0).sentence.endswith("until somebody lets it go on")


@pytest.mark.parametrize(
    ("part", "lane"),
    [
        ("posting:wren", "posting"),
        ("posting", "posting"),
        ("measuring:wren", "reading"),
        ("queue:wren", "thinking"),
        ("post:wren", "settling"),
        ("job:learn", "reading"),
    ],
)
def test_what_a_paused_lane_holds_up_is_its_effect_and_is_not_told_besides(part: str, lane: str) -> None:
    """The one root is the lane that a person paused: the rules about what waits do not scream."""
    rows = {row.name: row for row in JOBS}
    edges = edges_of(
        jobs={name: row.needs for name, row in rows.items()}, breakers={"wren": ("sandbox",)},
        lanes={name: row.lane for name, row in rows.items()},
    )  # fmt: skip
    assert causes(part, edges, {part, f"lane:{lane}"}) == {f"lane:{lane}"}

"""A world of the whole engine as a replay: its troubles, what was written about them, and who was told."""

import pytest

from bowerbird.core.replay import Mark, Replay, of_json, to_json
from bowerbird.simulation.years.plots import Plot
from bowerbird.simulation.years.replay import replay_of
from bowerbird.simulation.years.troubles import TROUBLES, Trouble
from bowerbird.simulation.years.world import World, run_plot

HOUR_S = 3_600.0
TROUBLES_OF_THE_DAY = (
    Trouble(600.0, "books_busy", 60.0, 0),
    Trouble(1_800.0, "down", 900.0, 0),
    Trouble(4_000.0, "crash", 0.0, 0),
)


@pytest.fixture(scope="module")
def world() -> World:
    """Two hours with three troubles."""
    return run_plot(Plot(seed=1, troubles=TROUBLES_OF_THE_DAY, day_s=2 * HOUR_S, calm_s=HOUR_S))


@pytest.fixture(scope="module")
def replay(world: World) -> Replay:
    """The same as a replay."""
    return replay_of(world, command="again", made_at=5)


def test_each_trouble_stands_on_the_lane_of_what_it_hit(replay: Replay) -> None:
    """For as long as it lasts, in the words of its row."""
    found = [(step.at_s, step.lane, step.mark, step.lasts_s) for step in replay.steps
             if step.mark in (Mark.FAULT, Mark.CRASH)]  # fmt: skip
    assert found == [
        (600.0, "books", Mark.FAULT, 60.0), (1_800.0, "sandbox:wren", Mark.FAULT, 900.0),
        (4_000.0, "engine", Mark.CRASH, 0.0)]  # fmt: skip
    assert replay.lanes[0] == "engine"
    assert TROUBLES["down"].says in {step.words for step in replay.steps}


def test_the_engine_begins_twice_and_who_was_told_is_told(world: World, replay: Replay) -> None:
    """Once at the beginning and once after it died."""
    assert replay.count(Mark.START) == 2
    assert replay.count(Mark.MESSAGE) == len(world.messages)
    assert (replay.broken, replay.left_out) == ((), 0)
    assert sum(replay.ends.values()) == len(world.shelf.by_id)


def test_it_can_be_written_and_read(replay: Replay) -> None:
    """The dashboard refuses nothing in it."""
    assert len(of_json(to_json(replay)).steps) == len(replay.steps)

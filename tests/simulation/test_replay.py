"""A simulated day as a replay: what went wrong, who died, what each process did, and the verdict."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bowerbird.cli import app
from bowerbird.core.replay import Mark, Replay, of_json, to_json
from bowerbird.simulation.endings import Ending
from bowerbird.simulation.faults import FAULTS
from bowerbird.simulation.replay import replay_of
from bowerbird.simulation.worlds import run_world


@pytest.fixture(scope="module")
def ending() -> Ending:
    """A day in which somebody dies."""
    return run_world(1)


@pytest.fixture(scope="module")
def replay(ending: Ending) -> Replay:
    """The same as a replay."""
    return replay_of(ending, command="again", made_at=5)


def test_every_crash_start_and_fault_of_the_day_is_a_step(ending: Ending, replay: Replay) -> None:
    """On the lane of whom it hit; no lane is empty, and each has its step."""
    assert replay.count(Mark.CRASH) == ending.crashes.total()
    starts = sum(event.what == "starts" for event in ending.events)
    assert replay.count(Mark.START) == starts
    says = {step.words for step in replay.steps if step.mark is Mark.FAULT}
    assert says
    assert all(any(words.startswith(says.rstrip(".")) for says in FAULTS.values()) for words in says)
    assert {step.lane for step in replay.steps} == set(replay.lanes)
    assert replay.lanes[:3] == ("worker 0", "worker 1", "worker 2")


def test_every_fact_is_a_step_on_the_lane_of_its_process(ending: Ending, replay: Replay) -> None:
    """What the posting room wrote stands on the lane of the worker that held the lease."""
    told = [step for step in replay.steps if step.mark in (Mark.FACT, Mark.PERSON)]
    declined = sum(event.what.endswith("is declined") for event in ending.events)
    assert len(told) == len(ending.facts) + declined
    frozen = {(fact.post_id, fact.at) for fact in ending.facts if fact.kind == "frozen"}
    lanes = {step.lane for step in told if step.words.startswith("The exact message")}
    assert frozen
    assert lanes <= {"worker 0", "worker 1", "worker 2"}


def test_a_standstill_has_its_length(replay: Replay) -> None:
    """As its words say."""
    still = next(step for step in replay.steps if step.mark is Mark.FREEZE)
    assert f"for {still.lasts_s:.0f} s" in still.words


def test_the_verdict_and_the_ends_are_kept(ending: Ending, replay: Replay) -> None:
    """A broken promise stands there in words."""
    assert replay.broken == ()
    assert sum(replay.ends.values()) == len(ending.posts)
    post = next(post for post in ending.posts.values() if post.state == "published")
    lost = replace(ending, arrivals={account: [] for account in ending.arrivals})
    assert any(post.id in words for words in replay_of(lost, command="", made_at=0).broken)


def test_it_can_be_written_and_read(replay: Replay) -> None:
    """The dashboard refuses nothing in it."""
    read = of_json(to_json(replay))
    assert [step.words for step in read.steps] == [step.words for step in replay.steps]


def test_the_command_keeps_a_world_and_says_where(tmp_path: Path) -> None:
    """In the data folder, under the name that the dashboard uses."""
    told = CliRunner().invoke(app, ["--data", str(tmp_path), "simulate", "--seed", "3", "--keep", "--json"])
    row = json.loads(told.stdout.splitlines()[-1])
    assert (told.exit_code, row["ok"], row["seed"], row["violations"]) == (0, True, 3, 0)
    assert row["steps"] == len(of_json((tmp_path / "replays" / "seed-3.json").read_text(encoding="utf-8")).steps)


def test_one_world_has_to_be_named() -> None:
    """Nobody wants two hundred."""
    told = CliRunner().invoke(app, ["simulate", "--keep"])
    assert told.exit_code != 0
    assert "name it with --seed" in str(told.exception)

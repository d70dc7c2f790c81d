"""The file of a replay: what is written is read again, and nothing in it is believed."""

import json
from typing import Any

import pytest

from bowerbird.core.errors import BadInput
from bowerbird.core.replay import (
    BYTES_MAX,
    NAME_MAX,
    STEPS_MAX,
    WORDS_MAX,
    Mark,
    Replay,
    Step,
    bounded,
    of_json,
    to_json,
)


def step(at_s: float = 1.0, **fields: Any) -> Step:
    """Something on the lane of worker 0."""
    given: dict[str, Any] = {"at_s": at_s, "lane": "worker 0", "mark": Mark.FACT, "words": "It was sent."}
    return Step(**(given | fields))


def replay(*steps: Step, **fields: Any) -> Replay:
    """A replay of an hour."""
    given: dict[str, Any] = {
        "seed": 3, "command": "bowerbird simulate --seed 3 --story", "made_at": 9, "lasts_s": 3600.0,
        "lanes": ("worker 0", "books"), "ends": {"published": 2},
    }  # fmt: skip
    return Replay(steps=steps, **(given | fields))


def test_what_is_written_is_read_again() -> None:
    """Every field of it."""
    one = replay(step(0.5, mark=Mark.CRASH, post="p1"), step(2, lasts_s=4.5), broken=("twice: p1",), left_out=7)
    assert of_json(to_json(one)) == one


def test_the_writer_cuts_what_the_reader_would_refuse() -> None:
    """Long names and sentences are shortened, for a replay with a cut sentence is better than none."""
    long = "x" * 1_000
    one = replay(step(lane=long, words=long, post=long), lanes=(long,), broken=(long,) * 99, command=long)
    read = of_json(to_json(one))
    assert (len(read.lanes[0]), len(read.steps[0].words), len(read.broken)) == (NAME_MAX, WORDS_MAX, 50)


def test_too_many_steps_lose_what_was_merely_written_down_first() -> None:
    """What went wrong is kept, in the order of time."""
    facts = [step(n) for n in range(STEPS_MAX)]
    steps, left_out = bounded([*facts, step(5.5, mark=Mark.CRASH)])
    assert (len(steps), left_out) == (STEPS_MAX, 1)
    assert steps[6].mark is Mark.CRASH
    assert bounded(facts) == (tuple(facts), 0)


def changed(**fields: Any) -> str:
    """A replay in which one field is something else."""
    return json.dumps(json.loads(to_json(replay(step()))) | fields)


def with_step(**fields: Any) -> str:
    """A replay whose only step has a field that is something else."""
    row = json.loads(to_json(replay(step())))
    row["steps"][0] |= fields
    return json.dumps(row)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "torn"), ('{"replay": 1, "seed"', "torn"), ("\x00", "torn"), ("[" * 100_000, "torn"), ("NaN", "torn"),
        ('{"replay": 1, "seed": ' + "9" * 5_000 + "}", "torn"), (" " * (BYTES_MAX + 1), "larger"),
        ("[]", "no replay"), ('"x"', "no replay"), ("null", "no replay"), (changed(replay=2), "no replay of version 1"),
        (changed(seed="3"), "whole"), (changed(seed=True), "whole"), (changed(seed=-1), "whole"),
        (changed(seed=2**70), "whole"), (changed(made_at=None), "whole"), (changed(lasts_s=-1), "number"),
        (changed(lasts_s=1e300), "number"), (changed(lanes="abc"), "list"), (changed(lanes=["x"] * 99), "list"),
        (changed(lanes=[[]]), "sentence"), (changed(lanes=["x" * 99]), "sentence"), (changed(steps={}), "list"),
        (changed(steps=[1]), "step"), (changed(steps=[{}] * (STEPS_MAX + 1)), "list"), (changed(ends=[]), "table"),
        (changed(ends={"x": "y"}), "whole"), (changed(ends={str(n): n for n in range(99)}), "table"),
        (changed(command=None), "sentence"), (changed(broken=[{}]), "sentence"),
        (with_step(lane="elsewhere"), "lane"), (with_step(lane=[]), "lane"), (with_step(mark="boom"), "mark"),
        (with_step(mark=[]), "mark"), (with_step(mark={}), "mark"), (with_step(at_s="1"), "number"),
        (with_step(at_s=4_000), "number"), (with_step(words="x" * 999), "sentence"),
        (with_step(words=None), "sentence"),
        (with_step(lasts_s=None), "number"), (with_step(post=5), "sentence"),
    ],
)  # fmt: skip
def test_whatever_is_no_replay_is_refused_with_a_reason(text: str, why: str) -> None:
    """And never with another exception."""
    with pytest.raises(BadInput, match=why):
        of_json(text)


def test_half_a_character_becomes_a_question_mark() -> None:
    """It could not be sent to a browser."""
    assert of_json(with_step(words="\ud800!")).steps[0].words == "?!"


def test_marks_are_counted() -> None:
    """Those that are asked for."""
    one = replay(step(), step(mark=Mark.CRASH), step(mark=Mark.FAULT))
    assert (one.count(Mark.CRASH, Mark.FAULT), one.count(Mark.PERSON)) == (2, 0)

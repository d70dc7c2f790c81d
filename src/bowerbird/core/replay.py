"""A replay: what happened in one simulated world, to be looked at later. Its format is described here alone.

A replay is one JSON object (UTF-8, at most `BYTES_MAX`), written by `bowerbird simulate --seed N --keep` and read by
the dashboard, which believes nothing in it:

    {"replay": 1, "seed": 3, "command": "bowerbird simulate --seed 3 --keep", "made_at": µs, "lasts_s": 71000.0,
     "lanes": ["worker 0", …], "left_out": 0, "broken": ["twice: a0-01 arrived 2 times"], "ends": {"published": 5},
     "steps": [{"at_s": 5300.3, "lane": "worker 0", "mark": "crash", "post": "", "words": "…", "lasts_s": 0.0}, …]}

* `lanes` are drawn in this order; each step stands on one of them. Steps are in the order of virtual time.
* `mark` is a word of `Mark`; `post` the id of the post it is about, or empty; `lasts_s` is 0 for what is an instant.
* `broken` are the promises that the judge found broken; `ends` how many posts ended in which state.
* `left_out` counts steps that were too many: what went wrong is kept before what was merely written down.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from bowerbird.core.errors import BadInput

VERSION = 1
"""Of the format; a file of another version is not read."""
BYTES_MAX = 4_000_000
"""Largest file, bytes."""
STEPS_MAX, LANES_MAX, BROKEN_MAX, ENDS_MAX = 3_000, 40, 50, 40
"""Most steps, lanes, broken promises and end states of a replay."""
WORDS_MAX, NAME_MAX = 200, 60
"""Longest sentence and longest name, characters; the writer cuts, and the reader refuses what is longer."""
LASTS_MAX_S = 200 * 366 * 86_400.0
"""Longest world, seconds."""


class Mark(StrEnum):
    """What kind of thing happened."""

    FACT = "fact"  # something was written into the books
    PLATFORM = "platform"  # a platform took something
    PERSON = "person"  # a person did something
    MESSAGE = "message"  # somebody was told
    START = "start"  # a process began
    FREEZE = "freeze"  # a process stood still
    FAULT = "fault"  # something was made to go wrong
    TROUBLE = "trouble"  # an exception came out of a room
    CRASH = "crash"  # a process died


WRONG = (Mark.CRASH, Mark.FAULT, Mark.FREEZE, Mark.TROUBLE)
"""Marks of what goes wrong, the worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened: so many seconds after the beginning, on which lane, and what, in words."""

    at_s: float
    lane: str
    mark: Mark
    words: str
    post: str = ""
    lasts_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What happened in one world; see the top of this file for each field."""

    seed: int
    command: str
    made_at: int
    lasts_s: float
    lanes: tuple[str, ...]
    steps: tuple[Step, ...]
    left_out: int = 0
    broken: tuple[str, ...] = ()
    ends: dict[str, int]

    def count(self, *marks: Mark) -> int:
        """How many steps have one of these marks."""
        return sum(step.mark in marks for step in self.steps)


def bounded(steps: Iterable[Step]) -> tuple[tuple[Step, ...], int]:
    """Cut steps to what a file may hold, in the order of time; return them, and how many were left out."""
    ordered = sorted(steps, key=lambda step: step.at_s)
    wrong = [step for step in ordered if step.mark is not Mark.FACT][:STEPS_MAX]
    facts = [step for step in ordered if step.mark is Mark.FACT][: STEPS_MAX - len(wrong)]
    kept = sorted([*wrong, *facts], key=lambda step: step.at_s) if len(ordered) > STEPS_MAX else ordered
    return tuple(kept), len(ordered) - len(kept)


def to_json(replay: Replay) -> str:
    """Write a replay as the dashboard reads it, with names and sentences cut to their longest."""
    row = asdict(replay) | {"replay": VERSION, "command": replay.command[:WORDS_MAX]}
    row["lanes"] = [lane[:NAME_MAX] for lane in replay.lanes[:LANES_MAX]]
    row["broken"] = [words[:WORDS_MAX] for words in replay.broken[:BROKEN_MAX]]
    for step in row["steps"]:
        step |= {"lane": step["lane"][:NAME_MAX], "post": step["post"][:NAME_MAX], "words": step["words"][:WORDS_MAX]}
        step |= {"at_s": round(step["at_s"], 3), "lasts_s": round(step["lasts_s"], 3)}
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def of_json(text: str) -> Replay:
    """Read a replay, whoever wrote it.

    Raises:
        BadInput: it is torn, too large, of another version, or no replay; says which.
    """
    if len(text) > BYTES_MAX:
        raise BadInput(f"it is larger than {BYTES_MAX:,} bytes")
    try:
        row = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise BadInput("it is torn, or no JSON at all") from None
    if not isinstance(row, dict) or row.get("replay") != VERSION:
        raise BadInput(f"it is no replay of version {VERSION}")
    lanes = tuple(_words(name, NAME_MAX) for name in _list(row, "lanes", LANES_MAX))
    lasts_s = _number(row, "lasts_s", LASTS_MAX_S)
    steps = tuple(_step(each, lanes, lasts_s) for each in _list(row, "steps", STEPS_MAX))
    ends = row.get("ends")
    if not isinstance(ends, dict) or len(ends) > ENDS_MAX:
        raise BadInput("its 'ends' are no table")
    return Replay(
        seed=_whole(row, "seed"), command=_words(row.get("command"), WORDS_MAX), made_at=_whole(row, "made_at"),
        lasts_s=lasts_s, lanes=lanes, steps=steps, left_out=_whole(row, "left_out"),
        broken=tuple(_words(each, WORDS_MAX) for each in _list(row, "broken", BROKEN_MAX)),
        ends={_words(name, NAME_MAX): _whole(ends, name) for name in ends},
    )  # fmt: skip


def _step(row: object, lanes: tuple[str, ...], lasts_s: float) -> Step:
    if not isinstance(row, dict):
        raise BadInput("a step of it is no object")
    lane, mark = row.get("lane"), row.get("mark")
    if lane not in lanes or mark not in tuple(Mark):
        raise BadInput("a step of it stands on no lane, or has an unknown mark")
    return Step(
        at_s=_number(row, "at_s", lasts_s), lane=lane, mark=Mark(mark), words=_words(row.get("words"), WORDS_MAX),
        post=_words(row.get("post"), NAME_MAX), lasts_s=_number(row, "lasts_s", LASTS_MAX_S),
    )  # fmt: skip


def _no_number(word: str) -> float:
    raise ValueError(word)


def _list(row: dict[str, Any], name: str, most: int) -> list[Any]:
    found = row.get(name)
    if not isinstance(found, list) or len(found) > most:
        raise BadInput(f"its {name!r} are no list of at most {most:,}")
    return found


def _words(value: object, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise BadInput(f"a name or sentence in it is none, or longer than {most} characters")
    return value.encode(errors="replace").decode()  # half a character could not be sent to a browser


def _number(row: dict[str, Any], name: str, most: float) -> float:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise BadInput(f"its {name!r} is no number from 0 to {most:g}")
    return float(value)


def _whole(row: dict[str, Any], name: str) -> int:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise BadInput(f"its {name!r} is no whole number")
    return value

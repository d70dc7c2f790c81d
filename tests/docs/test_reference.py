"""Each setting, fact, state, job, command, error and field has its row or heading."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
import typer

from bowerbird.cli import app, operate, posts
from bowerbird.cli.demo import Demo
from bowerbird.core import errors
from bowerbird.core.facts import KINDS
from bowerbird.core.lifecycle import STAY_MAX_S, Event, State
from bowerbird.core.policy import RULES
from bowerbird.jobs.table import JOBS, LANES
from bowerbird.settings import KNOBS
from bowerbird.simulation.campaign import Report
from bowerbird.writers.rows import FIELDS
from tests.docs.pages import text_of

REFERENCE = text_of("docs/reference.md")
LIFE = text_of("docs/life-of-a-post.md")


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: knob.name)
def test_each_setting_has_its_row(knob: object) -> None:
    """With its environment variable and its reason."""
    name, variable, why = (getattr(knob, word) for word in ("name", "variable", "why"))
    row = next(line for line in REFERENCE.splitlines() if line.startswith(f"| `{name}` |"))
    assert f"`{variable}`" in row
    assert why in row


def test_each_fact_has_its_row() -> None:
    """With its sentence."""
    assert [kind for kind, sentence in KINDS.items() if f"| `{kind}` | {sentence} |" not in REFERENCE] == []


def test_each_job_has_its_row() -> None:
    """And each lane is somebody's."""
    rows = {job.name: line for job in JOBS for line in REFERENCE.splitlines() if line.startswith(f"| `{job.name}` | ")}
    assert set(rows) == {job.name for job in JOBS}
    assert all(any(f"| {lane} ({seats}) |" in row for row in rows.values()) for lane, seats in LANES.items())


def test_each_command_has_its_heading() -> None:
    """Those that people use; what the guardian starts is hidden."""
    commands = getattr(typer.main.get_command(app), "commands", {})
    shown = {name for name, command in commands.items() if not command.hidden}
    assert set(re.findall(r"^### (\w+)$", REFERENCE, re.MULTILINE)) == shown


def test_each_error_has_its_row() -> None:
    """The vocabulary is complete."""
    kinds = [name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert [name for name in kinds if f"| `{name}` |" not in REFERENCE] == []


def test_each_rule_has_its_row() -> None:
    """With its sentence, source and date."""
    assert [rule for rule in RULES if f"| {rule.text} | {rule.source} | {rule.date} |" not in REFERENCE] == []


def test_each_state_and_event_is_on_the_page_of_a_posts_life() -> None:
    """A row for each state, an arrow for each event, and no state without an end or a longest stay."""
    rows = {state: line for state in State for line in LIFE.splitlines() if line.startswith(f"| `{state}` |")}
    assert set(rows) == set(State)
    assert [event for event in Event if f": {event}\n" not in LIFE] == []
    assert {state for state, row in rows.items() if "| final |" not in row} == set(STAY_MAX_S)


def test_each_field_of_a_bank_has_its_row() -> None:
    """Who writes a bank finds every field."""
    page = text_of("docs/extend.md")
    assert [name for name in FIELDS if not re.search(rf"^\| .*`{name}`.* \|", page, re.MULTILINE)] == []


def keys_of(maker: Callable[..., Any], first: str) -> set[str]:
    """The keys of the dictionary in this function's source that has the key `first`, and those set afterwards."""
    nodes = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(maker)))))
    dicts = [[key.value for key in n.keys if isinstance(key, ast.Constant)] for n in nodes if isinstance(n, ast.Dict)]
    stored = [node.slice for node in nodes if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)]
    later = [place.value for place in stored if isinstance(place, ast.Constant)]
    return {str(key) for key in [*next(keys for keys in dicts if first in keys), *later]}


@pytest.mark.parametrize(
    ("command", "maker", "first"),
    [
        ("demo", Demo._report, "published"),
        ("simulate", Report.as_dict, "worlds"),
        ("doctor", operate.doctor, "findings"),
        ("why POST", posts.why, "story"),
    ],
    ids=["demo", "simulate", "doctor", "why"],
)
def test_each_field_of_the_json_has_its_row(command: str, maker: Callable[..., Any], first: str) -> None:
    """Whoever reads the line by a program finds every field, and none that is gone."""
    section = REFERENCE.split(f"`bowerbird {command} --json`")[1].split("\n`bowerbird")[0].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == keys_of(maker, first)

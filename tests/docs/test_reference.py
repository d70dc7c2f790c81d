"""Each setting, fact, state, job, command, error and field has its row or heading."""

import re

import pytest
import typer

from bowerbird.cli import app
from bowerbird.core import errors
from bowerbird.core.facts import KINDS
from bowerbird.core.lifecycle import STAY_MAX_S, Event, State
from bowerbird.core.policy import RULES
from bowerbird.jobs.table import JOBS, LANES
from bowerbird.settings import KNOBS
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

"""The help of every command teaches it: a line in the list that is whole, and an example that can be typed."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from bowerbird.cli import app
from bowerbird.cli.examples import EXAMPLES, SUMMARY_MAX, summary

GROUP: Any = typer.main.get_command(app)
SHOWN = {name: command for name, command in GROUP.commands.items() if not command.hidden}


def typed(*words: str) -> tuple[int, str]:
    """Type a command; return its exit code and all that it said."""
    argv = [sys.executable, "-m", "bowerbird", *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def test_nothing_typed_is_answered_by_the_list(tmp_path: Path) -> None:
    """Whoever types the name alone is shown what there is, and it is no error."""
    code, said = typed("--data", str(tmp_path))
    assert code == 0
    assert "Start with `bowerbird demo`" in said
    assert all(f"  {name} " in said for name in SHOWN)
    assert "..." not in said.partition("Commands:")[2]


def test_a_misspelled_command_is_recognised() -> None:
    """Nearly right is answered by what was meant."""
    code, said = typed("acounts")
    assert code == 2
    assert "Did you mean 'accounts'?" in said


@pytest.mark.parametrize("name", SHOWN)
def test_every_command_has_a_whole_line_and_an_example(name: str) -> None:
    """The line in the list is not cut off, and the help ends with how to type it."""
    line = summary(SHOWN[name].help)
    assert 10 < len(line) <= SUMMARY_MAX
    assert line.endswith(".")
    assert EXAMPLES[name]


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_every_example_can_be_typed(line: str) -> None:
    """Its command, arguments and options are those that there are."""
    words = [word for word in shlex.split(line) if not word.startswith("BOWERBIRD_")]
    name = next(word for word in words[1:] if word in SHOWN)
    rest = words[words.index(name) + 1 :]
    context = SHOWN[name].make_context(name, [*rest, *(["--password", "x"] if name == "connect" else [])])
    assert context.info_name == name

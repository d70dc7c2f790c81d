"""Every command that a page shows can be typed as it stands there."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from bowerbird.cli import app
from tests.docs.pages import PAGES, ROOT, lines_of, quoted_of

GROUP: Any = typer.main.get_command(app)
SHOWN = re.compile(r"(?:^|[\s/])bowerbird ((?!COMMAND)(?:--\w+ \S+ )*[a-z].*)$")
PLACEHOLDER = "COMMAND"


def typed_on(page: Path) -> list[str]:
    """The command lines of a page's blocks: whole, as a person copies them."""
    return [match[1] for line in lines_of(page) if (match := SHOWN.search(line))]


def named_on(page: Path) -> list[str]:
    """The command lines in a page's sentences, where a command may be named without its arguments."""
    named = [code.removeprefix("bowerbird ") for code in quoted_of(page) if code.startswith("bowerbird ")]
    return [line for line in named if PLACEHOLDER not in line]


def parse(line: str) -> str:
    """Parse a command line as the program does, without doing anything; return the command, or raise the parser's."""
    context = GROUP.make_context("bowerbird", shlex.split(line, comments=True))
    name, command, rest = GROUP.resolve_command(context, [*context._protected_args, *context.args])
    return str(command.make_context(name, rest, parent=context).info_name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_is_understood(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command or option that is renamed is renamed on every page."""
    monkeypatch.setenv("BOWERBIRD_PASSWORD", "asked for otherwise")
    named = [line for line in named_on(page) if " " in line]
    understood = {parse(line) for line in [*typed_on(page), *named]}
    assert understood <= set(GROUP.commands)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists(page: Path) -> None:
    """The same for those that stand in a sentence without their arguments."""
    assert {line for line in named_on(page) if " " not in line} <= set(GROUP.commands)


def test_commands_are_found_on_the_pages() -> None:
    """The search itself works: the README shows the walk from connecting to running."""
    words = {word for line in typed_on(ROOT / "README.md") for word in shlex.split(line, comments=True)}
    assert {"connect", "attest", "run", "posts", "why"} <= words


def test_a_command_that_is_wrong_would_be_noticed() -> None:
    """An unknown option is an error of the parser."""
    with pytest.raises(Exception, match="--moode"):
        parse("connect bluesky wren --moode auto --password secret")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_verb_of_the_workshop_exists(page: Path) -> None:
    """`make` knows what the pages ask of it."""
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    asked = {code.split()[1] for code in [*lines_of(page), *quoted_of(page)] if re.match(r"make [a-z]", code)}
    assert asked <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_is_named_is_there(page: Path) -> None:
    """What a promise points to for its proof exists."""
    named = re.findall(r"ARGS=(tests/[\w/.]+)", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []

"""Every exception to a rule carries its reason, and the doors for time and chance stay shut."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "bowerbird"
PROJECT = (ROOT / "pyproject.toml").read_text()
MAKES_CHANCE = {"Random", "SystemRandom", "default_rng", "RandomState", "PCG64"}


def sources(*folders: str) -> Iterator[tuple[Path, str]]:
    """Yields each Python file below `folders` with its text."""
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" not in file.parts:
                yield file.relative_to(ROOT), file.read_text()


def test_each_ruff_ignore_says_why() -> None:
    """A rule that is switched off for the whole house has a comment on its own line."""
    lint = tomllib.loads(PROJECT)["tool"]["ruff"]["lint"]
    reasons = dict(re.findall(r'^    "([A-Z]+\d*)",\s+# (.{8,})$', PROJECT, re.MULTILINE))
    assert [code for code in lint["ignore"] if code not in reasons] == []


def test_each_exemption_by_path_says_why() -> None:
    """A line under per-file-ignores stands below a comment."""
    block = PROJECT.split("[tool.ruff.lint.per-file-ignores]\n")[1].split("\n[")[0]
    paragraphs = re.findall(r"(#[^\n]*\n)?(\"[^\n]+)", block)
    assert [exemption for comment, exemption in paragraphs if not comment] == []


def unexplained(mark: str, *folders: str) -> Iterator[str]:
    """Yields where `mark` stands without a reason behind its codes or in a comment on the line above."""
    excused = re.compile(rf"#\s*{mark}(.*)$")
    with_reason = re.compile(r"^(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|\[[\w, -]+\])\W+\w+.{6,}")
    for file, text in sources(*folders):
        lines = text.splitlines()
        for number, (above, line) in enumerate(zip(["", *lines], lines, strict=False), start=1):
            found = excused.search(line)
            if found and not with_reason.match(found[1]) and not above.lstrip().startswith("# "):
                yield f"{file}:{number}"


def test_each_noqa_says_why() -> None:
    """An exception for one line has its reason beside it."""
    assert list(unexplained(r"noqa\b", "src", "tests", "bench", "tools")) == []


def test_each_type_that_the_product_ignores_says_why() -> None:
    """So has a type that mypy could not follow; a test may be loose with what it builds."""
    assert list(unexplained(r"type:\s*ignore\b", "src", "tools")) == []


def test_chance_is_made_only_in_the_clock_room() -> None:
    """Elsewhere a stream is handed in; nobody seeds one of their own."""
    makers = [
        f"{file}:{node.lineno}"
        for file, text in sources("src")
        if "clock" not in file.parts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and called(node) in MAKES_CHANCE
    ]
    assert makers == []


def called(node: ast.Call) -> str:
    """Returns the last name of what is called: "Random" for `random.Random(1)`."""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def test_no_test_patches_what_a_port_should_give() -> None:
    """`unittest.mock` is not imported anywhere; fakes are part of the product."""
    mockers = [
        str(file)
        for file, text in sources("src", "tests", "bench")
        if re.search(r"^\s*(from|import) (unittest\.|unittest import )?mock\b", text, re.MULTILINE)
    ]
    assert mockers == []


def test_no_function_is_longer_than_seventy_lines() -> None:
    """What does not fit one screen is more than one idea."""
    long = [
        f"{file}:{node.lineno} {node.name}"
        for file, text in sources("src")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= 70
    ]
    assert long == []


def test_no_file_names_the_machine_it_was_written_on() -> None:
    """Neither this checkout's path nor anybody's home stands in a file that git keeps."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout, so there is no list of kept files")
    places = [re.escape(f"{place}/".encode()) for place in (ROOT, Path.home()) if place != Path("/")]
    here = re.compile(rb"(?<![\w.])(" + b"|".join(places) + rb")")
    kept = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    assert [str(file) for file in kept if file.is_file() and here.search(file.read_bytes())] == []

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
EXCUSE = re.compile(r"#\s*(?:noqa: ([A-Z0-9, ]*\d)|type: ignore\[([\w, -]+)\])")
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


def unexplained(lines: list[str]) -> Iterator[str]:
    """Yields the line number and codes of each excuse for which these lines give no reason.

    A reason stands behind the codes, or in a comment on the line above; one reason in a file is enough for a code.
    """
    explained: set[str] = set()
    for number, (above, line) in enumerate(zip(["", *lines], lines, strict=False), start=1):
        if not (first := EXCUSE.search(line)):
            continue
        codes = {code.strip() for pair in EXCUSE.findall(line) for code in "".join(pair).split(",")}
        reason = EXCUSE.sub("", line[first.start() :]).strip(" -#")
        if len(reason) >= 8 or above.lstrip().startswith("# "):
            explained |= codes
        elif codes - explained:
            yield f"{number} {', '.join(sorted(codes - explained))}"


def test_each_excuse_in_the_product_says_why() -> None:
    """A line that ruff or mypy must pass over has its reason beside it; a test may be looser."""
    texts = {file: text.splitlines() for file, text in sources("src", "tools")}
    bare = [f"{file}:{where}" for file, lines in texts.items() for where in unexplained(lines)]
    assert not bare, "without a reason:\n" + "\n".join(bare)


def test_a_bare_excuse_is_noticed_once_per_code() -> None:
    """The reason may be given once; a second code needs its own."""
    lines = [
        "a()  # noqa: T201",
        "b()  # type: ignore[misc]  # the library says Any",
        "c()  # type: ignore[misc, index]",
    ]
    assert list(unexplained(lines)) == ["1 T201", "3 index"]


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
    """What does not fit one screen is more than one idea, in a migration too."""
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

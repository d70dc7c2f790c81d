"""The few verbs of make are there, say what they do, and keep standard output clean."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERBS = ["demo", "run", "test", "lint", "sim", "bench", "docs", "fix"]


def make(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs make in the project's folder, as if nobody had called make already."""
    said = ("MAKE", "MFLAGS", "ARGS")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(said)}
    return subprocess.run(
        ["make", *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("verb", VERBS)
def test_make_alone_says_what_each_verb_does(verb: str) -> None:
    """`make` prints a sentence for each verb and does nothing else."""
    assert re.search(rf"^  make {verb} +[A-Z].*\.$", make().stdout, re.MULTILINE)


def test_arguments_reach_the_command() -> None:
    """`make demo ARGS=...` hands them on as they are."""
    planned = make("--dry-run", "demo", "ARGS=--for 90s --json").stdout
    assert planned.splitlines()[-1].endswith("bowerbird demo --for 90s --json")
    planned = make("--dry-run", "sim", "SEEDS=2000", "ARGS=--json").stdout
    assert planned.splitlines()[-1].endswith("bowerbird simulate --seeds 2000 --years 0 --schedules 0 --json")


def test_tests_with_arguments_are_pytest_alone() -> None:
    """`make test` lints first; `make test ARGS=...` asks pytest only. Either way pytest has the last word."""
    everything = make("--dry-run", "test")
    assert "ruff" in everything.stderr
    assert "-m pytest --numprocesses=2 --dist=loadfile" in everything.stdout.splitlines()[-1]
    chosen = make("--dry-run", "test", "ARGS=-m network")
    assert "ruff" not in chosen.stdout + chosen.stderr
    assert chosen.stdout.splitlines()[-1].endswith("-m pytest -m network")


def test_setting_up_leaves_standard_output_alone() -> None:
    """The last line of standard output belongs to the command, so set-up speaks on standard error."""
    done = make("setup", "chromium")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


def test_ci_does_nothing_cleverer_than_make_test() -> None:
    """What guards the main branch is what anybody can run."""
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert lines[-1] == "exec make test"
    assert subprocess.run(["bash", "-n", ROOT / ".ci/run"], check=False).returncode == 0

"""Bugs planted as text: a judge that lets one of them pass is no judge."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bowerbird
from tests.simulation.mutants import MUTANTS, Mutant

HUNT = """
import sys
from bowerbird.simulation.judge import judge
from bowerbird.simulation.worlds import run_world

for seed in range(int(sys.argv[1])):
    found = {violation.rule for violation in judge(run_world(seed))} & set(sys.argv[2:])
    if found:
        sys.exit(f"caught: {seed} {sorted(found)}")
"""
WORLDS = 120


def hunt(source: Path, rules: frozenset[str]) -> str:
    """Run worlds on the sources in `source` until the judge names one of the rules; say so, or nothing."""
    command = [sys.executable, "-c", HUNT, str(WORLDS), *sorted(rules)]
    # No bytecode is kept: two mutants of one file, of one size, in one second would share it.
    environment = {"PYTHONPATH": str(source), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return ran.stderr


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, to be spoiled."""
    copy = tmp_path_factory.mktemp("sources")
    package = Path(bowerbird.__file__).parent
    shutil.copytree(package, copy / "bowerbird", ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_bug_is_caught(sources: Path, mutant: Mutant) -> None:
    """The judge names a rule that this bug breaks, within a few worlds."""
    path = sources / "bowerbird" / mutant.file
    sound = path.read_text()
    assert sound.count(mutant.snippet) == 1, "the snippet must occur exactly once; mend the mutant"
    path.write_text(sound.replace(mutant.snippet, mutant.instead))
    try:
        assert "caught: " in hunt(sources, mutant.rules)
    finally:
        path.write_text(sound)

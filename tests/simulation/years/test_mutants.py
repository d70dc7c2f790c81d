"""Bugs planted as text into breakers, timers, alerts and renewal: the judge of years names each."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bowerbird
from tests.simulation.mutants import Mutant

HUNT = """
import sys
from bowerbird.simulation.years.plots import Plot
from bowerbird.simulation.years.troubles import Trouble
from bowerbird.simulation.years.verdict import judge
from bowerbird.simulation.years.world import run_plot

kind, lasts_s = sys.argv[1], float(sys.argv[2])
plot = Plot(seed=1, troubles=(Trouble(1_801.0, kind, lasts_s, 0),), day_s=7_200.0, calm_s=1_800.0)
found = {violation.rule for violation in judge(run_plot(plot))} & set(sys.argv[3:])
if found:
    sys.exit(f"caught: {sorted(found)}")
"""
MUTANTS = {
    ("down", 900.0): Mutant(
        "a breaker that waits for ever",
        "resilience/breaker.py",
        "self._due = None if position is Position.CLOSED else self._clock.monotonic() + self._wait_s()",
        "self._due = None",
        frozenset({"breaker"}),
    ),
    ("timer_dropped", 900.0): Mutant(
        "nothing is ever overdue",
        "jobs/pulse.py",
        "return late if self.busy is None and late > job.slack_s else 0.0",
        "return 0.0",
        frozenset({"untold"}),
    ),
    ("revoked", 900.0): Mutant(
        "a session that works again is not noticed",
        "posting/renewal.py",
        "if await self._known(hold):",
        "if hold.until and await self._known(hold):",
        frozenset({"held"}),
    ),
    ("books_full", 120.0): Mutant(
        "what was carried while the books were shut is told again",
        "alerts/outbox.py",
        "waiting = [row for row in self._carried.values() if row.sent_at is None and not row.gave_up]",
        "waiting = [row for row in self._carried.values() if not row.gave_up]",
        frozenset({"told twice"}),
    ),
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, to be spoiled."""
    copy = tmp_path_factory.mktemp("sources")
    package = Path(bowerbird.__file__).parent
    shutil.copytree(package, copy / "bowerbird", ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.mark.parametrize("trouble", MUTANTS, ids=lambda trouble: MUTANTS[trouble].name)
def test_a_planted_bug_is_caught(sources: Path, trouble: tuple[str, float]) -> None:
    """One trouble is enough for the judge to name a rule that the bug breaks."""
    mutant = MUTANTS[trouble]
    path = sources / "bowerbird" / mutant.file
    sound = path.read_text()
    assert sound.count(mutant.snippet) == 1, "the snippet must occur exactly once; mend the mutant"
    path.write_text(sound.replace(mutant.snippet, mutant.instead))
    command = [sys.executable, "-c", HUNT, trouble[0], str(trouble[1]), *sorted(mutant.rules)]
    environment = {"PYTHONPATH": str(sources), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert "caught: " in ran.stderr, ran.stderr
    finally:
        path.write_text(sound)

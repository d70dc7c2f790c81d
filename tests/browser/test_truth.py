"""While something is broken the overview says so: a real Chromium reads it, also while the engine is frozen."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from bowerbird.core.health import Light
from bowerbird.drills.looking import SEEN_MAX_S

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def seen(program: str) -> dict[str, dict[str, Any]]:
    """What came of both drills, by their names."""
    argv = [sys.executable, "-m", "tests.browser.truth"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.proves("X4")
@pytest.mark.parametrize(
    ("name", "layer", "words"),
    [
        ("2.2 the engine is frozen", "Engine", "Silent for"),
        ("4.1 the breaker opens", "Posting", "breaker"),
    ],
)
def test_the_right_layer_is_red_in_time_with_the_right_sentence_and_green_again(
    seen: dict[str, dict[str, Any]], name: str, layer: str, words: str
) -> None:
    """Within two seconds of the alert, and as before once it is well: nothing of the drill went wrong."""
    row = seen[name]
    assert row["wrong"] == []
    assert row["sight"]["layer"] == layer
    assert words in row["sight"]["sentence"]
    assert row["sight"]["light"] == Light.RED
    assert 0 <= row["sight"]["seen_s"] <= SEEN_MAX_S
    assert row["sight"]["green_s"] is not None

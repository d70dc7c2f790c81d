"""Random buttons on the real program, shortly; ten minutes of it are `bowerbird drill --chaos 10m`."""

import json
import subprocess
import sys
from random import Random

import pytest

from bowerbird.browsers import chromium
from bowerbird.clock import VirtualClock, run_virtual
from bowerbird.drills.chaos import KILLS_MAX, KILLS_WINDOW_S, Finger


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(not chromium.available(), reason="no Chromium to press with")
def test_both_books_agree_after_random_buttons() -> None:
    """A browser breaks it for ten seconds; nothing is lost and nothing stands twice."""
    argv = [sys.executable, "-m", "bowerbird", "drill", "--chaos", "10s", "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=200, check=False)
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["lost"], found["doubled"], found["doubts"]) == (0, 0, []), done.stderr
    assert found["pressed"] > 0
    assert found["ok"]


def test_the_engine_is_killed_no_more_often_than_it_is_started_again() -> None:
    """A guardian that gave up would have nothing more to show."""

    async def press(clock: VirtualClock) -> list[float]:
        finger, deadly = Finger(Random(3), clock), []
        for _ in range(2_000):
            if finger.choose() in ("kill_engine", "freeze"):
                deadly.append(clock.monotonic())
            await clock.sleep(1)
        return deadly

    deadly = run_virtual(press)
    assert len(deadly) >= KILLS_MAX
    assert all(later - first >= KILLS_WINDOW_S for first, later in zip(deadly, deadly[KILLS_MAX - 1 :], strict=False))

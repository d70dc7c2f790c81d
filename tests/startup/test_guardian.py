"""The guardian: starts, starts again, gives up, stops; by itself and as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bowerbird.startup.guardian import REFUSED, RESTARTS_MAX, WINDOW_S, Child, look, stop

ENDS = [sys.executable, "-S", "-c", "raise SystemExit({})"]


@pytest.fixture
def child() -> Iterator[Callable[..., Child]]:
    """Makes children, and ends those still running."""
    made: list[Child] = []

    def make(*argv: str) -> Child:
        """A child that is not running yet."""
        made.append(Child("engine", list(argv)))
        return made[-1]

    yield make
    for one in made:
        if one.process is not None and one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def lives(child: Child, *, now: float) -> None:
    """Let it live once: started now, and ended before the next look."""
    child.start_at = now
    look(child, now)
    assert child.process is not None
    child.process.wait(10)
    look(child, now)


def test_a_child_that_ended_starts_again_after_growing_waits(child: Callable[..., Child]) -> None:
    """Half a second, one, two; then a restart does not cure it, and it stays down."""
    engine = child("false")
    waits = []
    for now in (0.0, 10.0, 20.0):
        lives(engine, now=now)
        waits.append(engine.start_at - now)
    assert waits == [0.5, 1.0, 2.0]
    assert len(engine.restarts) == RESTARTS_MAX
    lives(engine, now=30.0)
    assert engine.given_up
    look(engine, 1e6)
    assert engine.process is None


def test_it_does_not_start_before_its_time(child: Callable[..., Child]) -> None:
    """A child that fails at once must not make the machine spin."""
    engine = child("false")
    lives(engine, now=0.0)
    look(engine, 0.4)
    assert engine.process is None
    look(engine, 0.5)
    assert engine.process is not None


def test_old_restarts_are_forgotten(child: Callable[..., Child]) -> None:
    """Three crashes a week are not a fault that a restart does not cure."""
    engine = child("false")
    for number in range(6):
        lives(engine, now=number * (WINDOW_S / 2))
    assert not engine.given_up


def test_a_child_that_cannot_run_as_it_is_set_up_is_not_started_again(child: Callable[..., Child]) -> None:
    """Its own words say what to mend; starting it again would only repeat them."""
    engine = child(*ENDS[:-1], ENDS[-1].format(REFUSED))
    lives(engine, now=0.0)
    assert engine.given_up
    assert not engine.restarts


def test_a_child_that_does_not_stop_is_killed(child: Callable[..., Child]) -> None:
    """After its time is over, and not before."""
    deaf = child(sys.executable, "-S", "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)")
    deaf.start()
    assert deaf.process is not None
    time.sleep(0.3)
    began = time.monotonic()
    stop([deaf], within_s=0.5)
    assert deaf.process.returncode == -signal.SIGKILL
    assert 0.4 < time.monotonic() - began < 5


Guard = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    """Starts guardians of children given as Python lines, and ends them."""
    running: list[subprocess.Popen[str]] = []

    def begin(*lines: str, options: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """A guardian of these children, each a line of Python."""
        rows = [{"name": f"part{n}", "argv": [sys.executable, "-S", "-c", line]} for n, line in enumerate(lines)]
        (tmp_path / "children.json").write_text(json.dumps(rows))
        argv = [sys.executable, "-m", "bowerbird.startup.guardian", str(tmp_path / "children.json"), *options]
        running.append(subprocess.Popen(argv, stderr=subprocess.PIPE, text=True))
        return running[-1]

    yield begin
    for one in running:
        one.terminate()
        one.communicate(timeout=40)


def told(process: subprocess.Popen[str], word: str) -> dict[str, Any]:
    """Read what the guardian says until a sentence with this word comes."""
    assert process.stderr is not None
    for line in process.stderr:
        row: dict[str, Any] = json.loads(line)
        if word in row["says"]:
            return row
    raise AssertionError(f"it ended without saying {word!r}")


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_killed_child_is_back_within_a_second(guard: Guard) -> None:
    """As a new process, told in a line with the exit code; a stop then ends all, with status 0."""
    process = guard("import time; time.sleep(60)")
    first = told(process, "started")["pid"]
    os.kill(first, signal.SIGKILL)
    assert told(process, "starts again in 0.5 s")["code"] == -signal.SIGKILL
    second = told(process, "started")["pid"]
    assert second != first
    process.terminate()
    assert process.wait(10) == 0
    assert not alive(second)


def test_one_that_stays_down_leaves_the_other_running(guard: Guard) -> None:
    """Without the engine there is still a page that says so; when all stay down the guardian ends with 1."""
    process = guard(f"raise SystemExit({REFUSED})", "import time; time.sleep(60)")
    pids = [told(process, "started")["pid"] for _ in range(2)]
    assert told(process, "part0 stays down: it cannot run as it is set up")["code"] == REFUSED
    time.sleep(0.5)
    assert process.poll() is None
    assert alive(pids[1])

    assert guard(f"raise SystemExit({REFUSED})").wait(10) == 1


def test_with_its_parent_it_ends(guard: Guard, tmp_path: Path) -> None:
    """A rehearsal that was killed leaves nobody behind."""
    guard("import time; time.sleep(60)").terminate()
    argv = [sys.executable, "-m", "bowerbird.startup.guardian", str(tmp_path / "children.json"), "--with-parent"]
    line = f"import subprocess, time; subprocess.Popen({argv!r}); time.sleep(1)"
    parent = subprocess.Popen([sys.executable, "-S", "-c", line], stderr=subprocess.PIPE, text=True)
    pid = told(parent, "started")["pid"]
    parent.wait(10)
    patience = time.monotonic() + 10
    while alive(pid) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not alive(pid)
    assert parent.stderr is not None
    parent.stderr.close()

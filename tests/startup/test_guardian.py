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

from bowerbird.startup.child import RESTARTS_MAX, WINDOW_S, Child
from bowerbird.startup.guardian import REFUSED, Guardian, stop
from bowerbird.startup.messenger import Messenger

ENDS = [sys.executable, "-S", "-c", "raise SystemExit({})"]
SLEEPS = (sys.executable, "-S", "-c", "import time; time.sleep(60)")
BEATS_IN_ITS_PIPE = """
import json, os, time
while True:
    line = json.dumps({"note": "read-only disk", "state": "up"}) + "\\n"
    os.write(int(os.environ["BOWERBIRD_HEART_PIPE"]), line.encode())
    time.sleep(0.01)
"""

Make = Callable[..., Guardian]


@pytest.fixture
def guardian(tmp_path: Path) -> Iterator[Make]:
    """Makes a guardian of one child, and ends the child if it still runs."""
    made: list[Child] = []

    def make(*argv: str, heart: Path | None = None) -> Guardian:
        """Its child is not running yet."""
        made.append(Child("engine", list(argv), heart))
        return Guardian(made[-1:], Messenger(tmp_path, {}))

    yield make
    for one in made:
        if one.process is not None and one.process.poll() is None:
            one.process.kill()
            one.process.wait()
        one.ear.close()


def lives(guardian: Guardian, *, now: float) -> Child:
    """Let its child live once: started now, and ended before the next look."""
    (child,) = guardian.children
    child.start_at = now
    guardian.look(now)
    assert child.process is not None
    child.process.wait(10)
    guardian.look(now)
    return child


def journal(folder: Path) -> list[dict[str, Any]]:
    """What the guardian wrote down."""
    file = folder / "guardian.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_child_that_ended_starts_again_after_growing_waits(guardian: Make, tmp_path: Path) -> None:
    """Half a second, one, two; that it ended and came back within seconds is no incident."""
    engine = guardian("false")
    waits = [lives(engine, now=now).start_at - now for now in (0.0, 10.0, 20.0)]
    assert waits == [0.5, 1.0, 2.0]
    assert journal(tmp_path) == []


@pytest.mark.proves("1.2")
def test_when_its_restarts_are_used_up_it_waits_for_the_window_and_tells_once(guardian: Make, tmp_path: Path) -> None:
    """Three in ten minutes, then one as soon as the oldest is ten minutes old: never a storm, never down for ever."""
    engine = guardian("false")
    for now in (0.0, 10.0, 20.0, 30.0):
        child = lives(engine, now=now)
    assert len(child.restarts) == RESTARTS_MAX
    assert child.start_at == WINDOW_S
    engine.look(WINDOW_S - 1)
    assert child.process is None
    assert lives(engine, now=WINDOW_S).start_at == WINDOW_S + 2.0
    assert [line["fingerprint"] for line in journal(tmp_path)] == ["EngineDown|engine|"]


def test_one_that_stays_up_after_all_ends_the_incident(guardian: Make, tmp_path: Path) -> None:
    """Ten seconds are enough for a child without a heart."""
    engine = guardian("false")
    for now in (0.0, 10.0, 20.0, 30.0):
        child = lives(engine, now=now)
    child.argv = list(SLEEPS)
    for now in (WINDOW_S, WINDOW_S + 9, WINDOW_S + 10):
        assert child.trouble is not None
        engine.look(now)
    assert child.trouble is None
    assert journal(tmp_path)[-1]["healed_by"] == "the engine was started again, and stays up"


def test_it_does_not_start_before_its_time(guardian: Make) -> None:
    """A child that fails at once must not make the machine spin."""
    engine = guardian("false")
    child = lives(engine, now=0.0)
    engine.look(0.4)
    assert child.process is None
    engine.look(0.5)
    assert child.process is not None


def test_old_restarts_are_forgotten(guardian: Make, tmp_path: Path) -> None:
    """Three crashes a week are not a fault that a restart does not cure."""
    engine = guardian("false")
    for number in range(6):
        lives(engine, now=number * (WINDOW_S / 2))
    assert journal(tmp_path) == []


def test_a_child_that_cannot_run_as_it_is_set_up_is_not_started_again(guardian: Make, tmp_path: Path) -> None:
    """Its own words say what to mend; starting it again would only repeat them, until a person says it is mended."""
    engine = guardian(*ENDS[:-1], ENDS[-1].format(REFUSED))
    child = lives(engine, now=0.0)
    assert child.given_up
    assert not child.restarts
    assert journal(tmp_path)[0]["title"] == "The engine cannot run as it is set up"
    engine.try_again()
    engine.look(1.0)
    assert child.process is not None


def beat(heart: Path, number: int, state: str = "up") -> None:
    """Beat once."""
    heart.write_text(json.dumps({"at": number, "note": "all caught up", "state": state}))
    os.utime(heart, ns=(number, number))


@pytest.mark.proves("2.2", "P2")
def test_a_silent_child_is_told_once_then_killed_and_said_to_be_back(guardian: Make, tmp_path: Path) -> None:
    """Told after four seconds, killed after thirty; the same incident ends when the next one is heard."""
    heart = tmp_path / "engine.heart"
    engine = guardian(*SLEEPS, heart=heart)
    engine.look(0.0)
    (child,) = engine.children
    assert (process := child.process) is not None
    beat(heart, 1)
    for second in range(1, 36):
        engine.look(float(second))
    assert [line["why"] for line in journal(tmp_path)] == [
        "It has not been heard for 4 s; last it said: all caught up."
    ]
    assert process.wait(10) == -signal.SIGKILL
    for second in range(36, 42):
        beat(heart, second)
        engine.look(float(second))
    lines = journal(tmp_path)
    assert [line["closed_at"] is None for line in lines] == [True, False]
    assert lines[0]["opened_at"] == lines[1]["opened_at"]


@pytest.mark.proves("1.2", "P2")
def test_a_disk_that_turned_read_only_restarts_nothing(guardian: Make, tmp_path: Path) -> None:
    """The file stands still, and an earlier engine wrote it; the pipe goes on, and is believed."""
    heart = tmp_path / "engine.heart"
    beat(heart, 1, "opening")
    engine = guardian(sys.executable, "-S", "-c", BEATS_IN_ITS_PIPE, heart=heart)
    engine.look(0.0)
    (child,) = engine.children
    for second in range(1, 60):
        wait_until_heard(child)
        engine.look(float(second))
    assert (child.silence.heard, child.beat()["note"], len(child.restarts)) == (True, "read-only disk", 0)
    assert child.process is not None
    assert child.process.poll() is None
    assert journal(tmp_path) == []


def wait_until_heard(child: Child) -> None:
    """Wait for the next beat, but no longer than ten seconds."""
    before, until = child.ear.beats, time.monotonic() + 10
    while child.ear.beats == before and time.monotonic() < until:
        time.sleep(0.005)
        child.ear.listen()


def test_what_is_silent_is_not_killed_when_it_could_not_be_started_again(guardian: Make, tmp_path: Path) -> None:
    """It may still come back by itself, and that is better than nothing."""
    heart = tmp_path / "engine.heart"
    engine = guardian(*SLEEPS, heart=heart)
    engine.look(0.0)
    (child,) = engine.children
    child.restarts.extend([0.0, 0.0, 0.0])
    for second in range(1, 100):
        engine.look(float(second))
    assert child.process is not None
    assert child.process.poll() is None


def test_an_engine_that_cannot_open_its_books_is_told_by_the_guardian(guardian: Make, tmp_path: Path) -> None:
    """It is alive and is not restarted; but it has no books in which an incident could be written."""
    heart = tmp_path / "engine.heart"
    engine = guardian(*SLEEPS, heart=heart)
    engine.look(0.0)
    for second in range(1, 60):
        beat(heart, second, "opening")
        engine.look(float(second))
    assert [line["fingerprint"] for line in journal(tmp_path)] == ["EngineWaits|storage|"]
    assert not engine.children[0].restarts
    beat(heart, 60)
    engine.look(60.0)
    assert engine.children[0].trouble is None


def test_what_an_earlier_guardian_left_open_is_closed_when_all_is_well(guardian: Make, tmp_path: Path) -> None:
    """A power cut in the middle of a trouble leaves no incident open for ever."""
    first = guardian("false")
    first.open(first.children[0], "Silent", "The engine is silent", "Why.", "Fix.")
    second = guardian(*SLEEPS)
    second.look(0.0)
    second.look(1.0)
    assert journal(tmp_path)[-1]["healed_by"] == "the guardian was started anew, and all is well"


def test_a_child_that_does_not_stop_is_killed() -> None:
    """After its time is over, and not before."""
    line = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    deaf = Child("engine", [sys.executable, "-S", "-c", line])
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

"""The acts that break a program, on small programs of our own."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bowerbird.drills import ground
from bowerbird.drills.breaking import SPOILED, Breaker, failpoints, spoilable_browser
from bowerbird.resilience.failpoints import parse
from tests.processes import wait_for

WRITER = """
import sys, time
with open(sys.argv[1], "ab", buffering=0) as file:
    while True:
        try:
            file.write(b"x" * 4096)
        except OSError:
            open(sys.argv[1] + ".full", "w").close()
        time.sleep(0.01)
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program that looks like an engine from outside: a child of ours that writes and writes."""
    argv = [sys.executable, "-c", WRITER, str(tmp_path / "books"), "worker", "engine"]
    running = subprocess.Popen(argv)
    wait_for((tmp_path / "books").exists, 10)
    yield running
    running.kill()
    running.wait()


def state_of(pid: int) -> str:
    """As /proc tells it: R, S, T (stopped), Z (a zombie)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_the_engine_is_found_frozen_and_thawed(engine: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """By its command line, among the children of whoever watches over it."""
    breaker = Breaker(os.getpid(), tmp_path)
    assert breaker.worker("engine") == engine.pid
    assert breaker.freeze()
    wait_for(lambda: state_of(engine.pid) == "T", 5)
    breaker.thaw()
    wait_for(lambda: state_of(engine.pid) != "T", 5)


def test_a_disk_that_is_full_lets_no_file_grow_until_there_is_room(
    engine: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """Writing fails in the program, and works again afterwards."""
    breaker, books = Breaker(os.getpid(), tmp_path), tmp_path / "books"
    wait_for(lambda: books.stat().st_size > 20_000, 10)
    assert breaker.fill_disk()
    wait_for((tmp_path / "books.full").exists, 10)
    size = books.stat().st_size
    breaker.free_disk()
    wait_for(lambda: books.stat().st_size > size, 10)


def test_what_is_not_there_cannot_be_broken(tmp_path: Path) -> None:
    """Nobody to kill is an answer, not an error."""
    breaker = Breaker(os.getpid(), tmp_path)
    assert not any((breaker.kill(), breaker.freeze(), breaker.kill_browser(), breaker.fill_disk()))


def test_failpoints_are_written_as_the_program_reads_them(tmp_path: Path) -> None:
    """One row each, and none after the fault was taken away."""
    breaker = Breaker(os.getpid(), tmp_path)
    breaker.arm("job.plan", "raise*3")
    breaker.arm("probe.hang", "hang")
    written = parse(failpoints(tmp_path).read_text())
    assert (written["job.plan"].left, written["probe.hang"].action) == (3, "hang")
    breaker.disarm()
    assert parse(failpoints(tmp_path).read_text()) == {}


def test_a_browser_can_be_spoiled_and_restored(tmp_path: Path) -> None:
    """While the switch lies in the folder, its program exits with 1; else it is the real one."""
    program = spoilable_browser(tmp_path, "true")
    assert program is not None
    assert subprocess.run([program], check=False).returncode == 0
    (tmp_path / SPOILED).touch()
    assert subprocess.run([program], check=False).returncode == 1


def test_a_program_and_all_it_started_are_ended(tmp_path: Path) -> None:
    """Also what it left stopped in the middle of its work."""
    shell = ground.start(["sh", "-c", "sleep 60 & sleep 60 & wait"], log=tmp_path / "log")
    wait_for(lambda: len(ground.below(shell.pid)) == 2, 10)
    brood = ground.below(shell.pid)
    os.kill(brood[0], signal.SIGSTOP)
    asyncio.run(ground.end(shell, within_s=5))
    wait_for(lambda: not [pid for pid in brood if ground.words_of(pid) not in ([], [""])], 10)
    assert shell.poll() is not None

"""`bowerbird run` in an empty folder: it runs, says what to do next, and ends when asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import answers, brood, family, wait_for

WITHIN_S = 60.0


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run Bowerbird in this folder, its dashboard on a free port; what is left of it is killed at the end."""
    argv = [sys.executable, "-m", "bowerbird", "--data", str(folder), "run"]
    environment = {**os.environ, "BOWERBIRD_FACE_PORT": "0"}
    process = subprocess.Popen(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    try:
        yield process
    finally:
        for row in family(folder):
            os.kill(int(row.split()[0]), signal.SIGKILL)
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_without_an_account_it_runs_and_says_what_to_do_next(tmp_path: Path, name: str) -> None:
    """The dashboard answers at the address that was said, connecting is explained, and a stop leaves nothing."""
    with running(tmp_path) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(5)]
        assert "bowerbird connect bluesky" in "".join(said)
        assert str(tmp_path / "face.password") in said[1]
        wait_for(lambda: answers(said[0].split()[-1]), WITHIN_S)
        all_of_it = brood(process.pid)
        assert len(all_of_it) == 2
        process.send_signal(signal.Signals[name])
        assert process.wait(WITHIN_S) == 0
        assert not any(Path(f"/proc/{row.split()[0]}").exists() for row in all_of_it)


@pytest.mark.slow
def test_an_engine_that_dies_is_started_again(tmp_path: Path) -> None:
    """Whoever kills the engine sees another one a moment later."""
    with running(tmp_path):
        wait_for(lambda: any("worker engine" in row for row in family(tmp_path)), WITHIN_S)
        (first,) = [row for row in family(tmp_path) if "worker engine" in row]
        os.kill(int(first.split()[0]), signal.SIGKILL)
        wait_for(lambda: any("worker engine" in row and row != first for row in family(tmp_path)), WITHIN_S)


@pytest.mark.slow
def test_nobody_outlives_the_guardian(tmp_path: Path) -> None:
    """A guardian that was killed leaves no engine behind that would hold the books against the next start."""
    with running(tmp_path) as process:
        wait_for(lambda: len(brood(process.pid)) == 2, WITHIN_S)
        process.kill()
        process.wait(WITHIN_S)
        wait_for(lambda: not family(tmp_path), WITHIN_S)
    with running(tmp_path):
        wait_for(lambda: any("worker engine" in row for row in family(tmp_path)), WITHIN_S)


@pytest.mark.slow
def test_the_guardians_addresses_are_in_no_argument_and_in_no_file(tmp_path: Path) -> None:
    """They may hold a secret, and arguments are public."""
    (tmp_path / "bowerbird.toml").write_text('[guardian]\nwebhook = "http://127.0.0.1:9/s3cret"\n')
    (tmp_path / "bowerbird.toml").chmod(0o600)
    with running(tmp_path):
        wait_for((tmp_path / "guardian.state").exists, WITHIN_S)
        assert '"channels": ["webhook"]' in (tmp_path / "guardian.state").read_text()
        rows = family(tmp_path)
    assert "s3cret" not in "".join(rows)
    written = [path for path in tmp_path.iterdir() if path.is_file() and path.name != "bowerbird.toml"]
    assert not any(b"s3cret" in path.read_bytes() for path in written)

"""Nests: what bears a nest's name is cleared, also that of an engine which is gone, and nobody else's."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bowerbird.browsers import nest


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nests below the test's own folder."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    yield
    for one in tmp_path.glob(f"bowerbird-*/{nest.mine()}/*"):
        nest.clear(one)


def sleeper(home: Path) -> subprocess.Popen[bytes]:
    """A program that has a nest as its temporary folder."""
    with nest.as_tmpdir(home):
        program = subprocess.Popen(["sleep", "60"])
    deadline = time.monotonic() + 5
    while program.pid not in nest.dwellers(home) and time.monotonic() < deadline:
        time.sleep(0.01)
    return program


def test_clearing_a_nest_ends_who_lives_there() -> None:
    """And nobody else; twice is no error."""
    home, other = nest.make(), nest.make()
    inside, outside = sleeper(home), sleeper(other)
    assert nest.driver_of(home) == inside.pid
    assert nest.clear(home) == 1
    assert inside.wait(5) == -9
    assert (outside.poll(), home.exists(), other.exists()) == (None, False, True)
    assert nest.clear(home) == 0
    nest.clear(other)
    outside.wait(5)


@pytest.mark.proves("5.5")
def test_nests_of_engines_that_are_gone_are_swept() -> None:
    """By process id and the instant it started, for ids are given out again; our own stay."""
    mine, dead = nest.make(), nest.ground() / f"{os.getpid()}-1" / "3"
    dead.mkdir(parents=True)
    (dead / "profile").write_text("left over")
    left = sleeper(dead)
    assert nest.sweep() == 1
    assert left.wait(5) == -9
    assert (mine.exists(), dead.exists(), dead.parent.exists()) == (True, False, False)


def test_a_ground_of_somebody_else_is_not_trusted(tmp_path: Path) -> None:
    """A link in its place could lead anywhere."""
    (tmp_path / f"bowerbird-{os.geteuid()}").symlink_to(tmp_path)
    with pytest.raises(PermissionError, match="somebody else"):
        nest.ground()

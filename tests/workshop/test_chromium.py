"""A Chromium is taken only if it really starts."""

import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "tools" / "chromium.sh"


def program(folder: Path, name: str, line: str) -> Path:
    """Puts a program that does `line` into `folder`."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)
    return file


def found(folder: Path, **variables: str) -> str:
    """Returns what tools/chromium.sh prints when `folder` comes first on PATH."""
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", **variables}
    done = subprocess.run(["sh", SCRIPT], env=environment, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def test_the_named_one_comes_first(tmp_path: Path) -> None:
    """CHROMIUM wins over whatever is on PATH."""
    program(tmp_path, "chromium", "echo Chromium 1")
    named = program(tmp_path, "mine", "echo Chromium 2")
    assert found(tmp_path, CHROMIUM=str(named)) == str(named)


def test_a_stub_is_passed_over(tmp_path: Path) -> None:
    """A program called chromium that cannot even tell its version is not one."""
    program(tmp_path, "chromium", "echo 'please install the snap' >&2; exit 10")
    real = program(tmp_path, "chromium-browser", "echo Chromium 3")
    assert found(tmp_path, CHROMIUM="") == str(real)


def test_a_wrong_name_is_told_and_passed_over(tmp_path: Path) -> None:
    """CHROMIUM pointing at nothing does not hide the one on PATH."""
    real = program(tmp_path, "chromium", "echo Chromium 4")
    assert found(tmp_path, CHROMIUM=str(tmp_path / "nowhere")) == str(real)

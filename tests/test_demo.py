"""`bowerbird demo` as a stranger starts it: a real process, its last line, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bowerbird.browsers import chromium
from tests.processes import answers, brood, family, wait_for

GONE_S = 20.0
"""How long a stop may take, with a machine that has other things to do."""
UP_S = 60.0


def demo(folder: Path, *words: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a rehearsal in this folder."""
    argv = [sys.executable, "-m", "bowerbird", "--data", str(folder), "demo", *words]
    environment = {**os.environ, **(env or {})}
    return subprocess.Popen(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def rehearsed(folder: Path, for_s: int) -> tuple[dict[str, Any], str]:
    """Rehearse to the end; return the report and what was told."""
    running = demo(folder, "--for", f"{for_s}s", "--json")
    out, err = running.communicate(timeout=for_s + 90)
    assert running.returncode == 0, err
    return json.loads(out.splitlines()[-1]), err


@contextmanager
def under_way(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A rehearsal whose dashboard and engine are up; what is left of it is killed at the end."""
    running = demo(folder)
    try:
        wait_for(lambda: any("worker engine" in line for line in family(folder)), UP_S)
        wait_for(lambda: any("worker face" in line for line in family(folder)), UP_S)
        yield running
    finally:
        for pid in [int(line.split()[0]) for line in family(folder)]:
            os.kill(pid, signal.SIGKILL)
        running.kill()
        running.communicate()


def journal(folder: Path) -> list[str]:
    """Everything that ever happened on the network of this folder."""
    return (folder / "demo" / "network" / "journal.jsonl").read_text(encoding="utf-8").splitlines()


@pytest.mark.slow
@pytest.mark.browser
def test_a_rehearsal_shows_the_whole_loop_and_finds_its_world_again(tmp_path: Path) -> None:
    """It posts, measures and loses nothing; a second run goes on in the same world and knows the first one's posts."""
    first, told = rehearsed(tmp_path, 30)
    assert first["ok"]
    assert first["published"] >= 3
    assert (first["duplicates"], first["lost"]) == (0, 0)
    assert first["first_post_s"] <= 20
    assert ("No Chromium" in told) == (not chromium.available())
    assert (first["published_by_browser"] > 0) == chromium.available()
    before = journal(tmp_path)
    second, _ = rehearsed(tmp_path, 12)
    assert journal(tmp_path)[: len(before)] == before
    assert len(journal(tmp_path)) > len(before)
    assert (second["duplicates"], second["lost"]) == (0, 0)
    assert second["accepted_by_the_network"] >= first["accepted_by_the_network"]
    assert family(tmp_path) == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="processes are found by /proc")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_however_a_rehearsal_ends_nothing_of_it_is_left(tmp_path: Path, name: str) -> None:
    """Ctrl-C, a polite stop, or a kill that nobody can answer: engine, face, network and browser are gone too."""
    with under_way(tmp_path) as running:
        wait_for(lambda: any("chrom" in row for row in brood(running.pid)) or not chromium.available(), UP_S)
        all_of_it = brood(running.pid)
        running.send_signal(signal.Signals[name])
        running.wait(GONE_S)
        wait_for(lambda: family(tmp_path) == [], GONE_S)
        wait_for(lambda: not any(Path(f"/proc/{row.split()[0]}").exists() for row in all_of_it), GONE_S)


@pytest.mark.slow
def test_the_dashboard_of_a_rehearsal_answers(tmp_path: Path) -> None:
    """The address that is printed leads to a page."""
    with under_way(tmp_path) as running:
        assert running.stderr is not None
        greeting = next(line for line in running.stderr if "The dashboard" in line)
        (address,) = [word for word in greeting.split() if word.startswith("http://")]
        wait_for(lambda: answers(address), UP_S)


@pytest.mark.slow
def test_without_a_browser_the_rehearsal_says_so_and_goes_on(tmp_path: Path) -> None:
    """Where no Chromium is found the accounts with an API post, and one sentence says what is missing."""
    empty = tmp_path / "empty"
    empty.mkdir()
    env = {"PATH": str(empty), "PLAYWRIGHT_BROWSERS_PATH": str(empty), "CHROMIUM": ""}
    running = demo(tmp_path / "data", "--for", "20s", "--json", env=env)
    out, err = running.communicate(timeout=120)
    report = json.loads(out.splitlines()[-1])
    assert "No Chromium was found" in err
    assert report["published"] > 0
    assert report["published_by_browser"] == 0

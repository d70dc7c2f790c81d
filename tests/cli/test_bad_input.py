"""Bad input on the command line: one sentence with the remedy, exit 1, no traceback, and nothing lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx  # noqa: F401 - imported here, so that what its first import reads from disk is not taken for blocking
import pytest

from bowerbird.__main__ import main
from tests.processes import wait_for

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def bowerbird(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `bowerbird` on a folder of the test, in this process."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, data: str = "") -> tuple[int, str]:
        """Return the exit code and all that was said."""
        monkeypatch.setattr(sys, "argv", ["bowerbird", "--data", data or str(tmp_path / "data"), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        code = int(ended.value.code or 0)
        out, err = capfd.readouterr()
        return code, out + err

    return run


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("connect mastodon wren --password x", "there is no platform 'mastodon'; known are sandbox, sandbox-web, blue"),
        ("connect bluesky w.test --url http://127.0.0.1:1 --password x", "Bluesky could not be reached"),
        ("post bluesky:w.test Hello", "there is no account 'bluesky:w.test'; `bowerbird accounts` lists them"),
        ("post a b --at tomorrow", "'tomorrow' is no time; write it like 2026-12-24T18:00"),
        ("why p9", "there is no post 'p9' (`bowerbird posts` lists them)"),
        ("posts --state lost", "there is no state 'lost'; states are dropped,"),
        ("demo --for soon", "'soon' is no duration; write it like 90s, 5m or 2h"),
        ("bank none.csv", "none.csv: the bank cannot be opened"),
        ("restore none.db", "none.db is no backup of a Bowerbird"),
        ("--settings none.toml doctor", "there is no settings file none.toml"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence(words: str, told: str, bowerbird: Run) -> None:
    """It says where it is wrong and how to mend it."""
    code, said = bowerbird(*words.split())
    assert code == 1
    assert said.startswith("bowerbird: ")
    assert told in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[posting\n", "is not valid TOML: Expected ']'"),
        ("[posting]\natempt_s = 3\n", "no setting 'posting.atempt_s'; did you mean 'posting.attempt_s'?"),
        ("[posting]\nattempt_s = 3\n", "posting.attempt_s is 3.0; it must be at least 10 and at most 75"),
    ],
)
def test_a_broken_settings_file_stops_the_run_before_it_begins(
    content: str, told: str, bowerbird: Run, tmp_path: Path
) -> None:
    """Nothing is started and no books are made."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bowerbird.toml").write_text(content)
    code, said = bowerbird("run")
    assert (code, told in said) == (1, True)
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["bowerbird.toml"]


@pytest.mark.parametrize("name", ["BOWERBIRD_ACCOUNT_MODE", "BOWERBIRD_ACCOUNT_SLOTS"])
def test_an_account_with_a_wrong_default_is_not_made(
    name: str, bowerbird: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mode or a time of day that does not exist is told before anything is asked of the platform."""
    monkeypatch.setenv(name, "99:99")
    code, said = bowerbird("connect", "sandbox", "wren", "--url", "http://127.0.0.1:1", "--password", "x")
    assert code == 1
    assert "'99:99'" in said
    assert "No account" in bowerbird("accounts")[1]


@pytest.mark.parametrize("place", ["/proc/bowerbird", "/dev/null"])
@pytest.mark.parametrize("words", [("accounts",), ("worker", "engine"), ("run",), ("demo", "--for", "1s")])
def test_a_data_folder_that_cannot_be_is_told(place: str, words: tuple[str, ...], bowerbird: Run) -> None:
    """By every command, also by those that make it."""
    code, said = bowerbird(*words, data=place)
    assert code in (1, 78)
    assert place in said
    assert "Traceback" not in said


def test_the_help_needs_no_books(bowerbird: Run, tmp_path: Path) -> None:
    """And makes none."""
    code, said = bowerbird("--help")
    assert code == 0
    assert "bowerbird demo" in said
    assert not (tmp_path / "data").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of twelve megabytes, of which the spool takes four, where this machine lets us have one."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", place], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("only root may mount the small disk that this test fills")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_is_told_and_what_was_there_is_still_there(small_disk: Path, bowerbird: Run) -> None:
    """By whoever wants to write; when there is room again all goes on."""
    assert bowerbird("accounts", data=str(small_disk))[0] == 0
    with suppress(OSError), (small_disk / "fill").open("wb", buffering=0) as fill:
        while fill.write(bytes(4096)):
            pass
    for words in (("run",), ("pause",)):
        code, said = bowerbird(*words, data=str(small_disk))
        assert (code, said.count("\n")) == (1, 1)
    assert bowerbird("doctor", data=str(small_disk))[0] == 1
    (small_disk / "fill").unlink()
    assert bowerbird("accounts", data=str(small_disk))[0] == 0


def test_a_disk_that_is_read_only_is_told(small_disk: Path, bowerbird: Run) -> None:
    """Also to root, whom no permission stops."""
    assert bowerbird("accounts", data=str(small_disk))[0] == 0
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for words in (("run",), ("accounts",), ("demo", "--for", "1s")):
        code, said = bowerbird(*words, data=str(small_disk))
        assert (code, said.count("\n")) == (1, 1)
        assert str(small_disk) in said


def test_an_engine_waits_for_room_and_then_works(small_disk: Path, bowerbird: Run) -> None:
    """A restart would not make room, so it stays up; with room its heart beats in the books, and it stops well."""
    assert bowerbird("accounts", data=str(small_disk))[0] == 0
    with suppress(OSError), (small_disk / "fill").open("wb", buffering=0) as fill:
        while fill.write(bytes(4096)):
            pass
    with subprocess.Popen([sys.executable, "-m", "bowerbird", "--data", str(small_disk), "worker", "engine"]) as engine:
        with pytest.raises(subprocess.TimeoutExpired):
            engine.wait(3)
        (small_disk / "fill").unlink()
        wait_for(lambda: heard(small_disk / "bowerbird.db"), within_s=20)
        engine.terminate()
        assert engine.wait(30) == 0


def heard(books: Path) -> bool:
    """Whether an engine ever beat in these books."""
    with closing(sqlite3.connect(f"file:{books}?mode=ro", uri=True)) as read:
        return bool(read.execute("SELECT 1 FROM owners WHERE role = 'engine'").fetchone())

"""Replays in the data folder: kept whole, the oldest let go, and whatever else lies there is said."""

import asyncio
import os
from pathlib import Path

import pytest

from bowerbird.app.replays import KEPT_MAX, Replays
from bowerbird.core.errors import BadInput
from bowerbird.core.replay import BYTES_MAX
from tests.core.test_replay import replay, step


def test_what_is_kept_is_listed_and_read(tmp_path: Path) -> None:
    """The list is without steps; one alone is whole."""
    shelf = Replays(tmp_path)
    file = shelf.keep("seed-3", replay(step()))
    assert file == tmp_path / "replays" / "seed-3.json"
    (listed,) = asyncio.run(shelf.listed())
    assert (listed.name, listed.replay) == ("seed-3", replay())
    one = asyncio.run(shelf.one("seed-3"))
    assert one is not None
    assert one.replay == replay(step())
    assert (asyncio.run(shelf.one("seed-4"))) is None


def test_nothing_was_ever_kept(tmp_path: Path) -> None:
    """The folder need not be there."""
    assert asyncio.run(Replays(tmp_path / "none").listed()) == []
    assert asyncio.run(Replays(tmp_path / "none").one("seed-1")) is None


def test_the_newest_come_first_and_the_oldest_go(tmp_path: Path) -> None:
    """At most so many stay."""
    shelf = Replays(tmp_path)
    for n in range(KEPT_MAX + 3):
        file = shelf.keep(f"seed-{n}", replay(seed=n))
        os.utime(file, (n, n))
    shelf.keep("seed-last", replay())
    names = [kept.name for kept in asyncio.run(shelf.listed())]
    assert len(names) == KEPT_MAX
    assert names[:2] == ["seed-last", f"seed-{KEPT_MAX + 2}"]
    assert not (tmp_path / "replays" / "seed-0.json").exists()


def test_a_file_that_cannot_be_read_is_listed_with_the_reason(tmp_path: Path) -> None:
    """Torn, no text, or too large; what is no file of ours is not listed at all."""
    shelf = Replays(tmp_path)
    folder = shelf.keep("seed-1", replay()).parent
    (folder / "torn.json").write_text('{"replay": 1,', encoding="utf-8")
    (folder / "bytes.json").write_bytes(b"\xff\xfe")
    (folder / "large.json").write_bytes(b" " * (BYTES_MAX + 1))
    (folder / "folder.json").mkdir()
    (folder / "link.json").symlink_to("/etc/passwd")
    (folder / "Bad Name.json").write_text("{}", encoding="utf-8")
    (folder / "other.txt").write_text("{}", encoding="utf-8")
    assert {kept.name: kept.problem for kept in asyncio.run(shelf.listed())} == {
        "seed-1": "",
        "torn": "it is torn, or no JSON at all",
        "bytes": "it cannot be read, or is no text",
        "large": "it is larger than 4,000,000 bytes",
    }
    assert asyncio.run(shelf.one("link")) is None


@pytest.mark.parametrize("name", ["", "..", "../secrets", "a/b", "seed-1.json", "SEED-1", "x" * 200, "a\x00b"])
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    """Only what the folder lists can be read."""
    shelf = Replays(tmp_path)
    shelf.keep("seed-1", replay())
    (tmp_path / "secrets.json").write_text("{}", encoding="utf-8")
    assert asyncio.run(shelf.one(name)) is None


def test_a_file_is_read_again_only_when_it_changed(tmp_path: Path) -> None:
    """A page that is open asks every few seconds."""
    shelf = Replays(tmp_path)
    file = shelf.keep("seed-1", replay(step()))
    first, again = asyncio.run(shelf.one("seed-1")), asyncio.run(shelf.one("seed-1"))
    assert first is again
    assert (asyncio.run(shelf.listed()))[0] is (asyncio.run(shelf.listed()))[0]
    shelf.keep("seed-1", replay(step(), step()))
    os.utime(file, (5, 5))
    changed = asyncio.run(shelf.one("seed-1"))
    assert changed is not None
    assert changed.replay == replay(step(), step())


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """With the place and the reason."""
    (tmp_path / "replays").write_text("in the way", encoding="utf-8")
    with pytest.raises(BadInput, match="cannot be kept in"):
        Replays(tmp_path).keep("seed-1", replay())

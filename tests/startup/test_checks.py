"""What `bowerbird doctor` says: each finding in a sentence, with the remedy where something is not in order."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from bowerbird.clock import SystemClock, VirtualClock
from bowerbird.settings import load
from bowerbird.startup.checks import check_all, days_left, mend_all
from bowerbird.startup.finding import Finding
from bowerbird.startup.watchers import backup_age, backups, channels, guardian, ping


def findings(folder: Path, **changes: Any) -> dict[str, Finding]:
    """All findings by name, for a data folder and settings."""
    given: dict[str, Any] = {"face__port": 0, "writer__bank": "none.csv", **changes, "data__folder": str(folder)}
    return {finding.what: finding for finding in check_all(load(env={}, **given), now=SystemClock().now())}


def test_all_is_well_on_an_empty_machine(tmp_path: Path) -> None:
    """The bundled bank is read and counted, and nothing is made by looking: the folder need not be there yet."""
    found = findings(tmp_path / "a" / "b", browser__path=shutil.which("true") or "", writer__bank="python_tips")
    assert [finding.sentence for finding in found.values() if not finding.ok] == []
    assert not (tmp_path / "a").exists()
    assert found["disk"].row()["ok"] is True
    assert int(found["claim bank"].sentence.split()[0]) >= 150


def test_a_port_in_use_is_told_with_its_remedy(tmp_path: Path) -> None:
    """It may be Bowerbird itself."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = findings(tmp_path, face__port=port)["dashboard port"]
    assert not found.ok
    assert f"127.0.0.1:{port}" in found.sentence
    assert "set face.port, to" in found.fix


def test_a_key_file_that_others_can_read_is_told(tmp_path: Path) -> None:
    """With the command that mends it."""
    key = tmp_path / "secrets.key"
    key.write_text("k")
    key.chmod(0o644)
    assert findings(tmp_path)["key file"].line() == f"MEND  key file: mode 644; run chmod 600 {key}"
    key.chmod(0o600)
    assert findings(tmp_path)["key file"].ok


@pytest.mark.parametrize("place", ["/proc/bowerbird", "/dev/null/bowerbird"])
def test_a_folder_that_cannot_be_is_told(place: str) -> None:
    """A read-only place, and one that is no folder at all."""
    found = findings(Path(place))["data folder"]
    assert not found.ok
    assert "set data.folder" in found.fix


def test_a_browser_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The path that was set is named."""
    found = findings(tmp_path, browser__path="/nowhere/chromium")["browser"]
    assert not found.ok
    assert "/nowhere/chromium" in found.sentence


def test_a_writer_without_a_model_is_told(tmp_path: Path) -> None:
    """An address alone writes nothing."""
    assert not findings(tmp_path, writer__url="http://127.0.0.1:1/v1")["writer"].ok
    assert findings(tmp_path, writer__url="http://127.0.0.1:1/v1", writer__model="m")["writer"].ok


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.csv", None, "cannot be opened"),
        ("bad.yaml", "claims: [", "bad.yaml"),
    ],
)
def test_a_bank_that_cannot_be_read_is_told(name: str, content: str | None, words: str, tmp_path: Path) -> None:
    """Before a plan needs it."""
    if content is not None:
        (tmp_path / name).write_text(content)
    found = findings(tmp_path, writer__bank=str(tmp_path / name))["claim bank"]
    assert not found.ok
    assert words in found.sentence


def test_every_finding_that_is_not_in_order_says_what_to_do(tmp_path: Path) -> None:
    """And what is in order may still have advice, which is a note and no failure."""
    (tmp_path / "secrets.key").write_text("k")
    (tmp_path / "face.password").write_text("p")
    found = findings(tmp_path, browser__path="/nowhere/chromium", writer__url="http://127.0.0.1:1/v1")
    assert [finding.what for finding in found.values() if not finding.ok and not finding.fix] == []
    assert found["private files"].fix.endswith("run chmod 600 face.password")
    assert found["outside ping"].line().startswith("note  outside ping: if this machine dies, nobody is told; set")


def test_what_is_safe_is_mended_when_asked_and_only_then(tmp_path: Path) -> None:
    """The folder, files open to others, and what a dead engine left; nothing that somebody uses."""
    folder = tmp_path / "data"
    assert mend_all(folder) == [f"made {folder}"]
    (folder / "secrets.key").write_text("k")
    (folder / "engine.heart").write_text('{"pid": 2147483000}')
    (folder / "guardian.state").write_text(f'{{"pid": {os.getpid()}}}')
    assert len(mend_all(folder)) == 2
    assert mend_all(folder) == []
    assert {path.name for path in folder.iterdir()} == {"secrets.key", "guardian.state"}
    assert (folder / "secrets.key").stat().st_mode & 0o777 == 0o600


def test_a_disk_that_fills_is_foretold(tmp_path: Path) -> None:
    """From how the books have grown since the folder was made; a folder of today foretells nothing."""
    key, books = tmp_path / "secrets.key", tmp_path / "bowerbird.db"
    key.write_text("k")
    books.write_bytes(b"x" * 10_000_000)
    now = SystemClock().now()
    assert days_left(tmp_path, 100, now) is None
    ten_days_ago = now / 1_000_000 - 10 * 86_400
    os.utime(key, (ten_days_ago, ten_days_ago))
    assert days_left(tmp_path, 100, now) == pytest.approx(100, rel=0.01)


def test_it_says_who_would_be_told(tmp_path: Path) -> None:
    """Nobody, a channel that took no test, one that did; a guardian that can tell; an outside that listens."""
    assert channels({}, None).fix.startswith("name a channel")
    assert channels({"none": ""}, None).sentence == 'alerts = "none": nobody is told'
    assert channels({"phone": "x:y"}, ()).fix == "run `bowerbird alerts test`"
    assert channels({"phone": "x:y"}, ("phone",)).line() == "ok    alerts: phone took a test"
    assert guardian("", "", tmp_path, 0).sentence == "does not run; tells by nothing"
    assert guardian("https://there", "", tmp_path, 0).sentence == "does not run; tells by webhook"
    assert ping("https://there", tmp_path).ok


def test_it_says_how_old_the_backup_is(tmp_path: Path) -> None:
    """None is advice; an old one is too."""
    day = 86_400_000_000
    assert backup_age(tmp_path, day).sentence == "there is nothing to copy yet"
    (tmp_path / "bowerbird.db").touch()
    assert backup_age(tmp_path, day).fix
    (tmp_path / "backup.last").write_text('{"at": 0, "file": "x"}')
    assert backup_age(tmp_path, day).fix == ""
    assert backup_age(tmp_path, 9 * day).fix == "make another"


@pytest.mark.parametrize("note", ["", "no json", "[]", "{}", '{"at": "soon"}', '{"at": null}'])
async def test_a_backup_that_nobody_noted_has_no_age(tmp_path: Path, note: str) -> None:
    """Neither where none was made, nor where the note cannot be read."""
    if note:
        (tmp_path / "backup.last").write_text(note)
    day = VirtualClock(86_400_000_000)
    assert await backups(tmp_path, day)() == []
    (tmp_path / "backup.last").write_text('{"at": 0, "file": "x"}')
    (sample,) = await backups(tmp_path, day)()
    assert (sample.name, sample.value) == ("bowerbird_backup_age_seconds", 86_400)

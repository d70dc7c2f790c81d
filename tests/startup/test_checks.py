"""What `bowerbird doctor` says: each finding in a sentence, with the remedy where something is not in order."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from bowerbird.settings import load
from bowerbird.startup.checks import Finding, check_all


def findings(folder: Path, **changes: Any) -> dict[str, Finding]:
    """All findings by name, for a data folder and settings."""
    given: dict[str, Any] = {"face__port": 0, "writer__bank": "none.csv", **changes, "data__folder": str(folder)}
    return {finding.what: finding for finding in check_all(load(env={}, **given))}


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
    assert "set face.port" in found.sentence


def test_a_key_file_that_others_can_read_is_told(tmp_path: Path) -> None:
    """With the command that mends it."""
    key = tmp_path / "secrets.key"
    key.write_text("k")
    key.chmod(0o644)
    assert findings(tmp_path)["key file"].sentence == f"mode 644; run chmod 600 {key}"
    key.chmod(0o600)
    assert findings(tmp_path)["key file"].ok


@pytest.mark.parametrize("place", ["/proc/bowerbird", "/dev/null/bowerbird"])
def test_a_folder_that_cannot_be_is_told(place: str) -> None:
    """A read-only place, and one that is no folder at all."""
    found = findings(Path(place))["data folder"]
    assert not found.ok
    assert "set data.folder" in found.sentence


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

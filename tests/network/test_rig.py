"""The rig itself: it starts, it serves, and nothing of it is left."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.network.rig import Mode, Rig, folder, missing, running

pytestmark = pytest.mark.network


async def test_the_pds_opens_accounts_and_signs_them_in(pds: Rig) -> None:
    """An account made by the rig can sign in at Bluesky's own PDS."""
    wren = await pds.account("wren")
    login = {"identifier": wren.handle, "password": wren.password}
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{pds.pds}/xrpc/com.atproto.server.createSession", json=login)
    assert answer.status_code == 200
    assert answer.json()["did"] == wren.did


def test_a_stopped_rig_leaves_no_process_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops the rig finds the machine as it was."""
    if why := missing(Mode.PDS):
        pytest.skip(why)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with running(Mode.PDS) as rig:
        assert any(tmp_path.iterdir())
        assert httpx.get(f"{rig.pds}/xrpc/_health").status_code == 200
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{rig.pds}/xrpc/_health")


def test_the_installer_has_nothing_to_do_the_second_time() -> None:
    """`make test` asks the installer each time, so asking must cost nothing."""
    if why := missing(Mode.PDS):
        pytest.skip(why)
    installer = ["bash", str(Path(__file__).parent / "install.sh")]
    done = subprocess.run(installer, check=True, capture_output=True, text=True, timeout=20)
    assert done.stdout.strip() == str(folder())


def test_a_machine_without_npm_gets_one_sentence_and_a_code(tmp_path: Path) -> None:
    """The installer says what is missing, and keeps the sentence for the tests that are skipped."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("bash", "cat", "cut", "dirname", "mkdir", "sha256sum", "uname"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    done = subprocess.run(
        [tools / "bash", str(Path(__file__).parent / "install.sh")],
        check=False,
        capture_output=True,
        text=True,
        timeout=20,
        env={"PATH": str(tools), "XDG_CACHE_HOME": str(tmp_path)},
    )
    (reason,) = (tmp_path / "bowerbird").glob("*.reason")
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr == reason.read_text() == "npm is not installed, and Bluesky's server software comes from npm.\n"

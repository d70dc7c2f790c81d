"""Serving: never wider than this machine without a password somebody chose, and a made one only for its owner."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from bowerbird.clock import SeededChance, SystemClock
from bowerbird.core.errors import BadInput
from bowerbird.dashboard.serve import listen, made_password, serve
from bowerbird.storage.memory import MemoryStorage


def served(folder: Path, **changes: Any) -> Any:
    """Serve empty books."""
    plain: dict[str, Any] = {
        "host": "127.0.0.1", "port": 0, "password": "", "password_file": folder / "face.password", "settings": [],
    }  # fmt: skip
    return serve(MemoryStorage(), SystemClock(), SeededChance(1), **(plain | changes))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "bird.example"])
async def test_it_refuses_to_listen_wider_without_a_password(tmp_path: Path, host: str) -> None:
    """It says what to set, and opens no port."""
    with pytest.raises(BadInput, match=r"set face\.password first"):
        await served(tmp_path, host=host)
    assert list(tmp_path.iterdir()) == []


def test_a_made_password_is_for_its_owner_and_stays(tmp_path: Path) -> None:
    """Mode 0600, long enough, and the same at the next start."""
    file = tmp_path / "face.password"
    made = made_password(file)
    assert (file.stat().st_mode & 0o777, len(made) >= 12) == (0o600, True)
    assert made_password(file) == made


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    """With the setting that mends it."""
    taken = listen("127.0.0.1", 0)
    try:
        with pytest.raises(BadInput, match=r"set face\.port to another"):
            listen("127.0.0.1", taken.getsockname()[1])
    finally:
        taken.close()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_it_serves_on_a_real_port_under_our_name_alone(tmp_path: Path) -> None:
    """The whole way: listener, names, headers, door."""
    port = free_port()
    serving = asyncio.create_task(served(tmp_path, port=port))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(100):
            try:
                answer = await client.get("/")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.02)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/")
        assert (await client.get("/", headers={"host": "evil.example"})).status_code == 421
        assert "server" not in answer.headers
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)

"""The rehearsal network from outside: its journal, its truth, and the door by which it is made to fail."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bowerbird.core.errors import BadInput
from bowerbird.core.ports import Clock
from bowerbird.drills import ground

UP_S = 20.0
"""How long it may take to start, seconds."""


@dataclass
class Network:
    """A sandbox: its process, if we started it, and its address.

    Args:
        accounts: handle, password and keyed of each of ours.
    """

    url: str
    accounts: list[dict[str, str]]
    http: httpx.AsyncClient
    process: subprocess.Popen[bytes] | None = None
    _accepted: dict[str, dict[str, Any]] = field(default_factory=dict)
    _read: int = 0

    async def get(self, path: str) -> Any:
        """Ask it."""
        return (await self.http.get(self.url + path)).raise_for_status().json()

    async def arm(self, kind: str, **more: Any) -> None:
        """Arm a fault (`sandbox.faults`): kind, on, account, count or for_s, delay_s."""
        (await self.http.post(f"{self.url}/api/faults", json={"kind": kind, **more})).raise_for_status()

    async def disarm(self) -> None:
        """Take every fault away."""
        (await self.http.delete(f"{self.url}/api/faults")).raise_for_status()

    async def armed(self, kind: str) -> int:
        """How many requests the armed faults of this kind will still hit."""
        return sum(int(row["left"] or 0) for row in await self._faults(kind))

    async def hits(self, kind: str) -> int:
        """How many requests the armed faults of this kind have hit so far."""
        return sum(int(row["hits"]) for row in await self._faults(kind))

    async def _faults(self, kind: str) -> list[dict[str, Any]]:
        return [row for row in (await self.get("/api/faults"))["faults"] if row["kind"] == kind]

    async def limit(self, handle: str, **changes: Any) -> None:
        """Change an account's limits there."""
        (await self.http.post(f"{self.url}/api/limits", json={"account": handle, **changes})).raise_for_status()

    async def accepted(self) -> Mapping[str, dict[str, Any]]:
        """Every post that it ever accepted from our accounts, by id; read on from where we last stood."""
        ours = {row["handle"] for row in self.accounts}
        while (page := await self.get(f"/api/journal?after={self._read}"))["records"]:
            posts = [row for row in page["records"] if row["kind"] == "post" and row["account"] in ours]
            self._accepted |= {row["id"]: row for row in posts}
            self._read = page["next"]
        return self._accepted

    async def doubled(self) -> int:
        """How many posts stand there twice, by its own judgement."""
        return int((await self.get("/api/truth"))["duplicates"])

    async def say_as(self, handle: str, text: str) -> str:
        """Post as one of our accounts without Bowerbird: a foreign writer. Returns the id."""
        row = next(row for row in self.accounts if row["handle"] == handle)
        signed = await self.http.post(f"{self.url}/api/sessions", json={"handle": handle, "password": row["password"]})
        token = signed.raise_for_status().json()["token"]
        headers = {"authorization": f"Bearer {token}"}
        said = await self.http.post(f"{self.url}/api/posts", json={"text": text}, headers=headers)
        return str(said.raise_for_status().json()["id"])


async def start_network(
    folder: Path, clock: Clock, http: httpx.AsyncClient, *, cast: str, speed: float, seed: int
) -> Network:
    """Start a sandbox and wait for its greeting.

    Raises:
        BadInput: it did not start; its own words are in its log.
    """
    log = folder / "network.log"
    argv = [sys.executable, "-m", "bowerbird.sandbox", "--data", str(folder), "--accounts", cast]
    process = ground.start([*argv, "--speed", str(speed), "--seed", str(seed)], log=log)
    end = clock.monotonic() + UP_S
    while clock.monotonic() < end and process.poll() is None:
        greeting = await asyncio.to_thread(_greeting, log)
        if greeting is not None:
            return Network(greeting["url"], greeting["accounts"], http, process)
        await clock.sleep(0.05)
    await ground.end(process)
    raise BadInput(f"the rehearsal network did not start; its own words are in {log}")


def _greeting(log: Path) -> dict[str, Any] | None:
    lines = log.read_text(encoding="utf-8").splitlines()
    return next((json.loads(line) for line in lines if line.startswith("{")), None)

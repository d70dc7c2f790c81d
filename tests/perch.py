"""The sandbox as a real process, with as many accounts as tests like to have to themselves, and the judges' door.

with running_perch() as perch:
    robin = perch.account("none")         # a new account each time: nobody shares a state
    await perch.arm("drop_answer", account=robin)
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx

KINDS = ("forever", "hour", "none")
ACCOUNTS_MAX = 100
STRANGER = "stranger"
"""Somebody else, who can be made to speak."""


@dataclass
class Perch:
    """A running sandbox."""

    url: str
    process: subprocess.Popen[str]
    _numbers: dict[str, Iterator[int]] = field(default_factory=lambda: {kind: count() for kind in KINDS})

    def account(self, keyed: str) -> str:
        """The handle of an account nobody has used yet; its password is the handle with ``-pass``."""
        return f"{keyed}{next(self._numbers[keyed])}"

    async def judge(self, method: str, path: str, **asked: Any) -> dict[str, Any]:
        """Ask through the judges' door, which no fault reaches."""
        async with httpx.AsyncClient() as http:
            answer = await http.request(method, self.url + path, json=asked or None)
        answer.raise_for_status()
        return dict(answer.json())

    async def arm(self, kind: str, **asked: Any) -> None:
        """Arm a fault for the next request that fits, or do at once what needs no waiting."""
        await self.judge("POST", "/api/faults", kind=kind, **asked)

    async def disarm(self) -> None:
        """Take back what has not happened yet."""
        await self.judge("DELETE", "/api/faults")

    async def posts(self, handle: str) -> list[dict[str, Any]]:
        """What an account has posted and what still stands, oldest first, as the journal has it."""
        rows: list[dict[str, Any]] = []
        while True:
            page = (await self.judge("GET", f"/api/journal?after={len(rows)}"))["records"]
            if not page:
                break
            rows += page
        removed = {row["id"] for row in rows if row.get("kind") == "removed"}
        return [
            row for row in rows if row.get("kind") == "post" and row["account"] == handle and row["id"] not in removed
        ]

    async def speak(self, text: str, reply_to: str | None = None) -> str:
        """Let the stranger post; return the id."""
        async with httpx.AsyncClient(base_url=self.url) as http:
            signing = await http.post("/api/sessions", json={"handle": STRANGER, "password": f"{STRANGER}-pass"})
            signed = {"authorization": f"Bearer {signing.json()['token']}"}
            body = {"text": text, "reply_to": reply_to}
            answer = await http.post("/api/posts", json=body, headers=signed)
        answer.raise_for_status()
        return str(answer.json()["id"])


@contextmanager
def running_perch(*, speed: float = 1.0) -> Iterator[Perch]:
    """Run a sandbox in a folder of its own, and end it, and only it."""
    handles = [f"{kind}{n}:{kind}" for kind in KINDS for n in range(ACCOUNTS_MAX)]
    accounts = ",".join([*handles, f"{STRANGER}:none"])
    with tempfile.TemporaryDirectory(prefix="bowerbird-perch-") as folder:
        told = ["--data", str(Path(folder) / "world"), "--speed", str(speed), "--accounts", accounts]
        command = [sys.executable, "-m", "bowerbird.sandbox", *told]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            yield Perch(json.loads(process.stdout.readline())["url"], process)
        finally:
            process.terminate()
            process.communicate(timeout=15)

"""The rehearsal network as a process of its own, kept by a guardian of its own."""

from __future__ import annotations

import json
import os
import re
import select
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from bowerbird.core.errors import BadInput

PORT = 8421
"""The network's port where it is free."""
UP_S = 15.0
"""How long the network may take to greet, in seconds."""
STOP_S = 40.0
"""How long everything may take to stop, in seconds."""
ALONE = re.compile(r"NOTIFY_SOCKET|WATCHDOG_\w+|BOWERBIRD_GUARDIAN_\w+")
"""Variables that its guardian is not given: it speaks to nobody, neither to systemd nor to a person."""


@dataclass
class Network:
    """The sandbox's process and address."""

    process: subprocess.Popen[str]
    url: str
    accounts: list[dict[str, str]]

    def get(self, path: str) -> dict[str, Any]:
        """Ask the sandbox."""
        with urlopen(self.url + path, timeout=10) as answer:  # noqa: S310 - our own loopback address
            found: dict[str, Any] = json.load(answer)
            return found

    def accepted(self) -> set[str]:
        """The ids of every post that the network accepted from our accounts."""
        ours = {row["handle"] for row in self.accounts}
        found: set[str] = set()
        after = 0
        while (page := self.get(f"/api/journal?after={after}"))["records"]:
            rows = [row for row in page["records"] if row["kind"] == "post"]
            found |= {row["id"] for row in rows if row["account"] in ours}
            after = page["next"]
        return found


def start_network(folder: Path, *, cast: str, speed: float, seed: int, port: int = PORT) -> Network:
    """Start the sandbox of this folder and wait for its greeting; blocks for about a second.

    It has a guardian of its own, by which it ends when we do, however we end; and the same port each time where
    that is free, so that the links of earlier rehearsals still lead somewhere.

    Args:
        cast: our accounts, such as ``wren:forever,finch:hour``; speed: how much faster its audience lives.

    Raises:
        BadInput: it did not start; its own words are in its log.
    """
    sandbox = [sys.executable, "-m", "bowerbird.sandbox", "--data", str(folder / "network")]
    sandbox += ["--port", str(free_port("127.0.0.1", port)), "--accounts", cast]
    sandbox += ["--speed", str(speed), "--seed", str(seed)]
    argv = [*guarded([{"name": "network", "argv": sandbox}], folder / "network.json"), "--with-parent"]
    log = (folder / "network.log").open("ab")
    env = {name: value for name, value in os.environ.items() if not ALONE.fullmatch(name)}
    # A group of its own: Ctrl-C stops the engine first, and the network when nobody needs it any more.
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True, env=env, start_new_session=True)
    out = process.stdout
    line = out.readline() if out and select.select([out], [], [], UP_S)[0] else ""
    if not line:
        end(process)
        raise BadInput(f"the rehearsal network did not start; its own words are in {folder / 'network.log'}")
    greeting = json.loads(line)
    return Network(process, greeting["url"], greeting["accounts"])


def free_port(host: str, wanted: int) -> int:
    """Return the port wanted if it is free, else one that is: a rehearsal beside a running Bowerbird is welcome."""
    for port in (wanted, 0):
        with suppress(OSError), socket.socket() as probe:
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    return wanted


def end(process: subprocess.Popen[Any]) -> None:
    """Ask a process to stop, and kill it when it does not."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
    if process.poll() is None:
        process.kill()
        process.wait()


def guarded(rows: list[dict[str, Any]], file: Path) -> list[str]:
    """Write down children and return the command of the guardian that keeps them."""
    file.write_text(json.dumps(rows), encoding="utf-8")
    return [sys.executable, "-m", "bowerbird.startup.guardian", str(file)]

"""What Bowerbird costs a small machine while it has nothing to do: memory, processor, and the time until `--help`.

One Bluesky account, whose server is a few lines in this process, and no browser. `bowerbird run` is left alone
for a minute; the memory is the proportional share (PSS) of the guardian, the engine and the face together, and
the processor time is what all three used in the second half of that minute, in percent of one core.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from bench.report import Anchor, Row, report
from bowerbird.app.accounts import account_from
from bowerbird.app.books import open_books
from bowerbird.app.network import end
from bowerbird.clock import SystemClock
from bowerbird.core.books import Batch
from bowerbird.settings import load

WARM_S, WATCH_S = 25.0, 35.0
"""Seconds until it has settled down, and seconds it is then watched."""
MEMORY_MAX_MB, CPU_MAX_PCT, HELP_MAX = 220.0, 2.0, 10.0
STARTS = 15
DID = "did:plc:bench"
ANSWERS: dict[str, dict[str, Any]] = {
    "createSession": {"did": DID, "handle": "bench.test", "accessJwt": "a", "refreshJwt": "r"},
    "getSession": {"did": DID, "handle": "bench.test"},
    "getProfile": {"did": DID, "handle": "bench.test", "followersCount": 3},
    "listNotifications": {"notifications": []},
    "searchPosts": {"posts": []},
    "getPosts": {"posts": []},
    "getAuthorFeed": {"feed": []},
}
"""What the server knows, by the last part of the method's name."""


class Pds(BaseHTTPRequestHandler):
    """Bluesky's server as far as an idle account asks for it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a question."""
        answer = ANSWERS.get(self.path.partition("?")[0].rpartition(".")[2])
        body = json.dumps(answer or {"error": "MethodNotImplemented"}).encode()
        self.send_response(200 if answer else 501)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Answer a sign-in."""
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Say nothing."""


@contextmanager
def pds() -> Iterator[str]:
    """A server on a free port of this machine; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pds)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


async def connect(folder: Path, url: str) -> None:
    """Write one Bluesky account into new books."""
    settings, clock = load(env={}, data__folder=str(folder)), SystemClock()
    books = await open_books(settings, clock, engine=False)
    account = account_from(
        settings, platform="bluesky", handle="bench.test", url=url, now=clock.now(), labelled=True, operator="A bench"
    )
    await books.save_secret(account.id, "password", "app-password")
    await books.record(Batch(accounts=(account,)))
    await books.close()


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """`bowerbird run` on this folder; its process id."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOWERBIRD_")}
    argv = [sys.executable, "-m", "bowerbird", "--data", str(folder), "run"]
    with (folder / "run.log").open("ab") as log:
        environment["BOWERBIRD_FACE_PORT"] = "0"
        environment["BOWERBIRD_ALERTS_CHANNELS"] = "none"
        process = subprocess.Popen(argv, env=environment, stdout=log, stderr=log)
    try:
        yield process.pid
    finally:
        end(process)


def family(root: int) -> dict[int, str]:
    """A process and all that descend from it, each with its command line."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it ended while we looked
    found = {root}
    while grown := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= grown
    return {pid: Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip() for pid in found}


def part_of(command: str) -> str:
    """What a process is to us: guardian, engine, face, or its command line."""
    names = {"startup.guardian": "guardian", "worker engine": "engine", "worker face": "face"}
    return next((name for mark, name in names.items() if mark in command), command[:60])


def memory_mb(pid: int) -> float:
    """Proportional memory of a process: shared pages count by the share."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def cpu_s(pid: int) -> float:
    """Processor time of a process so far, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watch(root: int) -> dict[str, dict[str, float]]:
    """Leave it alone, then look: memory at its largest and processor percent, by part."""
    wait("settling down", WARM_S)
    parts = {pid: part_of(command) for pid, command in family(root).items()}
    used, began = {pid: cpu_s(pid) for pid in parts}, time.monotonic()
    first = {pid: memory_mb(pid) for pid in parts}
    wait("watching it idle", WATCH_S)
    after = {pid: part_of(command) for pid, command in family(root).items()}
    if after != parts:
        raise SystemExit(f"a process came or went while it was idle: {parts} became {after}")
    took_s = time.monotonic() - began
    return {
        part: {
            "memory_mb": round(max(first[pid], memory_mb(pid)), 1),
            "cpu_pct": round((cpu_s(pid) - used[pid]) / took_s * 100, 2),
        }
        for pid, part in parts.items()
    }


def wait(what: str, seconds: float) -> None:
    """Wait, and show for how long."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f} of {task.total:.0f} s"))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for _ in progress.track(range(int(seconds)), description=what):
            time.sleep(1)


def start_ms(argv: list[str]) -> float:
    """How long a command takes from start to end, milliseconds."""
    began = time.perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1_000


def helps() -> tuple[float, float]:
    """Medians in milliseconds of `bowerbird --help` and of a Python that does nothing, taken in turn."""
    script = Path(sys.executable).with_name("bowerbird")
    command = [str(script)] if script.exists() else [sys.executable, "-m", "bowerbird"]
    pairs = [(start_ms([*command, "--help"]), start_ms([sys.executable, "-c", "pass"])) for _ in range(STARTS + 1)]
    ours, bare = zip(*pairs[1:], strict=True)  # the first pair fills the disk's cache
    return statistics.median(ours), statistics.median(bare)


def rows_of(parts: dict[str, dict[str, float]], ours_ms: float, bare_ms: float) -> list[Row]:
    """Hold the figures against the bars."""
    memory, cpu = (round(sum(part[name] for part in parts.values()), 2) for name in ("memory_mb", "cpu_pct"))
    ratio = ours_ms / bare_ms
    anchor = Anchor(name="python -c pass", version=platform.python_version(), value=round(bare_ms, 2))
    return [
        Row(name="proportional memory", value=memory, unit="MB", bar=MEMORY_MAX_MB, ok=memory <= MEMORY_MAX_MB, n=2),
        Row(name="idle processor", value=cpu, unit="% of a core", bar=CPU_MAX_PCT, ok=cpu <= CPU_MAX_PCT, n=1),
        Row(name="bowerbird --help", value=round(ours_ms, 2), unit="ms", bar=HELP_MAX, ok=ratio <= HELP_MAX, n=STARTS,
            anchor=anchor, ratio=round(ratio, 3)),
    ]  # fmt: skip


def main() -> int:
    """Run the bench; 0 if everything is within its bar."""
    parser = argparse.ArgumentParser("bench.footprint", description="Memory, idle processor and start of Bowerbird.")
    parser.add_argument("--json", action="store_true", help="print one line of JSON at the end")
    asked = parser.parse_args()
    if not Path("/proc/self/smaps_rollup").exists():
        return report("footprint", [], as_json=asked.json, skipped={"all": "this system tells no proportional memory"})
    ours_ms, bare_ms = helps()
    with tempfile.TemporaryDirectory(prefix="bowerbird-footprint-") as name, pds() as url:
        asyncio.run(connect(Path(name), url))
        with running(Path(name)) as root:
            parts = watch(root)
    rows = rows_of(parts, ours_ms, bare_ms)
    figures = {
        "memory_mb": rows[0].value,
        "idle_cpu_pct": rows[1].value,
        "help_ratio": rows[2].ratio,
        "processes": parts,
    }
    return report("footprint", rows, as_json=asked.json, figures=figures)


if __name__ == "__main__":
    sys.exit(main())

"""Debian's Prometheus and Alertmanager on free ports, a page of numbers for them, and somebody who is told."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import yaml

from bowerbird.core.gauge import Sample
from bowerbird.dashboard.metrics import CONTENT_TYPE, exposition

PACKAGED = Path(__file__).parents[2] / "packaging" / "prometheus"
READY_S = 30.0
"""How long the two programs may take to come up, in seconds."""


def folder() -> Path:
    """Where install.sh puts the programs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bowerbird" / "prometheus"


def missing() -> str | None:
    """Why they cannot run here, in one sentence; None if they can."""
    if (folder() / "promtool").exists():
        return None
    reason = folder().with_suffix(".reason")
    why = reason.read_text().strip() if reason.exists() else "tests/prometheus/install.sh has not been run."
    return f"Debian's Prometheus is not here: {why}"


def run_tool(tool: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run promtool or amtool in the folder of the packaged files."""
    return subprocess.run(
        [folder() / tool, *words], cwd=PACKAGED, capture_output=True, text=True, timeout=120, check=False
    )


@dataclass
class Rig:
    """What a test changes and looks at.

    Args:
        samples: what /metrics shows from now on.
        told: each notification as it came: seconds on the monotonic clock, and the alerts in it.
    """

    samples: Sequence[Sample] = ()
    told: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def wait(self, name: str, status: str, within_s: float) -> float:
        """Wait until Alertmanager told this alert with this status; return the seconds it took."""
        began = time.monotonic()
        while time.monotonic() < began + within_s:
            for at, alert in self.told:
                if alert["labels"]["alertname"] == name and alert["status"] == status and at >= began - 0.5:
                    return at - began
            time.sleep(0.05)
        raise AssertionError(f"{name} was not told as {status} within {within_s:g} s; told were {self.told}")


@contextmanager
def running(scratch: Path) -> Iterator[Rig]:
    """Start both with the packaged files, and leave nothing behind."""
    rig = Rig()
    with ExitStack() as stack:
        here = stack.enter_context(_page(rig))
        prometheus, alertmanager = free_port(), free_port()
        (scratch / "alertmanager.yml").write_text(_alertmanager(f"http://127.0.0.1:{here}/told"))
        (scratch / "prometheus.yml").write_text(_prometheus(here, alertmanager))
        argv = ["alertmanager", "--config.file=alertmanager.yml", "--storage.path=am", "--cluster.listen-address="]
        stack.enter_context(_process(scratch, *argv, f"--web.listen-address=127.0.0.1:{alertmanager}"))
        argv = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb"]
        stack.enter_context(_process(scratch, *argv, f"--web.listen-address=127.0.0.1:{prometheus}"))
        for port in (alertmanager, prometheus):
            _wait_ready(f"http://127.0.0.1:{port}/-/ready")
        yield rig


def _alertmanager(url: str) -> str:
    data = yaml.safe_load((PACKAGED / "alertmanager.example.yml").read_text())
    data["receivers"][0]["webhook_configs"][0]["url"] = url
    return yaml.safe_dump(data)


def _prometheus(page: int, alertmanager: int) -> str:
    data = yaml.safe_load((PACKAGED / "prometheus.example.yml").read_text())
    data["rule_files"] = [str(PACKAGED / "bowerbird.rules.yml")]
    data["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{page}"]
    data["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{alertmanager}"]
    return yaml.safe_dump(data)


def free_port() -> int:
    """A port that nobody holds just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _page(rig: Rig) -> Iterator[int]:
    """Serve /metrics, and take what Alertmanager tells."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(exposition(rig.samples).encode())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            rig.told += [(time.monotonic(), alert) for alert in body["alerts"]]
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", CONTENT_TYPE)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _process(scratch: Path, *argv: str) -> Iterator[None]:
    with (scratch / f"{argv[0]}.log").open("wb") as log:
        process = subprocess.Popen([folder() / argv[0], *argv[1:]], cwd=scratch, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def _wait_ready(address: str) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        try:
            with urlopen(address, timeout=2) as answer:  # noqa: S310 - our own loopback address
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"{address} was not ready within {READY_S:g} s")

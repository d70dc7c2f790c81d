"""The sandbox as a process of its own: killed, found again, hanging up for real."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest


@dataclass
class Running:
    """A sandbox process and what it said when it was up."""

    process: subprocess.Popen[str]
    greeting: dict[str, Any]

    def client(self, handle: str = "wren") -> httpx.Client:
        """Return a client signed in as this account."""
        client = httpx.Client(base_url=self.greeting["url"], timeout=10)
        token = client.post("/api/sessions", json={"handle": handle, "password": f"{handle}-pass"}).json()["token"]
        client.headers["authorization"] = f"Bearer {token}"
        return client

    def end(self, signum: signal.Signals) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(signum)
        return self.process.wait(10)


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts sandboxes on one folder, and ends those still running."""
    running: list[Running] = []

    def begin(*more: str) -> Running:
        """Start one and wait until it is up, or over."""
        command = [sys.executable, "-m", "bowerbird.sandbox", "--data", str(tmp_path / "world"), *more]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout is not None
        line = process.stdout.readline()
        running.append(Running(process, json.loads(line) if line else {}))
        return running[-1]

    yield begin
    for one in running:
        one.process.kill()
        one.process.communicate(timeout=10)


def test_a_killed_sandbox_finds_its_world_again(start: Start) -> None:
    """Every answered post is there after kill -9, under its id, and its key still holds."""
    first = start()
    assert {row["handle"]: row["keyed"] for row in first.greeting["accounts"]} == {
        "wren": "forever", "finch": "hour", "robin": "none",
    }  # fmt: skip
    with closing(first.client()) as client:
        made = [post(client, f"Tip {n}.", f"k{n}").json()["id"] for n in range(5)]
        token = client.headers["authorization"]
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    with httpx.Client(base_url=start("--seed", "99").greeting["url"]) as client:
        client.headers["authorization"] = token
        found = client.get("/api/accounts/wren/posts").json()["posts"]
        assert [row["id"] for row in reversed(found)] == made
        assert post(client, "Tip 4.", "k4").json()["id"] == made[4]
        assert client.get("/api/truth").json()["duplicates"] == 0


def test_a_dropped_answer_is_a_closed_connection(start: Start) -> None:
    """No status line, no byte; and the post stands. Dropped before, nothing stands."""
    with closing(start().client()) as client:
        for kind in ("drop_answer", "drop_before"):
            client.post("/api/faults", json={"kind": kind})
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                post(client, f"By {kind}.", kind)
        assert client.get("/api/posts/by-key/drop_answer").json()["text"] == "By drop_answer."
        assert client.get("/api/posts/by-key/drop_before").status_code == 404


def test_a_polite_end_is_status_0(start: Start) -> None:
    """And leaves nothing on standard error."""
    running = start()
    assert running.end(signal.SIGTERM) == 0
    assert running.process.stderr is not None
    assert running.process.stderr.read() == ""


def test_a_torn_line_is_told_at_the_start(start: Start, tmp_path: Path) -> None:
    """The greeting says what was cut off."""
    start().end(signal.SIGKILL)
    with (tmp_path / "world" / "journal.jsonl").open("a") as file:
        file.write('{"kind":"po')
    assert "11 bytes" in start().greeting["torn"]


@pytest.mark.parametrize(
    ("words", "told"), [(["--accounts", "wren:maybe"], "forever|hour|none"), (["--speed", "0"], "speed")]
)
def test_a_bad_start_is_told(start: Start, words: list[str], told: str) -> None:
    """In a sentence, with status 2."""
    assert told in refusal(start(*words))


def test_a_port_in_use_is_told(start: Start) -> None:
    """With its number."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}" in refusal(start("--port", str(port)))


def test_a_second_sandbox_on_the_folder_refuses(start: Start) -> None:
    """And says that another one is running."""
    start()
    assert "another sandbox" in refusal(start())


def refusal(running: Running) -> str:
    """Return what a sandbox said that could not start: a sentence, and status 2."""
    _, errors = running.process.communicate(timeout=10)
    assert running.process.returncode == 2
    assert "Traceback" not in errors
    return errors


def post(client: httpx.Client, text: str, key: str) -> httpx.Response:
    """Post a text under a key."""
    return client.post("/api/posts", json={"text": text}, headers={"idempotency-key": key})


def test_a_slow_network_accepts_what_a_dead_client_had_asked_for(start: Start) -> None:
    """The request was heard before the client hung up; what it asked for happens all the same, and quietly."""
    running = start()
    with closing(running.client()) as client:
        client.post("/api/faults", json={"kind": "slow", "delay_s": 0.5})
        with pytest.raises(httpx.ReadTimeout):
            client.post("/api/posts", json={"text": "Ah."}, headers={"idempotency-key": "k"}, timeout=0.2)
        assert client.get("/api/posts/by-key/k").status_code == 404
        time.sleep(0.6)
        assert client.get("/api/posts/by-key/k").json()["text"] == "Ah."
    running.end(signal.SIGTERM)
    assert running.process.stderr is not None
    assert running.process.stderr.read() == ""

"""Bluesky's own server software on loopback, for one test session.

    with running(Mode.FULL) as rig:
        wren = await rig.account("wren")        # a new account each time: nobody shares a state

What is started is stopped by its process id at the end, and dies with us if we are killed; its files live in
one temporary folder that is removed. `tests/network/install.sh` fetches the software; where that was not
possible `missing()` says why in one sentence.
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any

import httpx

Server = subprocess.Popen[bytes]
HERE = Path(__file__).parent
START_MAX_S = 120.0
STOP_MAX_S = 10.0
ADMIN = ("admin", "admin-pass")
JWT_SECRET = "jwt-secret"
"""dev-env's own constant (dist/const.js), by which a test can make a token that has expired."""


class Mode(StrEnum):
    """How much of the network runs."""

    PDS = "pds"  # writing, signing in, limits, errors
    FULL = "full"  # and search, counts, notifications, threads


@dataclass(frozen=True)
class Person:
    """An account on the rig."""

    handle: str
    password: str
    did: str


@dataclass
class Rig:
    """A running network: the addresses, and new accounts on demand."""

    mode: Mode
    pds: str
    appview: str | None
    plc: str
    started_s: float
    _numbers: Iterator[int] = field(default_factory=count)

    async def account(self, name: str) -> Person:
        """Open an account whose handle begins with this name (letters, at most 10)."""
        handle = f"{name}{next(self._numbers)}.test"
        person = {"handle": handle, "email": f"{handle}@example.com", "password": f"{name}-secret"}
        async with httpx.AsyncClient(timeout=30) as http:
            answer = await http.post(f"{self.pds}/xrpc/com.atproto.server.createAccount", json=person)
        answer.raise_for_status()
        return Person(handle=handle, password=person["password"], did=answer.json()["did"])

    async def take_down(self, person: Person) -> None:
        """Lock an account the way Bluesky's moderators do."""
        change = {
            "subject": {"$type": "com.atproto.admin.defs#repoRef", "did": person.did},
            "takedown": {"applied": True, "ref": "test"},
        }
        async with httpx.AsyncClient(timeout=30, auth=ADMIN) as http:
            answer = await http.post(f"{self.pds}/xrpc/com.atproto.admin.updateSubjectStatus", json=change)
        answer.raise_for_status()


# --- what the machine has ---------------------------------------------------------------------------------


def folder() -> Path:
    """Where install.sh puts the software that the lock file names."""
    digest = hashlib.sha256((HERE / "package.json").read_bytes() + (HERE / "package-lock.json").read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "bowerbird" / f"atproto-{digest.hexdigest()[:16]}"


def missing(mode: Mode) -> str | None:
    """Why this much of the network cannot run here, in one sentence; None if it can."""
    if not (folder() / "node").exists():
        reason = folder().with_suffix(".reason")
        why = reason.read_text().strip() if reason.exists() else "tests/network/install.sh has not been run."
        return f"Bluesky's server software is not installed: {why}"
    if mode is Mode.FULL and not (_postgres("initdb") and shutil.which("redis-server")):
        return "PostgreSQL or Redis is not installed, and Bluesky's AppView needs both."
    return None


def _postgres(program: str) -> str | None:
    """The path of a PostgreSQL program; Debian keeps them out of PATH."""
    found = [str(path) for path in Path("/usr/lib/postgresql").glob(f"*/bin/{program}")]
    return shutil.which(program) or max(found, default=None)


# --- starting and stopping --------------------------------------------------------------------------------


@contextmanager
def running(mode: Mode, *, rate_limits: bool = False) -> Iterator[Rig]:
    """Run the network, and leave nothing behind."""
    with ExitStack() as stack:
        scratch = Path(tempfile.mkdtemp(prefix="bowerbird-rig-"))
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        env = {"NETWORK": mode.value, "RATE_LIMITS": "1" if rate_limits else "0"}
        if mode is Mode.FULL:
            env["DB_POSTGRES_URL"] = stack.enter_context(_postgres_running(scratch))
            env["REDIS_HOST"] = stack.enter_context(_redis_running(scratch))
        said = stack.enter_context(_network_running(scratch, env))
        yield Rig(mode, said["pds"], said["appview"], said["plc"], said["started_s"])


@contextmanager
def _postgres_running(scratch: Path) -> Iterator[str]:
    """A PostgreSQL of our own; it refuses to run as root, so root lends it to an unprivileged user."""
    data, port = scratch / "postgres", _free_port()
    data.mkdir()
    user = _unprivileged()
    if user:
        scratch.chmod(0o711)
        shutil.chown(data, user.pw_uid, user.pw_gid)
    initdb, postgres = _postgres("initdb"), _postgres("postgres")
    assert initdb, "missing() was not asked"
    assert postgres, "missing() was not asked"
    init = f"{initdb} -D {data} -U bowerbird -A trust -E UTF8 --locale=C --no-sync".split()
    subprocess.run([*_as(user), *init], check=True, capture_output=True, cwd=data, timeout=START_MAX_S)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": 200,
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    # SIGINT is PostgreSQL's fast stop: SIGTERM would wait for every client to leave.
    argv, log = [*_as(user, "INT"), postgres, "-D", str(data), *options], scratch / "postgres.log"
    with _process(argv, log, "INT") as process:
        _answers(port, process, log)
        yield f"postgresql://bowerbird@127.0.0.1:{port}/postgres"


@contextmanager
def _redis_running(scratch: Path) -> Iterator[str]:
    port, log = _free_port(), scratch / "redis.log"
    options = f"--port {port} --bind 127.0.0.1 --appendonly no --dir {scratch}".split()
    with _process([*_as(None), "redis-server", *options, "--save", ""], log) as process:
        _answers(port, process, log)
        yield f"127.0.0.1:{port}"


@contextmanager
def _network_running(scratch: Path, env: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Node with the script on its standard input, since it looks for modules from its working folder."""
    temporary, log = scratch / "tmp", scratch / "network.log"
    temporary.mkdir()
    environment = {**os.environ, **env, "TMPDIR": str(temporary), "LOG_ENABLED": "false"}
    argv = [*_as(None), str(folder() / "node"), "--input-type=module"]
    with (
        (HERE / "network.mjs").open("rb") as script,
        _process(argv, log, env=environment, stdin=script, cwd=folder(), stdout=subprocess.PIPE) as process,
    ):
        yield _first_answer(process, log)


@contextmanager
def _process(argv: list[str], log: Path, stop: str = "TERM", **options: Any) -> Iterator[Server]:
    """Run a server, its complaints in a file; stop it, and only it, at the end."""
    with log.open("ab") as complaints:
        options = {"stdout": complaints, "cwd": log.parent, **options}
        process = subprocess.Popen(argv, stderr=complaints, **options)
    try:
        yield process
    finally:
        _stop(process, stop)


def _stop(process: Server, stop: str) -> None:
    if process.poll() is None:
        process.send_signal(signal.Signals[f"SIG{stop}"])
    try:
        process.wait(STOP_MAX_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def _as(user: pwd.struct_passwd | None, death: str = "TERM") -> list[str]:
    """Words before a command: run as this user, and get a signal if we die without stopping it."""
    if not shutil.which("setpriv"):
        return []
    drop = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"] if user else []
    return ["setpriv", "--pdeathsig", death, *drop]


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with_name = [entry for entry in pwd.getpwall() if entry.pw_name == name]
        if with_name:
            return with_name[0]
    raise RuntimeError("PostgreSQL will not run as root, and there is no user 'postgres' or 'nobody'")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int, process: Server, log: Path) -> None:
    """Wait until the port is open."""
    deadline = time.monotonic() + START_MAX_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{log.stem} did not start: {_tail(log)}")


def _first_answer(process: Server, log: Path) -> dict[str, Any]:
    """The line of JSON that the network prints when it is ready; other lines are its libraries' chatter."""
    assert process.stdout
    deadline = time.monotonic() + START_MAX_S
    while (left := deadline - time.monotonic()) > 0 and select.select([process.stdout], [], [], left)[0]:
        line = process.stdout.readline()
        if line.startswith(b'{"pds"'):
            return dict(json.loads(line))
        if not line:
            break
    raise RuntimeError(f"the network did not start: {_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]

"""The process: a world on a folder, served on loopback until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bowerbird.clock import SystemClock
from bowerbird.core.errors import BadInput
from bowerbird.sandbox.app import create_app
from bowerbird.sandbox.journal import FileJournal
from bowerbird.sandbox.people import Signup
from bowerbird.sandbox.wire import HANG_UP
from bowerbird.sandbox.world import World

HOST = "127.0.0.1"
GRACE_S = 5


class Line(H11Protocol):
    """An HTTP connection that the application may cut."""

    def connection_made(self, transport: object) -> None:
        """Hand the application a way to hang up."""
        # uvicorn says "a transport" where asyncio hands it one that can be aborted.
        super().connection_made(transport)  # type: ignore[arg-type]
        # The same object; its type is `object` here because that is what the base class is called with.
        self.app = _with_hang_up(self.app, transport.abort)  # type: ignore[attr-defined]


async def serve(folder: Path, *, port: int, seed: int, speed: float, accounts: Sequence[Signup], said: TextIO) -> None:
    """Serve the world of `folder`; write one JSON line to `said` once the port is open.

    Port 0 takes a free one. SIGTERM and SIGINT let requests finish for up to 5 s.

    Raises:
        BadInput: the port is in use, or the journal is damaged.
        StorageBusy: another sandbox runs on this folder.
    """
    listener = _listen(port)
    journal = await asyncio.to_thread(FileJournal, folder / "journal.jsonl")
    try:
        clock = SystemClock()
        world = await World.open(journal, now=clock.now, seed=seed, speed=speed, accounts=accounts)
        app = create_app(world, folder=folder / "media", sleep=clock.sleep)
        server = _server(app)
        server.obey()
        said.write(json.dumps(_greeting(world, listener)) + "\n")
        said.flush()
        await server.serve(sockets=[listener])
    finally:
        journal.close()
        listener.close()


class Server(uvicorn.Server):
    """A server that ends as a program does when it is asked to: with status 0, after closing its journal."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: `obey` came first, so that nobody who has read the greeting comes too early."""
        yield

    def obey(self) -> None:
        """From now on let SIGTERM and SIGINT end the serving, and nothing more."""
        for signum in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(signum, self.handle_exit, signum, None)


def _server(app: ASGIApp) -> Server:
    return Server(
        uvicorn.Config(
            app,
            http=Line,
            ws="none",
            lifespan="off",
            access_log=False,
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
            limit_concurrency=500,
        )
    )


def _listen(port: int) -> socket.socket:
    # With its protocol named: asyncio turns Nagle's algorithm off only then, and 40 ms an answer are at stake.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as problem:
        listener.close()
        raise BadInput(f"port {port} cannot be used: {problem.strerror}") from None
    listener.listen(128)
    return listener


def _greeting(world: World, listener: socket.socket) -> dict[str, object]:
    ours = [account for account in world.accounts.values() if account.ours]
    return {
        "url": f"http://{HOST}:{listener.getsockname()[1]}",
        "pid": os.getpid(),
        "seed": world.seed,
        "speed": world.speed,
        "torn": world.journal.torn,
        "accounts": [
            {"handle": a.handle, "password": Signup(a.handle, a.keyed).password, "keyed": a.keyed.value} for a in ours
        ],
    }


def _with_hang_up(app: ASGIApp, close: Callable[[], None]) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[HANG_UP] = close
        await app(scope, receive, send)

    return answer

"""Serve the face: loopback unless told otherwise, and never wider without a password that somebody chose."""

from __future__ import annotations

import asyncio
import secrets
import socket
from pathlib import Path

import uvicorn

from bowerbird.core.errors import BadInput
from bowerbird.core.ports import Chance, Clock
from bowerbird.dashboard.app import create_app
from bowerbird.dashboard.asked import BARE, Books, Look, SettingRow, Shelf, deaf
from bowerbird.dashboard.doors import Doors
from bowerbird.dashboard.face import Face
from bowerbird.dashboard.middleware import loopback
from bowerbird.dashboard.workshop import Tell, bare


async def serve(
    books: Books,
    clock: Clock,
    chance: Chance,
    *,
    host: str,
    port: int,
    password: str,
    password_file: Path,
    settings: list[SettingRow],
    beside: Look = deaf,
    replays: Shelf = BARE,
    workshop: Tell = bare,
    cards: Path | None = None,
) -> None:
    """Serve until told to stop (SIGTERM or SIGINT).

    Raises:
        BadInput: the port is in use, or `host` is wider than this machine and no password is set.
    """
    if not password and not loopback(host):
        raise BadInput(f"face.host is {host}, which others can reach; set face.password first, or listen on 127.0.0.1")
    known = password or await asyncio.to_thread(made_password, password_file)
    doors = Doors(known, clock, chance)
    face = Face(books, clock, chance, doors, settings, beside=beside, replays=replays, workshop=workshop, cards=cards)
    app = await asyncio.to_thread(lambda: create_app(face, host=host))
    listener = listen(host, port)
    config = uvicorn.Config(
        app, access_log=False, log_level="warning", lifespan="off", ws="none", server_header=False,
        timeout_graceful_shutdown=3, limit_concurrency=200,
    )  # fmt: skip
    server = uvicorn.Server(config)
    app.state.live.stopping = lambda: server.should_exit
    try:
        await server.serve(sockets=[listener])
    finally:
        listener.close()


def listen(host: str, port: int) -> socket.socket:
    """Open the port.

    Raises:
        BadInput: it is in use, or not ours to use.
    """
    # Named as TCP, or asyncio does not know it for TCP and leaves Nagle's algorithm on: 40 ms for each small answer.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        why = error.strerror or str(error)
        raise BadInput(f"the dashboard cannot listen on {host}:{port}: {why}; set face.port to another") from error
    listener.listen(128)
    return listener


def made_password(file: Path) -> str:
    """Return the password in the file, making one that only its owner can read if there is none."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(9) + "\n", encoding="utf-8")
    return file.read_text(encoding="utf-8").strip()

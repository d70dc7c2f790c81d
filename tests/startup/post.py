"""Somebody outside who can be told: a web server on loopback that remembers, and may refuse."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Post:
    """What arrived, with the monotonic second at which it did.

    Args:
        refuses: so many requests are answered with 503 first.
    """

    server: ThreadingHTTPServer
    heard: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)
    refuses: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def told(self) -> list[str]:
        """What each message says about its incident."""
        return [body.get("told", "") for _, _, body in self.heard]

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for _, path, _ in self.heard]

    def wait_for(self, count: int, within_s: float = 10.0) -> None:
        """Wait until so many came."""
        end = time.monotonic() + within_s
        while len(self.heard) < count:
            assert time.monotonic() < end, f"{len(self.heard)} came, not {count}"
            time.sleep(0.02)


@contextmanager
def post_office() -> Iterator[Post]:
    """Open it on a free port for as long as it is needed."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(length)) if length else {}
            if made.refuses:
                made.refuses -= 1
                self.send_error(503)
                return
            made.heard.append((time.monotonic(), self.path, body))
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Post(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)

"""A TCP proxy that breaks one connection on purpose, for the failures between a request and its answer.

    async with Proxy.to(url) as proxy:
        proxy.fault = Fault.SWALLOW     # the server does the work; its answer never comes
        ...
        proxy.fault = Fault.NONE

The fault is asked for whenever an answer comes by, so it may be changed while connections are kept alive.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

CHUNK = 65_536
_CALL = re.compile(rb"(?:GET|POST) /xrpc/([\w.]+)")


class Fault(StrEnum):
    """What goes wrong between the client and the server."""

    NONE = "none"
    SWALLOW = "swallow"  # the request is delivered; the client waits for ever
    CUT = "cut"  # the request is delivered; the connection breaks before the answer
    DELAY = "delay"  # the answer comes `delay_s` later


@dataclass
class Proxy:
    """One server seen through a proxy.

    `answers_lost` counts what it has swallowed or cut; `calls` how often each method of Bluesky's was asked for.
    """

    host: str
    port: int
    fault: Fault = Fault.NONE
    delay_s: float = 0.0
    answers_lost: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    own_port: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @classmethod
    @asynccontextmanager
    async def to(cls, url: str) -> AsyncIterator[Proxy]:
        """Listen on a free port of loopback and pass everything on to this address."""
        parts = urlsplit(url)
        proxy = cls(parts.hostname or "127.0.0.1", parts.port or 80)
        await proxy.accept()
        try:
            yield proxy
        finally:
            await proxy.refuse()

    @property
    def url(self) -> str:
        """The address for the client."""
        return f"http://127.0.0.1:{self.own_port}"

    async def accept(self) -> None:
        """Take connections, after `refuse` on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.own_port)
        self.own_port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Close every connection and refuse new ones, as a stopped server does."""
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await self._server.wait_closed()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            up_reader, up_writer = await asyncio.open_connection(self.host, self.port)
            self._open.add(up_writer)
            asking = asyncio.create_task(self._ask(reader, up_writer))
            with suppress(ConnectionError):
                await self._answer(up_reader, writer)
            asking.cancel()
            self._open.discard(up_writer)
            up_writer.close()
        finally:
            self._open.discard(writer)
            writer.close()

    async def _ask(self, reader: asyncio.StreamReader, up_writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(CHUNK):
                self.calls.update(name.decode() for name in _CALL.findall(chunk))
                up_writer.write(chunk)
                await up_writer.drain()
            up_writer.close()

    async def _answer(self, up_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await up_reader.read(CHUNK):
            if self.fault is Fault.DELAY:
                await asyncio.sleep(self.delay_s)
            if self.fault is Fault.CUT:
                self.answers_lost += 1
                writer.transport.abort()
                return
            if self.fault is Fault.SWALLOW:
                self.answers_lost += 1
                continue
            writer.write(chunk)
            await writer.drain()

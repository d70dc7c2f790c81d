"""What holds for every request and every answer, whichever page it is for.

1. The name in the address must be ours, or another site could point its own name at this machine and read along
   (DNS rebinding). Ours are the loopback names and the host that the settings name; where that is every address of
   the machine, any address in numbers too, for a number cannot be pointed anywhere, and the machine's own name.
2. A body has a limit.
3. Every answer carries the headers that keep scripts, frames and caches out, errors and files included.
"""

from __future__ import annotations

import ipaddress
import socket
from collections import Counter
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_MAX = 300_000
"""Longest body of a request, in bytes: a form of ten posts with room to spare."""

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""Sent with every answer: no inline script or style, nobody frames us, nobody else embeds what is ours."""


def loopback(host: str) -> bool:
    """Tell whether only this machine can reach the address or name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@dataclass
class Guarded:
    """An application behind the three rules above.

    Args:
        host: the one the settings name, where the face listens.
    """

    app: ASGIApp
    host: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        send = _with_headers(scope, send)
        named = Headers(scope=scope).get("host", "")
        if not self.is_ours(named):
            answer = PlainTextResponse("This page does not answer to that name. Open it by its address.", 421)
            await answer(scope, receive, send)
            return
        await self.app(scope, _bounded(receive), send)

    def is_ours(self, named: str) -> bool:
        """Tell whether a Host header, with or without its port, names us."""
        name = _bare(named)
        if loopback(name) or (name and name == self.host.lower()):
            return True
        return _everywhere(self.host) and (_in_numbers(name) or name == socket.gethostname().lower())


@dataclass
class Counted:
    """An application whose answers are counted by the class of their status, such as ``2xx``."""

    app: ASGIApp
    requests: Counter[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.requests[f"{message['status'] // 100}xx"] += 1
            await send(message)

        await self.app(scope, receive, sending)


def _bare(named: str) -> str:
    """The name without its port, in lower case; an IPv6 address without its brackets."""
    if named.startswith("["):
        return named[1:].partition("]")[0].lower()
    return named.partition(":")[0].lower()


def _in_numbers(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _everywhere(host: str) -> bool:
    return _in_numbers(host) and ipaddress.ip_address(host).is_unspecified


def _with_headers(scope: Scope, send: Send) -> Send:
    # Files may be kept if the browser asks each time whether they changed; a page is never kept.
    cache = "no-cache" if scope["path"].startswith(("/static/", "/cards/")) else "no-store"

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update({**HEADERS, "cache-control": cache})
        await send(message)

    return sending


def _bounded(receive: Receive) -> Receive:
    got = 0

    async def receiving() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > BODY_MAX:
            raise HTTPException(413, "That is more than a form of ours can hold.")
        return message

    return receiving

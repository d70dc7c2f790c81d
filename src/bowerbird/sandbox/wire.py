"""The wire: the outermost layer, where requests meet the faults that are armed.

1. let the cast catch up with the present;
2. before anything is accepted: wait (slow), hang up (drop_before), refuse (429) or fail (500);
3. let the doors answer;
4. an answer that accepted a write may be thrown away and the connection closed (drop_answer).

Hanging up needs the connection. The server passes a function for it in the scope's extensions (`serve`); without a
server, in a test over httpx's ASGI transport, the same thing is told as the error a client would see.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bowerbird.sandbox import asking
from bowerbird.sandbox.denied import Denied
from bowerbird.sandbox.faults import Faults, Kind, On
from bowerbird.sandbox.world import World

HANG_UP = "bowerbird.hang_up"
Sleep = Callable[[float], Awaitable[None]]
Refusal = Callable[[Request, int, str, dict[str, str]], Response]

_UNTOUCHED = ("/api/faults", "/api/limits", "/api/journal", "/api/truth", "/api/health", "/faults", "/static", "/i/")
_SIGNING = ("/api/sessions", "/login", "/logout")


class Wire:
    """Wrap the network's application.

    Args:
        sleep: waits so many seconds.
        refuse: makes the answer of a fault, as JSON or as a page.
    """

    def __init__(self, app: ASGIApp, world: World, faults: Faults, *, sleep: Sleep, refuse: Refusal) -> None:
        self._app = app
        self._world = world
        self._faults = faults
        self._sleep = sleep
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or fail to."""
        if scope["type"] != "http" or scope["path"].startswith(_UNTOUCHED):
            await self._app(scope, receive, send)
            return
        await self._world.advance()
        request = Request(scope)
        # Set by whoever accepts a write: a redirect to the sign-in page must not count as one.
        request.state.accepted = False
        on, account = purpose(request), self._whose(request)
        if self._faults.find(Kind.SLOW, on, account):
            receive = await _heard_out(receive)
        if await self._waylaid(request, on, account, receive, send):
            return
        if self._faults.find(Kind.DROP_ANSWER, on, account):
            await self._answer_lost(request, on, account, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _waylaid(self, request: Request, on: On, account: str | None, receive: Receive, send: Send) -> bool:
        """Apply what happens before a request is accepted; return whether it ended here."""
        if slow := self._faults.take(Kind.SLOW, on, account):
            await self._sleep(slow.delay_s)
        if self._faults.take(Kind.DROP_BEFORE, on, account):
            await self._hang_up(request, receive)
            return True
        if limited := self._faults.take(Kind.LIMITED, on, account):
            wait = {"retry-after": str(max(1, round(limited.delay_s))), "ratelimit-remaining": "0"}
            await self._refuse(request, 429, "rate_limited", wait)(request.scope, receive, send)
            return True
        if self._faults.take(Kind.BROKEN, on, account):
            await self._refuse(request, 500, "server_error", {})(request.scope, receive, send)
            return True
        return False

    async def _answer_lost(self, request: Request, on: On, account: str | None, receive: Receive, send: Send) -> None:
        """Let the request be answered into the void; an answer that accepted nothing is sent after all."""
        heard: list[Message] = []

        async def hear(message: Message) -> None:
            heard.append(message)

        await self._app(request.scope, receive, hear)
        if request.state.accepted and self._faults.take(Kind.DROP_ANSWER, on, account):
            await self._hang_up(request, receive)
            return
        for message in heard:
            await send(message)

    @staticmethod
    async def _hang_up(request: Request, receive: Receive) -> None:
        close = request.scope.get("extensions", {}).get(HANG_UP)
        if close is None:
            raise httpx.ReadError("the sandbox closed the connection without an answer", request=None)
        close()
        while (await receive())["type"] != "http.disconnect":
            pass

    def _whose(self, request: Request) -> str | None:
        try:
            return self._world.signed_in(asking.token_of(request)).handle
        except Denied:
            return None


async def _heard_out(receive: Receive) -> Receive:
    """Read the request now and hand it on later: a slow network has long heard what a dead client asked for."""
    heard: list[Message] = []
    size = 0
    while size <= asking.BODY_MAX:
        message = await receive()
        heard.append(message)
        size += len(message.get("body", b""))
        if not message.get("more_body", False):
            break

    async def again() -> Message:
        return heard.pop(0) if heard else await receive()

    return again


def purpose(request: Request) -> On:
    """Return what a request is for: writing, signing in, or reading."""
    if request.method in ("GET", "HEAD"):
        return On.READ
    return On.SIGN_IN if request.url.path in _SIGNING else On.WRITE

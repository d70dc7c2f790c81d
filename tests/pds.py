"""The small PDS in memory on a real port, for whoever speaks to it by its own client.

async with served_pds() as (pds, url):
    ...                                   # pds.password is what it takes; pds.calls lists what was asked
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bowerbird.dashboard.serve import listen
from tests.platforms.bluesky.fake_pds import FakePds


def app_of(pds: FakePds) -> Starlette:
    """The PDS as an application."""

    async def answer(request: Request) -> Response:
        asked = httpx.Request(
            request.method, str(request.url), headers=request.headers.raw, content=await request.body()
        )
        found = await pds.handle(asked)
        return Response(found.content, found.status_code, media_type="application/json")

    return Starlette(routes=[Route("/xrpc/{method}", answer, methods=["GET", "POST"])])


@asynccontextmanager
async def served_pds() -> AsyncIterator[tuple[FakePds, str]]:
    """Serve one on a free port; gives it and its address."""
    pds, listener = FakePds(), listen("127.0.0.1", 0)
    config = uvicorn.Config(app_of(pds), log_level="warning", lifespan="off", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield pds, f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)
        listener.close()

"""The world outside, as far as a drill needs one: somebody who receives alerts, and a language model that can fail.

Both are one small HTTP server on loopback, in the drill's own process, so that a message is timed on arrival by the
same clock as the fault it tells of.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bowerbird.clock import SystemChance
from bowerbird.core.ports import Clock
from bowerbird.drills.ground import listen
from bowerbird.drills.words import sentence


@dataclass(frozen=True, slots=True)
class Message:
    """An alert as it arrived.

    Args:
        heard_at: by the drill's monotonic clock, seconds.
        told: ``opened``, ``resolved`` …; incident: the id in the books, which name the part.
        part: the node, where the message itself names it (the guardian's do).
    """

    heard_at: float
    told: str
    title: str
    incident: str = ""
    part: str = ""


@dataclass
class Outside:
    """The receiver and the model.

    Args:
        url: where both are.
        writer_fault: what the model answers instead of words: an HTTP status, ``hang`` or ``nonsense``; empty: words.
    """

    url: str
    clock: Clock
    messages: list[Message] = field(default_factory=list)
    writer_fault: str = ""
    written: int = 0
    raw: list[dict[str, Any]] = field(default_factory=list)
    rng: Random = field(default_factory=lambda: SystemChance().stream("model"))

    def opened(self, since: float) -> list[Message]:
        """The messages that opened something, heard since this moment."""
        return [message for message in self.messages if message.told == "opened" and message.heard_at >= since]

    async def receive(self, request: Request) -> Response:
        """Take an alert."""
        body = await request.json()
        self.raw.append(body)
        self.messages.append(read(body, self.clock.monotonic()))
        return JSONResponse({"ok": True})

    async def write(self, request: Request) -> Response:
        """Write as a model does, or fail as it is told to."""
        asked = await request.json()
        while self.writer_fault == "hang":
            await self.clock.sleep(0.2)
        if self.writer_fault == "nonsense":
            return JSONResponse({"choices": [{"message": {"content": "no"}}], "usage": {}})
        if self.writer_fault:
            return JSONResponse({"error": {"message": "a drill"}}, int(self.writer_fault))
        self.written += 1
        data = json.loads(asked["messages"][1]["content"])
        posts = [{"texts": [sentence(self.rng)]} for _ in range(int(data.get("candidates", 1)))]
        usage = {"prompt_tokens": 400, "completion_tokens": 100}
        content = json.dumps({"posts": posts})
        return JSONResponse({"choices": [{"message": {"content": content}}], "usage": usage})


def read(body: dict[str, Any], heard_at: float) -> Message:
    """Read an alert, whoever sent it; a field that is missing is empty."""
    return Message(
        heard_at=heard_at,
        told=str(body.get("told", "")).lower(),
        title=str(body.get("title", "")),
        incident=str(body.get("incident", "")),
        part=str(body.get("part", "")),
    )


@asynccontextmanager
async def outside(clock: Clock) -> AsyncIterator[Outside]:
    """Open the world outside on a free port, for as long as it is needed."""
    listener = listen()
    there = Outside(f"http://127.0.0.1:{listener.getsockname()[1]}", clock)
    routes = [
        Route("/alert", there.receive, methods=["POST"]),
        Route("/v1/chat/completions", there.write, methods=["POST"]),
    ]
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=routes), access_log=False, log_level="critical", lifespan="off", ws="none",
                       timeout_graceful_shutdown=1)
    )  # fmt: skip
    # The drill itself answers Ctrl-C; this server must not take the signal for its own.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # it is called without arguments
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="outside")
    try:
        yield there
    finally:
        server.should_exit = True
        await serving
        listener.close()

"""A fake provider: a real HTTP server on a free port that gives scripted answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Self

from bowerbird.clock import SeededChance
from bowerbird.core.books import Batch, Recorder
from bowerbird.core.breaker import BreakerState
from bowerbird.core.facts import Fact
from bowerbird.core.ports import Clock
from bowerbird.resilience.breakers import Breakers

Answer = bytes | None


def http(status: int, body: bytes, headers: str = "", *, length: int | None = None) -> bytes:
    """Spell one HTTP answer; `length` lies about the body's length."""
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status} X\r\ncontent-length: {size}\r\nconnection: close\r\n{headers}\r\n"
    return head.encode() + body


def completion(content: str, *, usage: dict[str, int] | None = None) -> bytes:
    """Spell a 200 with this text; 100 tokens in and 50 out if not said otherwise."""
    tokens = {"prompt_tokens": 100, "completion_tokens": 50} if usage is None else usage
    whole = {"choices": [{"message": {"role": "assistant", "content": content}}], "usage": tokens}
    return http(200, json.dumps(whole).encode())


def posts(*texts: str) -> str:
    """Spell the JSON that is asked for, one candidate per text."""
    return json.dumps({"posts": [{"texts": [text], "topic": "birds"} for text in texts]})


class Speaker:
    """Answers each request with the next of `answers`, the last one for ever; None hangs up without a word,
    and a function is called for its answer.

    `asked` holds the questions' JSON, `keys` their authorization headers; `heard` is set by the first. Whoever asks
    for the models is answered `greeting`, and counted in `greeted`.
    """

    def __init__(self, *answers: Answer | Callable[[], Answer], hang: bool = False) -> None:
        self.answers: Sequence[Any] = answers
        self.hang = hang
        self.greeting: Answer = http(200, b'{"data": []}')
        self.greeted = 0
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.heard = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            if head.startswith("GET /v1/models "):
                self.greeted += 1
                writer.write(self.greeting or b"")
                writer.close()
                return
            lines = dict(line.split(": ", 1) for line in head.lower().split("\r\n")[1:] if ": " in line)
            self.asked.append(json.loads(await reader.readexactly(int(lines["content-length"]))))
            self.keys.append(lines.get("authorization", ""))
            self.heard.set()
            if self.hang:
                await reader.read()
            elif answer := self.answers[min(len(self.asked), len(self.answers)) - 1]:
                writer.write(answer() if callable(answer) else answer)
                await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def breakers_of(books: Recorder, clock: Clock) -> Breakers:
    """Breakers as an engine has them; they are written into these books."""

    async def write(states: Sequence[BreakerState], facts: Sequence[Fact]) -> object:
        return await books.record(Batch(breakers=tuple(states), facts=tuple(facts)))

    return Breakers(clock, SeededChance(1), write)

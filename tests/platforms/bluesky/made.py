"""Posts, pictures and kept sessions for the tests of the Bluesky adapter."""

from __future__ import annotations

import hashlib
import random
import struct
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bowerbird.clock import SystemClock, mint_tid
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Platform
from bowerbird.core.post import Media, Payload, Post, RemoteRef, ReplyTo

KEYS = random.Random()


@dataclass
class KeptSession:
    """A place for a session, in memory; `saves` remembers everything that was kept."""

    text: str | None = field(default=None, repr=False)
    saves: list[str] = field(default_factory=list, repr=False)

    async def load(self) -> str | None:
        """What was kept last."""
        return self.text

    async def save(self, text: str) -> None:
        """Keep it."""
        self.text = text
        self.saves.append(text)


def post(text: str = "A small thing about Python.", **payload: Any) -> Post:
    """A post that has just been claimed, under a fresh key."""
    now = SystemClock().now()
    key = mint_tid(now, KEYS)
    return Post(
        id=key,
        account_id="bluesky:wren",
        key=key,
        thread_id=key,
        payload=Payload(text=text, **payload),
        state=State.SENDING,
        since=now,
        created_at=now,
        due=now,
        expires_at=now + 3_600_000_000,
    )


async def frozen(platform: Platform, made: Post) -> Post:
    """The post with its wire made, as the publisher stores it before the first send."""
    return replace(made, wire=await platform.prepare(made))


async def published(platform: Platform, made: Post) -> RemoteRef:
    """Prepare and send."""
    return await platform.publish(await frozen(platform, made))


def reply_to(parent: RemoteRef, root: RemoteRef | None = None) -> ReplyTo:
    """The place of an answer."""
    return ReplyTo(parent=parent, root=root or parent, author="somebody")


def picture(folder: Path, name: str = "bower.png", alt: str = "A bower of blue things.") -> Media:
    """A real PNG of one blue dot in this folder."""
    content = _png()
    (folder / name).write_bytes(content)
    return Media(path=name, mime="image/png", alt=alt, sha256=hashlib.sha256(content).hexdigest())


def _png() -> bytes:
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\x00\x20\x60\xc0")
    chunks = ((b"IHDR", header), (b"IDAT", pixel), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

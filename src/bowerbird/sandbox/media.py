"""Pictures: checked by their first bytes, kept under their digest."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bowerbird.sandbox.denied import Denied
from bowerbird.sandbox.people import Picture

PICTURES_MAX = 4
PICTURE_BYTES_MAX = 1_000_000
ALT_MAX = 2_000
WAITING_MAX = 1_000

_SIGNS = ((b"\x89PNG\r\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))


def pictures_of(rows: Any) -> list[tuple[Picture, bytes]]:
    """Return the pictures of a request; `Denied` 422 for a bad one."""
    if rows is None:
        return []
    if not isinstance(rows, list) or len(rows) > PICTURES_MAX:
        raise Denied(422, "media_bad")
    return [_picture(row) for row in rows]


def keep(folder: Path | None, content: bytes, digest: str) -> None:
    """Write a picture and fsync it, unless it is there; without a folder pictures are not kept. Blocks."""
    if folder is None or (folder / digest).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f"{digest}.part"
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / digest)


def picture(alt: str, content: bytes) -> Picture:
    """Return a picture with its description; `Denied` 422 for a bad one."""
    mime = _mime(content)
    if not alt.strip() or not mime or len(content) > PICTURE_BYTES_MAX or len(alt) > ALT_MAX:
        raise Denied(422, "media_bad")
    return Picture(alt, mime, hashlib.sha256(content).hexdigest())


@dataclass
class Pictures:
    """Pictures that wait in somebody's composer, the newest of them; a restart of the network loses them."""

    _waiting: dict[tuple[str, str], Picture] = field(default_factory=dict)

    def add(self, handle: str, found: Picture) -> None:
        """Let it wait for its post."""
        self._waiting[handle, found.sha256] = found
        while len(self._waiting) > WAITING_MAX:
            self._waiting.pop(next(iter(self._waiting)))

    def of(self, handle: str, digests: str) -> list[Picture]:
        """Return the pictures of these digests (with blanks between); `Denied` 422 if one of them is not waiting."""
        asked = digests.split()
        if len(asked) > PICTURES_MAX or any((handle, digest) not in self._waiting for digest in asked):
            raise Denied(422, "media_bad")
        return [self._waiting[handle, digest] for digest in asked]

    def mime(self, digest: str) -> str:
        """What sort of picture waits under this digest; empty if none does."""
        return next((one.mime for one in self._waiting.values() if one.sha256 == digest), "")


def _picture(row: Any) -> tuple[Picture, bytes]:
    if not isinstance(row, dict) or not isinstance(row.get("alt"), str):
        raise Denied(422, "media_bad")
    content = _decoded(row.get("bytes_b64"))
    return picture(row["alt"], content), content


def _decoded(encoded: Any) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise Denied(422, "media_bad") from None


def _mime(content: bytes) -> str:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((mime for sign, mime in _SIGNS if content.startswith(sign)), "")

"""Pictures: checked by their first bytes, kept under their digest."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from pathlib import Path
from typing import Any

from bowerbird.sandbox.denied import Denied
from bowerbird.sandbox.people import Picture

PICTURES_MAX = 4
PICTURE_BYTES_MAX = 1_000_000
ALT_MAX = 2_000

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


def _picture(row: Any) -> tuple[Picture, bytes]:
    if not isinstance(row, dict) or not isinstance(row.get("alt"), str) or not row["alt"].strip():
        raise Denied(422, "media_bad")
    content = _decoded(row.get("bytes_b64"))
    mime = _mime(content)
    if not mime or len(content) > PICTURE_BYTES_MAX or len(row["alt"]) > ALT_MAX:
        raise Denied(422, "media_bad")
    return Picture(row["alt"], mime, hashlib.sha256(content).hexdigest()), content


def _decoded(encoded: Any) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise Denied(422, "media_bad") from None


def _mime(content: bytes) -> str:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((mime for sign, mime in _SIGNS if content.startswith(sign)), "")

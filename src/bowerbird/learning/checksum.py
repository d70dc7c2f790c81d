"""Whether a stored learner is what was stored, told without its algebra: a process that only looks needs no numpy."""

from __future__ import annotations

import hashlib
import zlib

from bowerbird.core.errors import BowerbirdError

STATE_MAX = 4_000_000
"""Bytes of an unpacked state; a blob that unpacks to more is damaged."""


class Damaged(BowerbirdError):
    """The stored learner is not what was stored."""


def canonical(version: str, state: bytes) -> bytes:
    """Unpack a state; raise `Damaged` unless it hashes to `version`."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(state, STATE_MAX)
    except zlib.error as error:
        raise Damaged(f"version {version[:8]} cannot be unpacked") from error
    if not unpacker.eof or hashlib.sha256(unpacked).hexdigest() != version:
        raise Damaged(f"version {version[:8]} does not have its own checksum")
    return unpacked

"""Records in a file of which any tail may be torn: how one is written, and how all whole ones are found again.

A frame is a mark, a number, the payload's length, a checksum over all three, and the payload. Numbers only rise,
so what an older round left behind is never taken for something new. What is not a whole frame is skipped up to
the next whole one: a torn tail costs only itself, and so does a damaged stretch in the middle.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

MARK = b"\xb5BWR"
_HEAD = struct.Struct(">4sQII")
PAYLOAD_MAX = 16_000_000
"""Bytes of the largest payload."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame: its number, where it begins, where the next one may begin, and what it carries."""

    number: int
    begin: int
    end: int
    payload: bytes


def framed(number: int, payload: bytes) -> bytes:
    """The bytes of one frame; `ValueError` for a payload nobody would read back."""
    if not 0 < len(payload) <= PAYLOAD_MAX:
        raise ValueError(f"a record of {len(payload):,} bytes is never written; at most {PAYLOAD_MAX:,}")
    return _HEAD.pack(MARK, number, len(payload), _checksum(number, payload)) + payload


def whole_frames(data: bytes) -> Iterator[Frame]:
    """Every whole frame, in order, with rising numbers."""
    at, last = 0, 0
    while (at := data.find(MARK, at)) >= 0:
        frame = _frame_at(data, at)
        if frame is not None and frame.number > last:
            yield frame
            at, last = frame.end, frame.number
        else:
            at += 1


def _frame_at(data: bytes, at: int) -> Frame | None:
    if at + _HEAD.size > len(data):
        return None
    _, number, length, checksum = _HEAD.unpack_from(data, at)
    begin, end = at + _HEAD.size, at + _HEAD.size + length
    if not 0 < length <= PAYLOAD_MAX or end > len(data):
        return None
    payload = data[begin:end]
    return Frame(number, at, end, payload) if checksum == _checksum(number, payload) else None


def _checksum(number: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(number.to_bytes(8, "big")))

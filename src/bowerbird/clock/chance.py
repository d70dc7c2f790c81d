"""Luck, one stream per purpose, and the keys that are made from it.

Two streams never share a draw: one more draw for one purpose changes nothing for another, so a seed keeps
telling the same story while the program around it grows.
"""

from __future__ import annotations

import hashlib
import random
import secrets
from contextvars import ContextVar

NAME_LENGTH = 26
"""Characters in a name: 26 of 32 letters are 130 bits."""
_NAME_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_NAME_PAIRS = tuple(high + low for low in _NAME_LETTERS for high in _NAME_LETTERS)
"""Two letters for ten bits, the lower five first."""

_TID_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_CLOCK_BITS = 10


class SystemChance:
    """Luck that nobody can foresee."""

    def __init__(self) -> None:
        self._streams: dict[str, random.Random] = {}

    def stream(self, purpose: str) -> random.Random:
        """The stream of this purpose; the same object each time."""
        if purpose not in self._streams:
            self._streams[purpose] = random.Random(secrets.randbits(256))
        return self._streams[purpose]

    def name(self, purpose: str) -> str:
        """A fresh id of 26 characters, unique and unguessable."""
        return "".join(secrets.choice(_NAME_LETTERS) for _ in range(NAME_LENGTH))


class SeededChance:
    """Luck that comes out the same for the same seed; for simulations and tests, never for secrets."""

    def __init__(self, seed: int | str) -> None:
        self.seed = seed
        self._streams: dict[str, random.Random] = {}

    def stream(self, purpose: str) -> random.Random:
        """The stream of this purpose; the same object each time."""
        stream = self._streams.get(purpose)
        if stream is None:
            digest = hashlib.sha256(f"{self.seed}/{purpose}".encode()).digest()
            stream = self._streams[purpose] = random.Random(int.from_bytes(digest, "big"))
        return stream

    def name(self, purpose: str) -> str:
        """A fresh id of 26 characters; names of one purpose do not repeat."""
        bits = self.stream(f"name:{purpose}").getrandbits(5 * NAME_LENGTH)
        return "".join([_NAME_PAIRS[bits >> shift & 1023] for shift in range(0, 5 * NAME_LENGTH, 10)])


class Minter:
    """Remembers the last key, so that the next one is larger."""

    def __init__(self) -> None:
        self._last_us = -1

    def mint(self, now: int, rng: random.Random) -> str:
        """Return a key larger than any before it, as close to `now` as that allows."""
        self._last_us = max(now, self._last_us + 1)
        return tid(self._last_us, rng.getrandbits(_CLOCK_BITS))


_minter: ContextVar[Minter] = ContextVar("minter", default=Minter())  # noqa: B039 - one per process is the point


def mint_tid(now: int, rng: random.Random) -> str:
    """Return a fresh record key: 13 letters, strictly increasing in a process, also if the clock steps back.

    A virtual run counts as a process of its own, so that its keys depend on nothing but its seed.
    The format is AT Protocol's TID (https://atproto.com/specs/tid): a zero bit, 53 bits of microseconds and
    10 bits of chance, in a base 32 that sorts. `now` is in UTC microseconds; ValueError outside 0 to 2**53.
    """
    return _minter.get().mint(now, rng)


def fresh_minter() -> None:
    """Begin anew in this context, as a process that has just started would."""
    _minter.set(Minter())


def tid(micros: int, clock_id: int) -> str:
    """Spell a TID: `micros` in 0 to 2**53, `clock_id` in 0 to 1,023; ValueError outside."""
    if not (0 <= micros < 1 << 53 and 0 <= clock_id < 1 << _CLOCK_BITS):
        raise ValueError(f"no TID has room for {micros} microseconds and clock id {clock_id}")
    number = micros << _CLOCK_BITS | clock_id
    return "".join(_TID_LETTERS[number >> shift & 31] for shift in range(60, -1, -5))

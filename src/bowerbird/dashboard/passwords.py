"""Passwords of people, hashed with scrypt (RFC 7914): ``scrypt$14$8$5$<salt>$<hash>``, costs and salt told with it.

N = 2^14, r = 8, p = 5 is one of the settings OWASP's Password Storage Cheat Sheet names: 16 MiB and some 0.2 s of a
processor for each try.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode

COST, BLOCK, TURNS = 14, 8, 5
"""Base-two logarithm of N, then r and p."""
LEAST = 8
"""Shortest password somebody may have, in characters."""

NOBODY = f"scrypt${COST}${BLOCK}${TURNS}${b64encode(bytes(16)).decode()}${b64encode(bytes(32)).decode()}"
"""What the password of an unknown name is compared with, so that it takes as long as a known one's; none fits."""


def hashed(password: str, *, salt: bytes = b"", cost: int = COST, turns: int = TURNS) -> str:
    """Hash a password; without `salt`, with a random one of 16 bytes."""
    salt = salt or secrets.token_bytes(16)
    digest = _scrypt(password, salt, cost, BLOCK, turns)
    return f"scrypt${cost}${BLOCK}${turns}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def fits(password: str, kept: str) -> bool:
    """Tell whether this password was hashed to what is kept; the comparison takes the same time for any."""
    _, cost, block, turns, salt, digest = kept.split("$")
    found = _scrypt(password, b64decode(salt), int(cost), int(block), int(turns))
    return hmac.compare_digest(found, b64decode(digest))


def _scrypt(password: str, salt: bytes, cost: int, block: int, turns: int) -> bytes:
    room = 256 * block * (2**cost + turns)  # twice what it needs, in bytes; the default refuses from N = 2^14 on
    words = password.encode(errors="replace")
    return hashlib.scrypt(words, salt=salt, n=2**cost, r=block, p=turns, maxmem=room, dklen=32)

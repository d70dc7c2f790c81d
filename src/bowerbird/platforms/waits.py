"""How long a platform asks us to wait, as it says it in a header."""

from __future__ import annotations

from bowerbird.core.post import SECOND_US

WAIT_MAX_S = 24 * 3_600
"""The longest wait that is believed, seconds."""


def retry_at(now: int, asked: str | None, *, default_s: int) -> int:
    """Return the first instant at which to try again, at least a second from now.

    Args:
        now: UTC microseconds.
        asked: the value of ``retry-after`` in seconds; a date or nonsense counts as missing.
        default_s: how long to wait where nothing is asked.
    """
    asked = (asked or "").strip()
    wait_s = int(asked) if asked.isascii() and asked.isdigit() else default_s
    return now + min(max(wait_s, 1), WAIT_MAX_S) * SECOND_US

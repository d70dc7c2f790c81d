"""How long a platform asks us to wait, and how much it takes, as it says it in headers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

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


def policy(headers: Mapping[str, str]) -> tuple[float | None, float | None]:
    """Return how much a platform says it takes, and within how many seconds; None for what it does not say.

    ``ratelimit-policy`` says both (``30;w=300``, or ``"name";q=30;w=300``: draft-ietf-httpapi-ratelimit-headers);
    ``ratelimit-limit``, ``x-ratelimit-limit`` and X's ``x-rate-limit-limit`` say the first. `headers` ignores case.
    """
    said = headers.get("ratelimit-policy", "")
    limit = _number(re.match(r"\s*(?:\"[^\"]*\"\s*;\s*q=)?(\d+)", said))
    window_s = _number(re.search(r";\s*w=(\d+)", said))
    for name in ("ratelimit-limit", "x-ratelimit-limit", "x-rate-limit-limit"):
        if limit is None:
            limit = _number(re.match(r"\s*(\d+)", headers.get(name, "")))
    return limit, window_s or None


def _number(match: re.Match[str] | None) -> float | None:
    number = float(match[1]) if match else math.nan
    return number if number < 1e9 else None

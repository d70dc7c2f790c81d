"""Work that was left out, in words: slots of a job that nobody ran, and posts that were not sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bowerbird.core.story import count


def reasons(why: object) -> str:
    """Say why slots were skipped, the most frequent reason first; a reason that stands for all needs no number."""
    if not isinstance(why, Mapping):
        return str(why or "")
    slots: Mapping[str, Any] = why
    ordered = sorted(slots.items(), key=lambda item: (-int(item[1]), item[0]))
    if len(ordered) == 1:
        return ordered[0][0]
    return "; ".join(f"{reason} ({count(int(n), 'time')})" for reason, n in ordered)

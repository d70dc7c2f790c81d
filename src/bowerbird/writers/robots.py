"""What a site lets us read: robots.txt as RFC 9309 has it. Pure.

1. The groups that name us hold, else those for everybody (`*`); several groups for one name are one.
2. Of the rules that fit a path the longest pattern holds, and of two equally long ones the one that allows.
3. `*` in a pattern is anything, `$` at its end is the end. What fits no rule is allowed, and so is /robots.txt.
4. A line that nobody understands is passed over.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

NAME = "bowerbird"
"""Our product token; a group that names it is for us."""
SIZE_MAX = 512_000
"""Bytes that are read of it: the 500 KiB of section 2.5."""


def allowed(text: str, path: str, *, name: str = NAME) -> bool:
    """Tell whether we may read a path (with its query), by the text of the site's robots.txt."""
    if path == "/robots.txt":
        return True
    fits = [(len(pattern), allows) for allows, pattern in _rules(text, name) if _pattern(pattern).match(_plain(path))]
    return max(fits, default=(0, True))[1]


def _rules(text: str, name: str) -> list[tuple[bool, str]]:
    groups: dict[str, list[tuple[bool, str]]] = {}
    named: list[str] = []
    began = False
    for line in text.removeprefix("\ufeff").splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if key == "user-agent" and colon:
            named = [value.lower()] if began else [*named, value.lower()]
            began = False
            groups.setdefault(value.lower(), [])
        elif key in {"allow", "disallow"} and colon:
            began = True
            for each in named if value else ():
                groups[each].append((key == "allow", _plain(value)))
    return groups.get(name, groups.get("*", []))


def _plain(path: str) -> str:
    """A path written in one way, however its letters were escaped."""
    return quote(unquote(path), safe="/*$?&=+,;:@!'()~-._%")


def _pattern(pattern: str) -> re.Pattern[str]:
    end = pattern.endswith("$")
    parts = [re.escape(part) for part in re.split(r"\*+", pattern.removesuffix("$"))]
    return re.compile("[^\n]*".join(parts) + (r"\Z" if end else ""))

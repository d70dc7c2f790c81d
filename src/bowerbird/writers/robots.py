"""What a site lets us read: its robots.txt, as RFC 9309 has it, by the library that Scrapy obeys."""

from __future__ import annotations

from protego import Protego

NAME = "bowerbird"
"""Our product token; a group that names it is for us."""
SIZE_MAX = 512_000
"""Bytes that are read of it: the 500 KiB of section 2.5."""


def allowed(text: str, path: str, *, name: str = NAME) -> bool:
    """Tell whether we may read a path (with its query), by the text of the site's robots.txt; that itself, always."""
    return path == "/robots.txt" or bool(Protego.parse(text).can_fetch(path, name))


def delay_s(text: str, *, name: str = NAME) -> float:
    """How long a site wants to be left alone between two requests (`Crawl-delay`), seconds; 0 if it does not say."""
    asked = Protego.parse(text).crawl_delay(name)
    return asked if asked is not None and asked > 0 else 0.0

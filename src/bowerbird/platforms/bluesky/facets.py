"""Links, mentions and tags in a text, where they stand in its UTF-8 bytes.

Bluesky counts bytes, not letters: an offset counted in letters underlines the wrong words after the first
emoji. Only addresses with a scheme are links, since ``asyncio.run`` and ``main.py`` look like host names too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LINK = re.compile(r"(?<![\w/])https?://[^\s<>\"'`]+", re.IGNORECASE)
# A handle is a host name (atproto.com/specs/handle).
HANDLE = re.compile(
    r"(?:^|(?<=[\s(\[\"'«“]))@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)",
    re.IGNORECASE,
)
TAG = re.compile(r"(?:^|(?<=[\s(\[]))[#＃](\S+)")
TAG_MAX = 64
"""Longest tag, letters (the lexicon's limit is 64 graphemes)."""
TRAILING = ".,;:!?…'\"»”’*_~"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the text: what it is, its own value, and its place in letters."""

    kind: str  # link | mention | tag
    value: str
    start: int
    end: int


def spans(text: str) -> list[Span]:
    """Find links, mentions and tags, in the order of the text; what lies inside a link is part of the link."""
    links = list(_links(text))
    others = [
        span
        for span in (*_mentions(text), *_tags(text))
        if not any(link.start < span.end and span.start < link.end for link in links)
    ]
    return sorted((*links, *others), key=lambda span: span.start)


def facets(text: str, dids: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the text's facets; a mention whose handle is not in `dids` stays plain text."""
    found = []
    for span in spans(text):
        feature = _feature(span, dids)
        if feature is not None:
            start = len(text[: span.start].encode())
            end = start + len(text[span.start : span.end].encode())
            found.append({"index": {"byteStart": start, "byteEnd": end}, "features": [feature]})
    return found


def handles(text: str) -> list[str]:
    """Return the handles mentioned, in lower case, each once."""
    return list(dict.fromkeys(span.value for span in spans(text) if span.kind == "mention"))


def _feature(span: Span, dids: Mapping[str, str]) -> dict[str, str] | None:
    kind = f"app.bsky.richtext.facet#{span.kind}"
    match span.kind:
        case "link":
            return {"$type": kind, "uri": span.value}
        case "tag":
            return {"$type": kind, "tag": span.value}
        case _:
            did = dids.get(span.value)
            return {"$type": kind, "did": did} if did else None


def _links(text: str) -> Iterator[Span]:
    for match in LINK.finditer(text):
        url = _without_trailing(match.group())
        if len(url) > len("https://"):
            yield Span("link", url, match.start(), match.start() + len(url))


def _without_trailing(url: str) -> str:
    """Leave a sentence's own marks outside, and a bracket that was opened before the address."""
    while url and (url[-1] in TRAILING or _closes_nothing(url, "()") or _closes_nothing(url, "[]")):
        url = url[:-1]
    return url


def _closes_nothing(url: str, pair: str) -> bool:
    return url.endswith(pair[1]) and url.count(pair[1]) > url.count(pair[0])


def _mentions(text: str) -> Iterator[Span]:
    for match in HANDLE.finditer(text):
        yield Span("mention", match.group(1).lower(), match.start(), match.end())


def _tags(text: str) -> Iterator[Span]:
    for match in TAG.finditer(text):
        tag = match.group(1).rstrip(TRAILING + ")]")
        if tag and not tag.isdecimal() and len(tag) <= TAG_MAX and "#" not in tag:
            yield Span("tag", tag, match.start(), match.start() + 1 + len(tag))

"""Links, mentions and tags of a text as Bluesky's facets.

Bluesky counts UTF-8 bytes, not letters: an offset counted in letters underlines the wrong words after the
first emoji.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bowerbird.core.text import Span, find_spans


def facets(text: str, dids: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the text's facets; a mention whose handle (in lower case) is not in `dids` stays plain text."""
    found = []
    for span in find_spans(text):
        feature = _feature(span, dids)
        if feature is not None:
            start, end = span.utf8(text)
            found.append({"index": {"byteStart": start, "byteEnd": end}, "features": [feature]})
    return found


def handles(text: str) -> list[str]:
    """Return the handles mentioned, in lower case, each once."""
    return list(dict.fromkeys(span.value.lower() for span in find_spans(text) if span.kind == "mention"))


def _feature(span: Span, dids: Mapping[str, str]) -> dict[str, str] | None:
    kind = f"app.bsky.richtext.facet#{span.kind}"
    match span.kind:
        case "link":
            return {"$type": kind, "uri": span.value}
        case "tag":
            return {"$type": kind, "tag": span.value}
        case _:
            did = dids.get(span.value.lower())
            return {"$type": kind, "did": did} if did else None

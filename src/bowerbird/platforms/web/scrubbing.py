"""Take out of a page and of an answer what nobody needs in order to mend a reader: secrets, and other people's words.

What is left is the shape: marks, roles, labels, numbers, ids and instants. So what is kept can lie on a disk, and can
become the next test. Pure functions; what is not known to be harmless is left out.
"""

from __future__ import annotations

import contextlib
import re
from html import escape
from html.parser import HTMLParser
from typing import Any

KEPT = frozenset(
    {
        "aria-current", "aria-hidden", "aria-live", "class", "datetime", "dir", "id", "lang", "name", "rel", "role",
        "tabindex", "type", "data-testid",
    }
)  # fmt: skip
"""Attributes that are kept as they are; all others are left out, but for labels and the paths of links."""
SILENT = frozenset({"script", "style", "noscript", "template", "svg", "textarea", "iframe"})
"""Elements of which nothing inside is kept."""
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
"""Elements that have no inside."""
PLAIN = frozenset(
    {
        "__typename", "rest_id", "id_str", "created_at", "lang", "count", "state", "entryId", "entryType", "itemType",
        "type", "sortIndex", "editable_until_msecs", "edits_remaining", "conversation_id_str", "user_id_str", "code",
        "kind", "name_kind", "tweetDisplayType", "displayType", "cursorType",
    }
)  # fmt: skip
"""Keys of an answer whose texts are kept: ids, instants and words of the site itself."""
SECRET = re.compile(r"token|auth|cookie|secret|password|csrf|guest|session|email|phone", re.IGNORECASE)
_SAID = frozenset(
    {
        "reply", "replies", "repost", "reposts", "like", "likes", "quote", "quotes", "bookmark", "bookmarks", "view",
        "views", "post", "posts", "analytics", "undo", "composer", "text", "account", "menu", "sign", "in", "search",
        "query", "timeline", "primary", "profile", "home", "notifications", "follow",
    }
)  # fmt: skip
"""Words of labels that belong to the site; a label made of them alone is kept."""
_LONG = re.compile(r"[\w-]{16,}")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")


def masked(text: str) -> str:
    """Put an ``x`` for every letter and a ``0`` for every digit; length, spaces and signs stay."""
    return re.sub(r"\d", "0", _LETTER.sub("x", text))


def page(html: str, *, ours: str = "") -> str:
    """Return a page's shape.

    Args:
        ours: our own handle, which stays readable in the paths of links.
    """
    scrubber = _Scrubber(ours.lower())
    # The parser gives up on half a declaration with an assertion; what came before it is still worth keeping.
    with contextlib.suppress(AssertionError):
        scrubber.feed(html)
        scrubber.close()
    return "".join(scrubber.out)


class _Scrubber(HTMLParser):
    """Writes a page anew, part by part, from what may stay."""

    def __init__(self, ours: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ours = ours
        self.out: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag with those of its attributes that are harmless."""
        if tag in SILENT:
            self._silent += 1
        if self._silent and tag not in SILENT:
            return
        kept = [(name, self._value(name, value or "")) for name, value in attrs]
        said = "".join(f' {name}="{escape(value)}"' for name, value in kept if value is not None)
        self.out.append(f"<{tag}{said}>")

    def handle_endtag(self, tag: str) -> None:
        """Close it again."""
        if tag in SILENT:
            self._silent = max(0, self._silent - 1)
        if tag not in VOID and (not self._silent or tag in SILENT):
            self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Keep the length of what was said."""
        if not self._silent:
            self.out.append(escape(masked(data)))

    def _value(self, name: str, value: str) -> str | None:
        if name == "aria-label":
            return value if all(word.lower() in _SAID for word in _WORD.findall(value)) else masked(value)
        if name == "href":
            return self._path(value)
        if name in KEPT:
            return _LONG.sub("x", value) if name in ("id", "name") else value
        return None

    def _path(self, href: str) -> str:
        parts = href.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0].split("/")
        if not href.startswith("/"):
            return "#"
        kept = [part if self._harmless(part) else "someone" for part in parts]
        return "/".join(kept)

    def _harmless(self, part: str) -> bool:
        return not part or part.isdigit() or part.lower() == self.ours or part in _PLACES


_PLACES = frozenset(
    {"status", "home", "compose", "post", "search", "notifications", "login", "analytics", "photo", "i"}
)


def answer(value: Any, *, key: str = "") -> Any:
    """Return an answer's shape: its keys, numbers, ids and instants, without its words."""
    if isinstance(value, dict):
        return {name: answer(inner, key=name) for name, inner in value.items() if not SECRET.search(name)}
    if isinstance(value, list):
        return [answer(inner, key=key) for inner in value]
    if isinstance(value, str) and not (key in PLAIN or value.isdigit()):
        return masked(value)
    return value

"""Take out of a page and of an answer what nobody needs in order to mend a reader: secrets, and other people's words.

What is left is the shape: marks, roles, labels, numbers, ids and instants. So what is kept can lie on a disk, and can
become the next test. Pure functions; what is not known to be harmless is left out, or masked: a mark, a class and a key
may bear a person's name as well as a site's own words, so each is kept only as far as it is made of those
(`vocabulary.WORDS`), of short numbers, and of numbers as long as a post's id.
"""

from __future__ import annotations

import contextlib
import re
from html import escape
from html.parser import HTMLParser
from typing import Any

from bowerbird.platforms.web.vocabulary import WORDS

KEPT = frozenset(
    {
        "aria-current", "aria-hidden", "aria-live", "class", "datetime", "dir", "id", "lang", "name", "rel", "role",
        "tabindex", "type", "data-testid",
    }
)  # fmt: skip
"""Attributes that are kept as far as they are harmless; all others are left out, but for labels and links' paths."""
SILENT = frozenset({"script", "style", "noscript", "template", "svg", "textarea", "iframe"})
"""Elements of which nothing inside is kept."""
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
"""Elements that have no inside."""
NUMBERED = re.compile(r"(^|_)ids?(_str)?$|Ids?$|(^|_)counts?$|_msecs$|_remaining$|^sortIndex$")
"""Keys of an answer whose digits are kept where they stand as a text: ids, counts, and an order."""
NAMED = frozenset({"__typename", "entryType", "itemType"})
"""Keys of an answer that name a type of the site's own."""
MARKED = frozenset({"type", "kind", "name_kind", "state", "entryId", "displayType", "tweetDisplayType", "cursorType"})
"""Keys of an answer whose texts are marks: kept as far as they are harmless."""
SECRET = re.compile(r"token|auth|cookie|secret|password|csrf|guest|session|email|phone", re.IGNORECASE)
_SAID = frozenset(
    {
        "reply", "replies", "repost", "reposts", "like", "likes", "quote", "quotes", "bookmark", "bookmarks", "view",
        "views", "post", "posts", "analytics", "undo", "composer", "text", "account", "menu", "sign", "in", "search",
        "query", "timeline", "primary", "profile", "home", "notifications", "follow",
    }
)  # fmt: skip
"""Words of labels that belong to the site; a label made of them alone is kept."""
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")
_COUNTED = re.compile(r"\d[\d,.\u00a0\u202f ]*\s[^\W\d_]+")
"""A number and what it counts."""
_PART = re.compile(r"[^\s\-_.:/]+")
_POST = re.compile(r"(?<!\d)\d{16,20}(?!\d)")
DIGITS_MAX = 3
"""So many digits of a mark are a place in a row, and no more."""
_HUMP = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_TYPE = re.compile(r"[A-Z][A-Za-z]{0,59}")
_LANG = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
_INSTANT = re.compile(
    r"\d{4}(-\d\d(-\d\d([T ][\d:.]{4,15}(Z|[+-]\d\d:?\d\d)?)?)?)?"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d [\d:]{8} [+-]\d{4} \d{4}"
)
"""As HTML writes it, or as X does."""


def masked(text: str) -> str:
    """Put an ``x`` for every letter and a ``0`` for every digit; length, spaces and signs stay."""
    return masked_digits(_LETTER.sub("x", text))


def masked_digits(text: str) -> str:
    """Put a ``0`` for every digit."""
    return re.sub(r"\d", "0", text)


def mark(text: str) -> str:
    """Keep what is harmless of a mark, part by part, and mask the rest: ``UserAvatar-Container-xxx_xxx``.

    More than three digits that are no post's id may be somebody's number in pieces, so none of them stays.
    """
    few = sum(letter.isdigit() for letter in _POST.sub("", text)) <= DIGITS_MAX
    return _PART.sub(lambda part: _part(part[0], few=few), text)


def _part(part: str, *, few: bool) -> str:
    if _POST.fullmatch(part):
        return part
    kept = part if _ours(part) else masked(part)
    return kept if few else masked_digits(kept)


def _ours(part: str) -> bool:
    """Whether it is made of the site's own words, with a few digits or none."""
    said = part.rstrip("0123456789")
    words = _HUMP.findall(said)
    known = "".join(words) == said and all(len(word) > 1 and word.lower() in WORDS for word in words)
    return (known or said in WORDS) and len(part) - len(said) <= DIGITS_MAX


def _label(text: str) -> str:
    """Keep a label that says something, all of it in the site's own words, with no number but of what it counts."""
    words = _WORD.findall(text)
    ours = words and all(word.lower() in _SAID for word in words)
    return text if ours and not re.search(r"\d", _COUNTED.sub("", text)) else masked(text)


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
            return _label(value)
        if name == "href":
            return self._path(value)
        if name == "datetime":
            return value if _INSTANT.fullmatch(value) else masked(value)
        if name == "lang":
            return value if _LANG.fullmatch(value) else masked(value)
        return mark(value) if name in KEPT else None

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
        return {mark(name): answer(inner, key=name) for name, inner in value.items() if not SECRET.search(name)}
    if isinstance(value, list):
        return [answer(inner, key=key) for inner in value]
    return _said(key, value) if isinstance(value, str) else value


def _said(key: str, text: str) -> str:
    """What is kept of a text that stands under a key."""
    if key in MARKED:
        return mark(text)
    harmless = (
        (key in NAMED and _TYPE.fullmatch(text))
        or (key == "created_at" and _INSTANT.fullmatch(text))
        or (key == "lang" and _LANG.fullmatch(text))
        or (NUMBERED.search(key) and text.isascii() and text.isdigit())
    )
    return text if harmless else masked(text)

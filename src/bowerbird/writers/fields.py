"""What each field of a claim must be: one small check per field, each with the sentence it answers.

Every check takes what the row says, returns what the claim will hold, and raises `Unfit` with the reason and
the remedy. `Unfit` becomes a bad row in `claims` and is seen nowhere else.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from urllib.parse import urlsplit

from bowerbird.core.text import hidden, visible

LINES = ("id", "topic", "text", "evidence", "link", "media", "alt", "since")
"""The fields that are one line of text."""

BLOCKS = ("code", "output")
"""The fields whose line breaks and indentation count."""

ANGLES = ("surprise", "save-time", "avoid-bug")
"""What an entry may say of itself; the openings that need no promise are in `wording`."""

TEXT_MAX = 300
"""Characters of a claim: a whole post on Bluesky. Shorter leaves room for the opening and the code."""

LINE_MAX = 500
"""Characters of any other field of one line."""

BLOCK_MAX = 2_000
"""Characters of code, and of output."""

ID_MAX = 60
"""Characters of an id; a longer one, such as a feed's address, becomes words and a digest."""

TAGS_MAX = 2
"""Hashtags of a post: more are noise."""


class Unfit(ValueError):
    """This row cannot become a claim; the message says why."""


def be_known(names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a field that no bank has: most likely a slip of the pen."""
    for name in names:
        if name not in known:
            raise Unfit(f"there is no field {name!r}{_guess(name, known)}")


def line_of(name: str, value: str | list[str]) -> str:
    """Return one line of text in NFC with single spaces."""
    if not isinstance(value, str):
        raise Unfit(f"{name} must be text, not a list")
    line = " ".join(unicodedata.normalize("NFC", value).split())
    if name != "text" and len(line) > LINE_MAX:
        raise Unfit(f"{name} has {len(line):,} characters; at most {LINE_MAX} fit")
    return _clean(name, line)


def block_of(name: str, value: str | list[str]) -> str:
    """Return lines exactly as given, but for empty lines around them."""
    if not isinstance(value, str):
        raise Unfit(f"{name} must be text, not a list; in YAML write it after '|'")
    if len(value) > BLOCK_MAX:
        raise Unfit(f"{name} has {len(value):,} characters; at most {BLOCK_MAX:,} fit")
    return _clean(name, value.rstrip().lstrip("\n"))


def sentence(text: str) -> str:
    """Return a claim's text: something can be seen in it, and a post can hold it."""
    if not visible(text):
        raise Unfit("the text is empty")
    if len(text) > TEXT_MAX:
        raise Unfit(f"the text has {len(text):,} characters; at most {TEXT_MAX} fit into a post")
    return text


def shown(code: str, output: str) -> str:
    """Return the output, which needs code that prints it."""
    if output and not code:
        raise Unfit("there is an output but no code that prints it")
    return output


def described(media: str, alt: str) -> str:
    """Return a picture's description: both are given, or neither."""
    if media and not alt:
        raise Unfit("the picture in 'media' needs a description in 'alt'")
    if alt and not media:
        raise Unfit("there is a description in 'alt' but no picture in 'media'")
    return alt


def address(name: str, text: str) -> str:
    """Return a web address that a post may carry (no user name, no white space), or the empty text."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        fit = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    except ValueError:
        fit = False
    if not fit or " " in text:
        raise Unfit(f"{name} must be a web address such as https://example.org/page, not {text[:60]!r}")
    return text


def tags(value: str | list[str]) -> tuple[str, ...]:
    """Return the hashtags without their sign."""
    words = _words(value)
    if len(words) > TAGS_MAX:
        raise Unfit(f"there are {len(words)} tags; at most {TAGS_MAX} help, more are noise")
    for word in words:
        if not re.fullmatch(r"\w{1,40}", word) or word.isdigit():
            raise Unfit(f"the tag {word[:40]!r} must be one word of letters, digits and underscores")
    return words


def angles(value: str | list[str]) -> tuple[str, ...]:
    """Return the angles that the entry says are true of it."""
    words = _words(value)
    for word in words:
        if word not in ANGLES:
            raise Unfit(f"there is no angle {word[:40]!r}{_guess(word, ANGLES)}; known: {', '.join(ANGLES)}")
    return words


def id_of(text: str) -> str:
    """Return a short name of letters, digits and hyphens; a long text becomes four words and a digest.

    The same text always gets the same name.
    """
    slug = re.sub(r"[\W_]+", "-", text.casefold()).strip("-")
    if 0 < len(slug) <= ID_MAX:
        return slug
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    words = re.findall(r"[a-z0-9]+", text.casefold())[:4]
    return "-".join([*(word[:12] for word in words), digest])


def _clean(name: str, text: str) -> str:
    """Refuse what no reader can see, and what was never text."""
    if "\ufffd" in text:
        before = text.partition("\ufffd")[0][-20:]
        raise Unfit(f"{name} has bytes that are not UTF-8 after {before!r}; save the file as UTF-8")
    if "\t" in text:
        raise Unfit(f"{name} has a tab, which platforms drop; indent with spaces")
    if c := hidden(text):
        raise Unfit(f"{name} has the invisible character U+{ord(c):04X}; remove it")
    return text


def _words(value: str | list[str]) -> tuple[str, ...]:
    words = value if isinstance(value, list) else re.split(r"[\s,;]+", value)
    bare = (word.strip().lstrip("#") for word in words)
    return tuple(dict.fromkeys(word for word in bare if word))


def _guess(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name.casefold(), list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""

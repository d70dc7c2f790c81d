"""What a text is made of: graphemes, links, mentions and hashtags, and what nobody can see in it.

Offsets are in characters of the Python string; `Span.utf8` gives the UTF-8 bytes that Bluesky's facets count in.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import regex

TAG_MAX = 64
"""Graphemes of one hashtag (Bluesky's lexicon, app.bsky.richtext.facet)."""

LINK_WEIGHT = 23
"""What each link counts on X, whatever its length."""

BIDI = frozenset("\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates: they make a text read otherwise than it is written."""

_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters of ordinary categories that show nothing."""

_WORDS = {"link": "link", "mention": "mention", "tag": "hashtag"}

_SPAN = regex.compile(
    r"""
      (?P<link> (?<![\w@]) https?://[^\s<>"“”«»`|\\^{}]+ )
    | (?<![\w@./\#:-]) @ (?P<mention> (?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+ [a-z](?:[a-z0-9-]{0,61}[a-z0-9])? )
      (?![\w@-])
    | (?<![^\s(\[“"'«]) [\#＃] (?P<tag> (?=[\p{N}_]*[\p{L}\p{So}]) [\p{L}\p{M}\p{N}\p{So}_\u200d\ufe0f]+ )
    """,
    regex.VERBOSE | regex.IGNORECASE,
)
_GRAPHEME = regex.compile(r"\X")
_FLAG = regex.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
_EMOJI = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3")
_LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
"""Ranges of code points that X counts as one (twitter-text, `config/v3.json`)."""
_CLOSING = {")": "(", "]": "["}


@dataclass(frozen=True, slots=True)
class Span:
    """A link, a mention or a hashtag within a text.

    Args:
        kind: ``link``, ``mention`` or ``tag``.
        start, end: where it stands, in characters, with its ``@`` or ``#``.
        value: the address, the handle without ``@``, or the tag without ``#``.
    """

    kind: str
    start: int
    end: int
    value: str

    def utf8(self, text: str) -> tuple[int, int]:
        """Return where it stands in the UTF-8 bytes of the text it was found in."""
        start = len(text[: self.start].encode())
        return start, start + len(text[self.start : self.end].encode())

    @property
    def word(self) -> str:
        """What a person calls it."""
        return _WORDS[self.kind]


def graphemes(text: str) -> list[str]:
    """Return what a person would count as characters (UAX 29 extended grapheme clusters), in order."""
    return _GRAPHEME.findall(text)


def weight(text: str) -> int:
    """Return how long a text is for X: wide letters and emoji count two, each link `LINK_WEIGHT` (twitter-text v3)."""
    links = [span for span in find_spans(text) if span.kind == "link"]
    plain = text
    for link in reversed(links):
        plain = plain[: link.start] + plain[link.end :]
    letters = graphemes(unicodedata.normalize("NFC", plain))
    return LINK_WEIGHT * len(links) + sum(_weight_of(letter) for letter in letters)


def _weight_of(letter: str) -> int:
    """One emoji is two, of however many characters it is made."""
    if _EMOJI.search(letter):
        return 2
    return sum(1 if any(low <= ord(c) <= high for low, high in _LIGHT) else 2 for c in letter)


def find_spans(text: str) -> list[Span]:
    """Return the links, mentions and hashtags of a text in order, without overlaps.

    A link needs its ``http://`` or ``https://``, for ``asyncio.run`` is no address; a mention needs a domain
    (``@wren.example.com``), for ``@property`` is nobody; a hashtag needs a letter, for ``#1`` is a rank.
    """
    spans = []
    for match in _SPAN.finditer(text):
        kind = str(match.lastgroup)
        value = _without_tail(match[0]) if kind == "link" else match[kind]
        end = match.start() + len(value) if kind == "link" else match.end()
        if kind != "tag" or len(graphemes(value)) <= TAG_MAX:
            spans.append(Span(kind, match.start(), end, value))
    return spans


def _without_tail(link: str) -> str:
    """Return the link without the punctuation of the sentence around it; a bracket it opened itself stays."""
    while link and (link[-1] in ".,;:!?'’…*_~" or _unopened(link)):
        link = link[:-1]
    return link


def _unopened(link: str) -> bool:
    opening = _CLOSING.get(link[-1])
    return opening is not None and link.count(link[-1]) > link.count(opening)


def visible(text: str) -> str:
    """Return the characters that show something: no white space, format characters, fillers or lone marks."""
    return "".join(c for c in text if unicodedata.category(c)[0] not in "CZM" and c not in _BLANK)


def hidden(text: str) -> str:
    """Return the first character that no platform should be given, or the empty text.

    Control characters but for the line feed, surrogates, non-characters, line and paragraph separators, what
    turns the direction of reading, and tag characters outside a flag.
    """
    return next((c for c in _FLAG.sub("", text) if c != "\n" and _is_hidden(c)), "")


def _is_hidden(c: str) -> bool:
    code = ord(c)
    return (
        unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}
        or c in BIDI
        or code & 0xFFFE == 0xFFFE
        or 0xFDD0 <= code <= 0xFDEF
        or 0xE0000 <= code <= 0xE007F
    )


def folded(text: str) -> str:
    """Return the text as two readers would agree on it: NFKC, case, white space and invisible characters gone."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c for c in plain if unicodedata.category(c) != "Cf" and c not in _BLANK).split())


def tamed(text: str, *, chars_max: int = 1_000) -> str:
    """Return an untrusted text fit to be shown to a writer: NFKC, nothing invisible, one line, cut to `chars_max`.

    NFKC may make one character into eighteen, so it is cut before and after.
    """
    plain = unicodedata.normalize("NFKC", text[: 4 * chars_max])
    kept = (" " if c in "\n\r\t" else c for c in plain)
    shown = (c for c in kept if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Cn", "Co"} and c not in _BLANK)
    return " ".join("".join(shown).split())[:chars_max]


def tidy(text: str) -> str:
    """Return a text as it should be stored: NFC, one kind of line end, no white space around it."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()

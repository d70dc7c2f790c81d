"""A card: the page of our own that is drawn as a picture beside a post, and the words for people who cannot see it.

Everything is decided here, before any browser is asked: the size follows from the lines, the letters are as large as
the widest line allows, and what would be too small to read on a phone is no card. The page loads nothing: its policy
forbids it, and nothing in it asks. Code is never cut, wrapped or altered. Pure.
"""

from __future__ import annotations

import io
import keyword
import tokenize
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import accumulate
from math import ceil, inf

from bowerbird.core.ports import Sketch

WIDTH = 1080
"""Pixels; a phone shows it at about a third, so letters of 24 are read there as letters of 9."""
HEIGHTS = (420, 1350)
"""The lowest and the highest card, pixels: higher ones are cropped in a timeline."""
EDGE = 52
"""From the border of the picture to the first letter, pixels."""
LETTERS = (24, 40)
"""The smallest and the largest letters of code, pixels."""
PER_LETTER = 0.61
"""The width of a letter of equal width, by its size; rather too much than too little."""
LINE = 1.5
"""The height of a line, by the size of its letters."""
ALT_MAX = 1_000
"""Characters of a description: the least that any of the platforms takes (X; Bluesky takes 2,000)."""
_QUOTED = ((90, 64), (180, 54), (inf, 46))
"""Letters of a quote, pixels, by how many columns it may have at most."""
_REST = "\n(The rest stands in the picture.)"

_STYLE = """
* { margin: 0; box-sizing: border-box; }
html { background: #e9eef1; }
body { height: %(height)dpx; padding: 20px; }
main { height: 100%%; padding: 32px; background: #fff; border-radius: 18px; display: flex; flex-direction: column; }
pre { font: %(letters)dpx/%(line)s "DejaVu Sans Mono", "Liberation Mono", monospace; color: #1c2430; tab-size: 4; }
pre b { color: #0a5c8a; font-weight: 600; } pre i { color: #8a4b12; font-style: normal; }
pre u { color: #5d6b78; text-decoration: none; }
h2 { margin: 22px 0 8px; padding-top: 18px; border-top: 2px solid #e1e7eb; font: 28px/1.2 sans-serif; color: #5d6b78; }
blockquote { margin: auto 0; padding-inline-start: 30px; border-inline-start: 8px solid #0a5c8a; color: #1c2430;
  font: %(letters)dpx/1.4 "DejaVu Serif", "Liberation Serif", serif; overflow-wrap: anywhere; }
footer { padding-top: 24px; font: 28px/1.2 sans-serif; color: #5d6b78; text-align: right; overflow: hidden; }
pre:last-of-type { margin-bottom: auto; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A page to be drawn: its HTML, its size in pixels, and the description of the picture."""

    html: str
    width: int
    height: int
    alt: str


def sheet(sketch: Sketch, *, by: str, quotes: bool = False) -> Sheet | str:
    """Lay a card out.

    Args:
        by: the name of the account, which stands small below.
        quotes: whether a claim without code is a card, too.

    Returns:
        The page; or in a sentence why it would not be one, empty where there is nothing to show.
    """
    if sketch.code:
        return _code(sketch, by)
    return _quote(sketch.text, by) if quotes and sketch.text else ""


def _code(sketch: Sketch, by: str) -> Sheet | str:
    lines = [*sketch.code.splitlines(), *sketch.output.splitlines()]
    letters = min(LETTERS[1], int((WIDTH - 2 * EDGE) / (PER_LETTER * max(map(columns, lines)))))
    height = ceil(2 * EDGE + 70 + 90 * bool(sketch.output) + len(lines) * letters * LINE)
    if letters < LETTERS[0] or height > HEIGHTS[1]:
        return "the code is too large for a card that can be read on a phone"
    shown = f"<h2>It prints</h2><pre>{escape(sketch.output)}</pre>" if sketch.output else ""
    says = f"{sketch.code}\n\nIt prints:\n{sketch.output}" if sketch.output else sketch.code
    return _sheet(f"<pre>{coloured(sketch.code)}</pre>{shown}", by, letters, height, f"A card with this code:\n{says}")


def _quote(text: str, by: str) -> Sheet | str:
    many = columns(text)
    letters = next(size for most, size in _QUOTED if many <= most)
    lines = ceil(many * letters * 0.55 / (WIDTH - 2 * EDGE - 40)) + 1
    height = ceil(2 * EDGE + 80 + lines * letters * 1.4)
    if height > HEIGHTS[1]:
        return "the words are too many for a card that can be read on a phone"
    shown = f'<blockquote dir="auto">{escape(text)}</blockquote>'
    return _sheet(shown, by, letters, height, f"A card with these words: {text}")


def columns(line: str) -> int:
    """How many letters of equal width a line takes: two for the wide ones of East Asia and for emoji."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in line.expandtabs(4))


def _sheet(body: str, by: str, letters: int, height: int, alt: str) -> Sheet:
    height = max(HEIGHTS[0], height)
    style = _STYLE % {"height": height, "letters": letters, "line": LINE}
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}"><style>{style}</style>'
    )
    page = f"<!doctype html>{head}<main>{body}<footer>@{escape(by)}</footer></main>"
    return Sheet(html=page, width=WIDTH, height=height, alt=described(alt))


def described(alt: str) -> str:
    """Return a description of at most `ALT_MAX` characters; a longer one ends with a line of its own that says so."""
    if len(alt) <= ALT_MAX:
        return alt
    kept = alt[: ALT_MAX - len(_REST)]
    return (kept.rpartition("\n")[0] or kept) + _REST


def coloured(code: str) -> str:
    """Return code as HTML: words of Python bold, texts and numbers, and remarks marked; other code as it is."""
    try:
        marked = list(_marks(code))
    except (tokenize.TokenError, SyntaxError):
        return escape(code)
    parts, at = [], 0
    for begin, end, tag in marked:
        parts += [escape(code[at:begin]), f"<{tag}>{escape(code[begin:end])}</{tag}>"]
        at = end
    return "".join([*parts, escape(code[at:])])


def _marks(code: str) -> Iterator[tuple[int, int, str]]:
    """Yield where each marked word begins and ends, in order."""
    starts = [0, *accumulate(len(line) for line in code.splitlines(keepends=True))]
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if tag := _tag(token):
            (line, column), (last, end) = token.start, token.end
            yield starts[line - 1] + column, starts[last - 1] + end, tag


def _tag(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.NAME:
        return "b" if keyword.iskeyword(token.string) else ""
    if token.type in {tokenize.STRING, tokenize.NUMBER} or tokenize.tok_name[token.type].startswith("FSTRING"):
        return "i"
    return "u" if token.type == tokenize.COMMENT else ""

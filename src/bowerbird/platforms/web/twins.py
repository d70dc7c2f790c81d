"""Whether words on a page are the words that were sent, however the site lays them out.

A site runs white space together, makes a link of whatever looks like an address and puts ``http://`` before it, and
shortens long links to their beginning and three dots. The first two change nothing; the third leaves a doubt.
"""

from __future__ import annotations

import re

_SCHEME = re.compile(r"https?://")
_CUT = "\u2026"


def same(shown: str, sent: str) -> bool:
    """Tell whether a page shows these words, all of them."""
    return _plain(shown) == _plain(sent)


def nearly(shown: str, sent: str) -> bool:
    """Tell whether a page may show these words with some of their links shortened."""
    parts = _plain(shown).split(_CUT)
    pattern = r"\S*".join(re.escape(part) for part in parts)
    return len(parts) > 1 and re.fullmatch(pattern, _plain(sent)) is not None


def _plain(text: str) -> str:
    return " ".join(word.rstrip("/") for word in _SCHEME.sub("", text).split())

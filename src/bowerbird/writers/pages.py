"""Passages of a page as a bank in Markdown, for its owner to look over: nothing is said before somebody has.

1. A passage gives one claim: all of it where it is short, else the sentences it begins with.
2. Labels, single words and what stands there twice are none.
3. Each names where it stands on the page; code below it comes along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Protocol

from bowerbird.core.text import folded
from bowerbird.writers.fields import BLOCK_MAX, TEXT_MAX

WORDS_MIN = 5
"""Words that make a sentence."""
TOPIC_MAX = 60
_ENDS = re.compile(r"(?<=[.!?])[\"')\u201d]?\s+(?=\S)")
_FENCE = re.compile(r"`{3,}")


class Passage(Protocol):
    """What was read: a paragraph, its heading, the place on its page, and the code below it."""

    @property
    def text(self) -> str:
        """The words, as they are shown."""

    @property
    def topic(self) -> str:
        """The heading above, or empty."""

    @property
    def anchor(self) -> str:
        """The id of the place, or empty."""

    @property
    def code(self) -> str:
        """Lines that show it, or empty."""


def as_bank(url: str, passages: Iterable[Passage]) -> str:
    """Return a bank in Markdown, in the order of the page; without a claim, it is its heading alone."""
    page = url.partition("#")[0]
    lines = [
        f"Read from {page}. These are its author's words: keep what you can stand for, say it in your own, and take",
        "the rest out. Everything above the first heading, like this, is for you.",
    ]
    topic, seen = "", set[str]()
    for passage in passages:
        text = _claim(passage.text)
        if not text or folded(text) in seen:
            continue
        seen.add(folded(text))
        if (heading := _line(passage.topic)[:TOPIC_MAX]) != topic:
            topic = heading
            lines += ["", f"# {topic or 'general'}"]
        lines += ["", f"## {text}", f"Source: {page}{'#' if passage.anchor else ''}{passage.anchor}", *_code(passage)]
    return "\n".join(lines) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split()).strip("#\u00b6 ")


def _claim(text: str) -> str:
    """Return what of a passage is a claim, or nothing."""
    said = ""
    for sentence in _ENDS.split(_line(text)):
        longer = f"{said} {sentence}".strip()
        if len(longer) > TEXT_MAX:
            break
        said = longer
    return said if len(said.split()) >= WORDS_MIN else ""


def _code(passage: Passage) -> Iterator[str]:
    code = passage.code.strip("\n")
    if code.strip() and len(code) <= BLOCK_MAX:
        fence = "`" * max([3, *(len(run) + 1 for run in _FENCE.findall(code))])
        yield from (fence, code, fence)

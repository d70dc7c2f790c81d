"""What the audience can tell from a text: what it is about, how it speaks, what shape it has.

A post carries no hidden labels: like a reader on a real network, the audience has only the words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

TOPICS: Mapping[str, tuple[str, ...]] = {
    "collections": ("collections", "counter", "deque", "defaultdict", "namedtuple", "dict", "set", "heapq"),
    "iteration": ("itertools", "iterator", "generator", "yield", "zip", "enumerate", "loop", "comprehension"),
    "text": ("string", "str", "text", "regex", "unicode", "textwrap", "format", "split", "join"),
    "numbers": ("math", "statistics", "decimal", "fraction", "float", "integer", "random", "number", "sum"),
    "files": ("pathlib", "path", "file", "csv", "json", "shutil", "tempfile", "pickle", "directory"),
    "time": ("datetime", "time", "calendar", "timezone", "date", "zoneinfo", "clock"),
    "functions": ("functools", "function", "lambda", "decorator", "cache", "partial", "argument", "operator"),
    "classes": ("dataclass", "class", "enum", "typing", "type", "protocol", "property", "attribute", "method"),
    "concurrency": ("asyncio", "async", "await", "thread", "process", "concurrent", "queue", "lock", "task"),
    "people": ("job", "career", "learn", "book", "team", "community", "friend", "morning", "coffee", "habit"),
}
"""Each topic and the words that give it away; a text is about the topic most of whose words it has."""

OTHER = "other"
TONES = ("question", "surprise", "advice", "warning", "plain")
SHAPES = ("code", "short", "medium", "long")

_WORD = re.compile(r"[a-z_]+")
_CODE = re.compile(r"`|>>>|\w\(.*\)|^\s*(import|from|def|for) |\w = \S", re.MULTILINE)
_SURPRISE = ("did you know", "surpris", "!", "little-known", "secret", "hidden", "turns out", "actually")
_ADVICE = ("try ", "use ", "prefer", "instead of", "should", "tip", "reach for", "let ")
_WARNING = ("beware", "careful", "never ", "mistake", "trap", "wrong", "do not", "don't", "stop ")


@dataclass(frozen=True, slots=True)
class Features:
    """What a reader notices."""

    topic: str
    tone: str
    shape: str
    has_link: bool
    has_picture: bool


def read(text: str, *, has_link: bool = False, has_picture: bool = False) -> Features:
    """Return what a reader notices about this text."""
    return Features(topic_of(text), tone_of(text), shape_of(text), has_link or "://" in text, has_picture)


def topic_of(text: str) -> str:
    """Return the topic with the most of its words in the text; the first of equals, `other` for none."""
    words = _WORD.findall(text.lower())
    stems = {word.removesuffix("s") for word in words} | set(words)
    scores = {topic: len(stems.intersection(marks)) for topic, marks in TOPICS.items()}
    best = max(scores, key=lambda topic: scores[topic])
    return best if scores[best] else OTHER


def tone_of(text: str) -> str:
    """Return how the text speaks; a question mark outweighs all."""
    lower = text.lower()
    if "?" in text:
        return "question"
    for tone, marks in (("warning", _WARNING), ("surprise", _SURPRISE), ("advice", _ADVICE)):
        if any(mark in lower for mark in marks):
            return tone
    return "plain"


def shape_of(text: str) -> str:
    """Return the shape: a line of code decides, else the length."""
    if _CODE.search(text):
        return "code"
    return "short" if len(text) < 100 else "medium" if len(text) < 200 else "long"

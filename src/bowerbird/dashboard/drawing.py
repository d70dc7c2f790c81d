"""How pages are drawn: the templates, and the few words they use for instants and texts."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from bowerbird.core.health import Light
from bowerbird.core.post import SECOND_US
from bowerbird.core.story import clock_time, count, span

LIGHT_WORDS = {
    Light.GREEN: "works", Light.AMBER: "works with less", Light.RED: "does not work", Light.GREY: "not in use",
}  # fmt: skip
"""Each light in words, where nothing more exact is said."""


@cache
def templates() -> Environment:
    """Every template, read and compiled once, so that no page reads a file while others wait."""
    made = Environment(
        loader=PackageLoader("bowerbird.dashboard"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters.update(
        span=span,
        iso=iso,
        clock_time=clock_time,
        title_of=title_of,
        tight=tight,
        rows_of=rows_of,
        count=count,
        short=short,
        capital=capital,
        coded=coded,
        slug=slug,
        light_word=LIGHT_WORDS.__getitem__,
        tojson_text=json.dumps,
    )
    made.globals.update(ago=ago)
    for name in made.list_templates(extensions=["html"]):
        made.get_template(name)
    return made


def iso(at: int | None) -> str:
    """Write an instant for a machine, such as ``2026-11-23T17:05:09+00:00``; empty for None."""
    return "" if at is None else datetime.fromtimestamp(at / SECOND_US, UTC).isoformat(timespec="seconds")


def title_of(text: str) -> str:
    """The first line of a text, shortened for a heading."""
    first = text.strip().split("\n", 1)[0]
    return first if len(first) <= 90 else first[:89].rstrip() + "…"


def tight(text: str) -> str:
    """A text without its empty lines, for a small card."""
    return "\n".join(line for line in text.splitlines() if line.strip())


def rows_of(text: str) -> int:
    """How many rows a box for this text needs, from 2 to 14."""
    return max(2, min(14, sum(1 + len(line) // 64 for line in text.split("\n"))))


def short(seconds: float) -> str:
    """A duration in as few letters as it needs: ``3 ms``, ``1.2 s``, ``2 min``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else span(seconds)


def capital(sentence: str) -> str:
    """The sentence with a capital letter in front, and nothing else changed."""
    return sentence[:1].upper() + sentence[1:]


def coded(sentence: str) -> Markup:
    """The sentence with what stands between backticks as something to type; everything else in it is text."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(sentence))))  # noqa: S704 - escaped first


def ago(now: int, at: int | None) -> str:
    """Say how long ago an instant was, or how far ahead it is."""
    if at is None:
        return "never"
    seconds = (now - at) / SECOND_US
    if abs(seconds) < 1:
        return "now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"


def slug(words: str) -> str:
    """A name that an element may have: ``Limits of robin`` is ``limits-of-robin``."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")

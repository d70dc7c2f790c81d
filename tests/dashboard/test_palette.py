"""The colours of the face have contrast, in both palettes (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

import bowerbird.dashboard

CSS = (Path(bowerbird.dashboard.__file__).parent / "static" / "style.css").read_text()


def palettes() -> dict[str, dict[str, str]]:
    """The colours of the light palette, and of the dark one where they differ."""
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    light, dark = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block)) for block in blocks)
    return {"light": light, "dark": light | dark}


def luminance(colour: str) -> float:
    """Relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


WORDS = [
    *product(("ink", "soft", "accent", "amber", "red", "green"), ("paper", "card")),
    *product(("ink",), ("green-wash", "amber-wash", "red-wash")),
    *product(("accent",), ("amber-wash", "red-wash", "green-wash")),
    ("on-accent", "accent"),
]
"""What is written on what."""
SHAPES = [*product(("edge", "accent", "green", "amber", "red", "grey"), ("paper", "card"))]
"""Borders of fields and buttons, the focus ring and the lights."""


def pairs() -> Iterator[tuple[str, str, str, float]]:
    """Every palette with every pair and the contrast it needs."""
    for palette in palettes():
        yield from ((palette, one, other, 4.5) for one, other in WORDS)
        yield from ((palette, one, other, 3.0) for one, other in SHAPES)


@pytest.mark.parametrize(("palette", "one", "other", "least"), [*pairs()])
def test_what_must_be_seen_has_contrast(palette: str, one: str, other: str, least: float) -> None:
    """4.5 for words, 3 for shapes that mean something."""
    colours = palettes()[palette]
    assert contrast(colours[one], colours[other]) >= least


def test_both_palettes_name_the_same_colours_and_no_rule_brings_its_own() -> None:
    """A colour outside the palette would escape the test above; the mask of the phone's menu is no colour."""
    rest = re.sub(r":root \{.*?\}", "", CSS, flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", rest.replace("linear-gradient(to right, #000", "")) == []
    assert set(palettes()["light"]) == set(palettes()["dark"])


def test_focus_is_visible_everywhere() -> None:
    """The ring is taken away nowhere but from the page itself, where the skip link leads."""
    assert ":focus-visible { outline: 3px solid var(--accent)" in CSS
    assert re.findall(r"([^\n{}]+) \{ outline: none", CSS) == ["main:focus"]

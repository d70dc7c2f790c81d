"""A chart of a few lines over time as an SVG, drawn by hand: for a figure that has to be looked at, not only held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, log10

WIDTH, HEIGHT = 960, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 66, 44
"""What is left around the lines, pixels; names stand to the right of them."""
COLOURS = ("#1f6f8b", "#c1666b", "#5b7f3b", "#8a5a9e")
_FONT = 'font-family="system-ui, sans-serif" font-size="13"'

Points = Sequence[tuple[float, float]]


def chart(
    title: str, lines: Mapping[str, Points], marks: Sequence[tuple[float, str]] = (), *, across: str, up: str
) -> str:
    """Draw lines from zero upwards, and a thin mark with a word for each thing that happened.

    Args:
        lines: points by name, four at most. across, up: what the axes measure, with the unit.
        marks: where on the axis, and the word.
    """
    places = [point for line in lines.values() for point in line]
    far = max((x for x, _ in places), default=0.0) or 1.0
    step = _step(max((y for _, y in places), default=0.0) or 1.0)
    high = step * ceil(max((y for _, y in places), default=step) / step)

    def at(x: float, y: float) -> tuple[float, float]:
        return LEFT + x / far * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y / high * (HEIGHT - TOP - BOTTOM)

    parts = [_words(LEFT, 22, title, "#222", weight="600")]
    for n in range(round(high / step) + 1):
        x, y = at(0, n * step)
        parts += [_rule(x, y, WIDTH - RIGHT, y, "#ddd"), _words(x - 8, y + 4, f"{n * step:g}", "#666", anchor="end")]
    across_step = _step(far)
    for n in range(int(far / across_step) + 1):
        x, y = at(n * across_step, 0)
        parts.append(_words(x, y + 18, f"{n * across_step:g}", "#666", anchor="middle"))
    for row, (where, word) in enumerate(marks):
        x, y = at(where, 0)
        parts += [
            _rule(x, TOP - 4, x, y, "#bbb", dash="2 3"),
            _words(x, TOP - 8 - 11 * (row % 3), word, "#888", anchor="middle", size=9),
        ]
    parts += [_words(WIDTH - RIGHT, HEIGHT - 8, across, "#666", anchor="end"), _words(8, TOP - 8, up, "#666")]
    for colour, (name, points) in zip(COLOURS, lines.items(), strict=False):
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
        parts.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        if points:
            parts.append(_words(WIDTH - RIGHT + 8, at(*points[-1])[1] + 4, name, colour))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img">\n<title>{escape(title)}</title>\n<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _step(most: float) -> float:
    """A round number of which four to ten make `most`."""
    size: float = 10.0 ** int(log10(most / 4)) if most >= 4 else 0.1
    return next(size * times for times in (1, 2, 2.5, 5, 10, 20, 50) if most / (size * times) <= 8)


def _rule(x1: float, y1: float, x2: float, y2: float, colour: str, *, dash: str = "none") -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-dasharray="{dash}"/>'
    )


def _words(
    x: float, y: float, text: str, colour: str, *, anchor: str = "start", weight: str = "400", size: int = 13
) -> str:
    font = _FONT.replace('"13"', f'"{size}"')
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" font-weight="{weight}" {font}>'
        f"{escape(text)}</text>"
    )

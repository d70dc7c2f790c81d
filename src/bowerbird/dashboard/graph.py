"""Draw the table of jobs as it is executed: a column for each level, a line from each job to what it lives on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BOX_W, BOX_H = 118, 34
"""A job's box, in units of the drawing."""
GAP_X, GAP_Y = 46, 12
"""Room between columns, and between boxes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One job in the drawing: its place, its light and its state in a word."""

    name: str
    x: int
    y: int
    light: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Boxes and lines; a line is the points of a curve as SVG writes it, with the names of both ends."""

    width: int
    height: int
    boxes: Sequence[Box]
    lines: Sequence[tuple[str, str, str]]


def drawn(jobs: Sequence[Mapping[str, Any]]) -> Drawing:
    """Place each job of the snapshot ``jobs``: the column is its level, the row its place in the table.

    Jobs that live on nobody and that nobody lives on stand in columns of their own, below.
    """
    needed = {need for job in jobs for need in job["needs"]}
    bound = [job for job in jobs if job["needs"] or job["name"] in needed]
    boxes: dict[str, Box] = {}
    rows: dict[int, int] = {}
    for job in bound:
        row = rows[job["level"]] = rows.get(job["level"], 0) + 1
        boxes[job["name"]] = _box(job, job["level"], row - 1)
    below, columns = max(rows.values(), default=0), max(rows, default=0) + 1
    for n, job in enumerate(job for job in jobs if job["name"] not in boxes):
        boxes[job["name"]] = _box(job, n % columns, below + n // columns)
    lines = [(need, job["name"], _curve(boxes[need], boxes[job["name"]])) for job in bound for need in job["needs"]]
    deep = max((box.y for box in boxes.values()), default=0) + BOX_H
    return Drawing(
        width=columns * (BOX_W + GAP_X) - GAP_X, height=deep, boxes=list(boxes.values()), lines=lines
    )  # fmt: skip


def _box(job: Mapping[str, Any], column: int, row: int) -> Box:
    return Box(
        name=job["name"], x=column * (BOX_W + GAP_X), y=row * (BOX_H + GAP_Y), light=job["light"],
        state=job["state"],
    )  # fmt: skip


def _curve(start: Box, end: Box) -> str:
    x1, y1, x2, y2 = start.x + BOX_W, start.y + BOX_H // 2, end.x - 5, end.y + BOX_H // 2
    middle = (x1 + x2) // 2
    return f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"

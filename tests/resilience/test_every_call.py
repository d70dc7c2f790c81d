"""No call to the outside can wait for ever: each names its own limit, or stands inside a deadline."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src" / "bowerbird"
HTTP = {"request", "stream", "get", "post", "send"}
"""Calls of an HTTP client; others have methods of these names too, so the client is known by its name."""
PAGE = {"goto", "click", "fill", "wait_for", "get_attribute", "evaluate", "expect_navigation", "wait_for_selector"}
"""Calls of a browser's page."""
OTHER = {"urlopen", "SMTP", "SMTP_SSL", "open_connection", "create_connection"}
"""Calls of the standard library."""
ELSEWHERE = {"drills", "sandbox", "simulation"}
"""Rooms that are not the product: what breaks it, what it rehearses on, and what imagines it."""
DEADLINES = ("asyncio.timeout", "within(")
"""What a deadline looks like around a call."""


def outside(call: ast.Call) -> bool:
    """Whether this call leaves the process."""
    if not isinstance(call.func, ast.Attribute):
        return isinstance(call.func, ast.Name) and call.func.id in OTHER
    receiver, name = ast.unparse(call.func.value), call.func.attr
    client = receiver.split(".")[-1].strip("_") in {"http", "client", "httpx"}
    page = name in PAGE and not receiver.startswith("self.")
    return (client and name in HTTP) or page or name in OTHER


def limited(call: ast.expr) -> bool:
    """Whether it names a limit of its own; a client made with one keeps it for every call."""
    return isinstance(call, ast.Call) and any(word.arg in {"timeout", None} for word in call.keywords)


def unbounded(node: ast.AST, *, bounded: bool = False) -> Iterator[ast.Call]:
    """Every call below this node that leaves the process and names no limit, unless a deadline is around it.

    What is handed to the browsers' door with `within_s` is made under that deadline.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and outside(child) and not (bounded or limited(child)):
            yield child
        within = isinstance(child, ast.AsyncWith) and any(
            ast.unparse(item.context_expr).startswith(DEADLINES) or limited(item.context_expr) for item in child.items
        )
        door = isinstance(child, ast.Call) and any(word.arg == "within_s" for word in child.keywords)
        yield from unbounded(child, bounded=bounded or within or door)


def test_every_call_to_the_outside_is_bounded() -> None:
    """By a timeout of its own, or by a deadline around it."""
    found = [
        f"{file.relative_to(SRC)}:{call.lineno} {ast.unparse(call)[:80]}"
        for file in sorted(SRC.rglob("*.py"))
        if file.relative_to(SRC).parts[0] not in ELSEWHERE
        for call in unbounded(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert not found, "calls without a limit:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("await self.http.request('GET', url)", 1),
        ("await client.post(url, timeout=3)", 0),
        ("async with asyncio.timeout(3):\n    await client.post(url)", 0),
        ("async with lock:\n    await page.evaluate(text)", 1),
        ("async with httpx.AsyncClient(timeout=3) as client:\n    await client.post(url)", 0),
        ("await door.tried('probe', lambda: page.evaluate(text), within_s=3)", 0),
        ("await door.tried('probe', lambda: page.evaluate(text))", 1),
        ("urlopen(url)", 1),
        ("chance.stream('bank')", 0),
    ],
)
def test_the_search_finds_what_it_looks_for(text: str, calls: int) -> None:
    """A search that finds nothing at all would pass for ever."""
    lines = "\n    ".join(text.split("\n"))
    assert len(list(unbounded(ast.parse(f"async def f():\n    {lines}")))) == calls

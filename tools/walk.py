"""Every page there is, with an address at which it stands: from the table of pages, and by following their links."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable

from bowerbird.dashboard.routes import LEAVES, found

Open = Callable[[str], Awaitable[str]]
"""Opens a path and returns the page's HTML."""
EACH = 2
"""Addresses of one page of the table that are tried, where it has many."""


async def walk(page_at: Open, *, each: int = EACH) -> list[str]:
    """Return addresses of every page of the table, found as a person finds them; at most so many of each page.

    Raises:
        LookupError: no link leads to some page.
    """
    reached = await stroll(page_at, each=each)
    unreached = [path for path, paths in reached.items() if not paths]
    if unreached:
        raise LookupError(f"No link leads to {', '.join(unreached)}")
    return [path for paths in reached.values() for path in paths]


async def stroll(page_at: Open, *, each: int = EACH) -> dict[str, list[str]]:
    """Return the addresses that were found, by the path of the table's row.

    1. A page without parts in its path stands in the table as it is.
    2. Any other is reached by the first links that lead to it, from pages that were reached before; none may.
    """
    reached = {leaf.path: [] if "{" in leaf.path else [leaf.path] for leaf in LEAVES}
    ahead = [path for paths in reached.values() for path in paths]
    while ahead:
        for link in links(await page_at(ahead.pop(0))):
            leaf = found(link)
            if leaf is not None and link not in reached[leaf[0].path] and len(reached[leaf[0].path]) < each:
                reached[leaf[0].path].append(link)
                ahead.append(link)
    return reached


def links(html: str) -> Iterable[str]:
    """The paths of the page's links to this site, in order."""
    return (path for path in re.findall(r'<a[^>]* href="(/[^"?#]*)', html) if not path.startswith("//"))

"""A public page made into a bank: fetched as its site wishes, read in a browser, and then looked over by its owner."""

from __future__ import annotations

import asyncio
from functools import partial
from urllib.parse import urlsplit

from bowerbird.browsers.pool import Pool
from bowerbird.browsers.reading import passages
from bowerbird.core.errors import BadInput
from bowerbird.writers.fetching import AGENT, fetch, rules_of, within
from bowerbird.writers.pages import as_bank

SIZE_MAX = 5_000_000
"""Bytes of a page."""
HTML = ("text/html", "application/xhtml+xml")


async def bank_of(url: str, pool: Pool) -> str:
    """Return what a page says as a bank in Markdown.

    Raises:
        BadInput: the page is none, says nothing, its site does not want it read, or the address holds a password.
        Unreachable: no browser, or the page does not come to an end.
    """
    if urlsplit(url).username is not None:
        raise BadInput("the address has a name or a password in it, and each claim would carry them; leave them out")
    found = await asyncio.to_thread(fetch, url, size_max=SIZE_MAX)
    if not found.kind.startswith(HTML):
        raise BadInput(f"this is no page but {found.kind or 'something without a name'}; save it, and name the file")
    may = partial(within, await asyncio.to_thread(rules_of, found.url))
    read = await passages(pool, found.url, found.body, kind=found.kind, agent=AGENT, may=may)
    text = as_bank(found.url, read)
    if "\n## " not in text:
        raise BadInput("nothing on this page reads like a claim: it has no sentence in a paragraph or a list")
    return text

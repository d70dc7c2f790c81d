"""A public page made into a bank: fetched as its site wishes, read in a browser, and then looked over by its owner."""

from __future__ import annotations

import asyncio
import logging
from urllib.parse import urlsplit

from bowerbird.browsers.pool import Pool
from bowerbird.browsers.reading import ANSWER_S, Part, passages
from bowerbird.clock import SystemClock
from bowerbird.core.errors import BadInput
from bowerbird.core.ports import Clock
from bowerbird.writers.claims import BankUnreadable
from bowerbird.writers.fetching import fetch, rules_of, within
from bowerbird.writers.pages import as_bank
from bowerbird.writers.robots import delay_s
from bowerbird.writers.visit import visit

log = logging.getLogger(__name__)

SIZE_MAX = 5_000_000
"""Bytes of a page, and of each thing that it asks for."""
DELAY_MAX_S = 2.0
"""The longest time between two requests (`Crawl-delay`) that is waited for, seconds: a browser is taken meanwhile."""
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
    parts = Parts(urlsplit(url).hostname or "", await asyncio.to_thread(rules_of, found.url), SystemClock())
    read = await passages(pool, found.url, found.body, kind=found.kind, part=parts)
    text = as_bank(found.url, read)
    if "\n## " not in text:
        raise BadInput("nothing on this page reads like a claim: it has no sentence in a paragraph or a list")
    return text


class Parts:
    """What a page asks for besides, as its site wishes: where robots.txt allows it, and no faster than it says.

    A site that wants more than `DELAY_MAX_S` between two requests is asked for the page alone.

    Args:
        named: the host that the owner wrote down. rules: its robots.txt.
    """

    def __init__(self, named: str, rules: str, clock: Clock) -> None:
        self._named, self._rules, self._clock = named, rules, clock
        self._delay_s = delay_s(rules)
        self._free_at = clock.monotonic() + self._delay_s

    async def __call__(self, url: str) -> Part | None:
        """Return it; None where its site does not let us have it, or it is not reached where it is said to be."""
        if self._delay_s > DELAY_MAX_S or not within(self._rules, url):
            return None
        await self._turn()
        try:
            found = await asyncio.to_thread(visit, url, named=self._named, size_max=SIZE_MAX, whole_s=ANSWER_S)
        except BankUnreadable as error:
            log.info("a part of a page was not had: %s", error)
            return None
        return None if found.moved else Part(found.status, found.body, found.kind)

    async def _turn(self) -> None:
        """Wait until the site may be asked again; who comes next waits for longer."""
        now = self._clock.monotonic()
        at = max(now, self._free_at)
        self._free_at = at + self._delay_s
        await self._clock.sleep(at - now)

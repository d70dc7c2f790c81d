"""A public page read for the owner of a bank: what its scripts make of it, passage by passage.

1. The page itself was fetched before, as its site wishes; the browser is given those bytes and asks for none.
2. What the page asks for besides comes from its own site, and only so much of it; whoever fetched the page fetches
   that, too, so the browser itself asks nobody for anything. Pictures, films and fonts say nothing that could be read
   here, and are left out.
3. Headings, paragraphs, entries of lists and code come back; menus, forms and margins do not.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bowerbird.core.errors import Unreachable

if TYPE_CHECKING:
    from playwright.async_api import Page, Request, Route

    from bowerbird.browsers.pool import Pool

log = logging.getLogger(__name__)

READER = "sources"
"""Whose page it is: no account has this name, for theirs begin with a platform."""
WAIT_S, LEASE_S = 10.0, 30.0
ANSWER_S = 5.0
"""How long one of the things that a page asks for may take, seconds."""
SETTLE_S = 3.0
"""How long the page's scripts may go on asking for something before it is read as it stands, seconds."""
ASKED_MAX = 40
"""Scripts, styles and data that a page may ask for."""
PASSAGES_MAX = 500
LEFT_OUT = frozenset({"image", "media", "font", "websocket", "eventsource", "ping", "other"})

_PASSAGES = r"""most => {
  const root = document.querySelector("main, article, [role=main]") ?? document.body;
  const margins = "nav, header, footer, aside, form, [hidden], [aria-hidden=true]";
  const blocks = "p, li, dd, blockquote, pre";
  const found = []; let topic = "", anchor = "";
  for (const each of root.querySelectorAll("h1, h2, h3, p, li, dd, blockquote, pre")) {
    const margin = each.closest(margins);
    if (margin && root.contains(margin) || each.innerText === undefined || found.length >= most) continue;
    if (/^H\d$/.test(each.tagName)) {
      anchor = each.id || each.closest("[id]")?.id || each.querySelector("[id]")?.id || "";
      if (each.tagName !== "H3") topic = each.innerText.trim();
    } else if (each.tagName === "PRE") {
      if (found.length && !found.at(-1).code) found.at(-1).code = each.innerText;
    } else if (!each.querySelector(blocks)) found.push({topic, anchor, text: each.innerText, code: ""});
  }
  return found;
}"""


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph or an entry of a list, under which heading it stands, where to find it, and the code below it."""

    text: str
    topic: str = ""
    anchor: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What a page asked for: the status, the bytes, and what its server calls them."""

    status: int
    body: bytes
    kind: str


async def passages(
    pool: Pool, url: str, body: bytes, *, kind: str, part: Callable[[str], Awaitable[Part | None]]
) -> list[Passage]:
    """Show a page to a browser and return what stands in it, at most `PASSAGES_MAX`.

    Args:
        url, body, kind: of the page that was fetched.
        part: fetches what it needs besides, of its own site; None where that is not to be had.

    Raises:
        Unreachable: no seat was free in time, no browser runs, it was lost, or the page does not come to an end.
    """
    site, asked = urlsplit(url)[:2], itertools.count()

    def wanted(request: Request) -> bool:
        ours = urlsplit(request.url)[:2] == site and not request.frame.parent_frame
        read = request.method == "GET" and request.resource_type not in LEFT_OUT
        return ours and read and not request.is_navigation_request() and next(asked) < ASKED_MAX

    async def had(request: Request) -> Part | None:
        if request.is_navigation_request() and request.url == url.partition("#")[0]:
            return Part(200, body, kind or "text/html")
        with contextlib.suppress(TimeoutError):  # it is done without, as any browser does
            async with asyncio.timeout(ANSWER_S):
                return await part(request.url) if wanted(request) else None
        return None

    async def answer(route: Route) -> None:
        try:
            found = await had(route.request)
            async with asyncio.timeout(ANSWER_S):
                if found is None:
                    await route.abort()
                else:
                    await route.fulfill(status=found.status, body=found.body, content_type=found.kind)
        except Exception as error:  # noqa: BLE001 - what a listener raises would be handed to somebody else's call
            log.info("a part of %s was not had: %s", url, error)

    try:
        async with (
            pool.page(READER, state=None, wait_s=WAIT_S, op="source", lease_s=LEASE_S) as page,
            asyncio.timeout(LEASE_S),
        ):
            await page.route("**/*", answer)
            try:
                return await _read(page, url)
            finally:
                await page.unroute_all(behavior="ignoreErrors")
    except TimeoutError as error:
        raise Unreachable(f"the page does not come to an end within {LEASE_S:g} s", reason="timeout") from error


async def _read(page: Page, url: str) -> list[Passage]:
    from playwright.async_api import TimeoutError as Restless

    await page.goto(url, wait_until="domcontentloaded", timeout=LEASE_S * 1e3)
    async with asyncio.timeout(LEASE_S):
        with contextlib.suppress(Restless):  # it goes on asking, and is read as it stands
            await page.wait_for_load_state("networkidle", timeout=SETTLE_S * 1e3)
        return [Passage(**row) for row in await page.evaluate(_PASSAGES, PASSAGES_MAX)]

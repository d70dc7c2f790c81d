"""Cold visits to a page in a real Chromium: when something is first seen, and what came over the wire until then."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, Page

from bowerbird.dashboard.doors import COOKIE

SETTLE_MS = 400
"""How long a page is watched after it has loaded, for what it fetches late."""
PAINTED = """() => new Promise((told) => {
  const see = (list) => {
    for (const one of list.getEntries()) if (one.name === "first-contentful-paint") told(one.startTime);
  };
  new PerformanceObserver(see).observe({ type: "paint", buffered: true });
})"""
GONE = """(words) => { window.gone = new Promise((told) => {
  const painted = () => requestAnimationFrame(() => { // after the frame in which it is drawn
    const after = new MessageChannel();
    after.port1.onmessage = () => told(Date.now());
    after.port2.postMessage(0);
  });
  const look = () => {
    if (document.querySelector("main").textContent.includes(words)) return;
    watch.disconnect();
    painted();
  };
  const watch = new MutationObserver(look);
  watch.observe(document.body, { childList: true, subtree: true, characterData: true });
}); }"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One look at a page with an empty cache.

    Args:
        paint_ms: from the click to the first words or pictures.
        size: bytes over the wire, headers and compression included.
        requests: of any kind.
    """

    paint_ms: float
    size: int
    requests: int


async def visit(browser: Browser, url: str, cookie: str = "") -> Visit:
    """Open a page as somebody whose browser has never seen it."""
    page = await opened(browser, url, cookie)
    wire = await page.context.new_cdp_session(page)
    asked: set[str] = set()
    sizes: defaultdict[str, int] = defaultdict(int)

    def begun(event: dict[str, Any]) -> None:
        if not event["request"]["url"].startswith(("data:", "blob:")):
            asked.add(event["requestId"])

    def came(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] += max(0, event["encodedDataLength"])

    def ended(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = event["encodedDataLength"]

    wire.on("Network.requestWillBeSent", begun)
    wire.on("Network.dataReceived", came)
    wire.on("Network.loadingFinished", ended)
    await wire.send("Network.enable")
    await page.goto(url, wait_until="load")
    paint_ms = await page.evaluate(PAINTED)
    await page.wait_for_timeout(SETTLE_MS)
    await page.context.close()
    return Visit(paint_ms=paint_ms, size=sum(sizes.values()), requests=len(asked))


async def opened(browser: Browser, url: str, cookie: str = "") -> Page:
    """A blank page of a visitor of their own, with a session for this address."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    if cookie:
        await context.add_cookies([{"name": COOKIE, "value": cookie, "url": url}])
    return await context.new_page()

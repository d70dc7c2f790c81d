"""What the benches of the browsers share: a small site on this machine, and the same visit for everybody.

The page is built like a timeline of X: forty posts with pictures, a script of 300 KB, and one answer fetched from the
site. Pictures and script may be kept, as everywhere; they are made here, and nothing comes from outside.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from bowerbird.browsers import chromium
from bowerbird.browsers.pool import Pool
from bowerbird.browsers.seat import Seat
from bowerbird.clock import SystemClock

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

POSTS = 40
CLOCK = SystemClock()
PLAYWRIGHT = version("playwright")
NO_CHROMIUM = "There is no Chromium on this machine; tools/chromium.sh installs one."
EXTRACT = "rows => rows.map(row => [row.dataset.id, row.querySelector('[lang]').textContent])"
"""Each post's id and words, in one call."""

_ROWS = "".join(
    f'<article data-id="{n}"><a href="/status/{n}"><time datetime="2026-01-01T00:00:00Z">1 Jan</time></a>'
    f'<div lang="en">Post number {n}, of some length, as people write them.</div><img src="/p/{n}.svg">'
    f'<div role="group" aria-label="{n} replies, {n} likes">…</div></article>'
    for n in range(POSTS)
)
_SCRIPT = "const table = [" + ",".join(f"[{n},'word {n}',{{a:{n}}}]" for n in range(10_000)) + "];"
_PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="200"><circle cx="99" cy="99" r="80"/></svg>'
_FETCH = "<script>fetch('/api').then(r => r.json()).then(d => document.title = d.title)</script>"
PAGES = {
    "/": ("text/html", f'<title>Home</title><main>{_ROWS}</main><script src="/app.js"></script>{_FETCH}'),
    "/app.js": ("text/javascript", _SCRIPT),
    "/api": ("application/json", json.dumps({"title": "Home", "posts": [{"id": n} for n in range(POSTS)]})),
}  # fmt: skip
STILL_S = 0.25
"""Before each visit that is measured, whoever's it is: what the one before left running is not its own."""
LEAK = "() => { const kept = []; for (;;) kept.push(new Array(1e5).fill(kept.length + 0.5)); }"
"""Fills its heap with numbers as fast as it can."""


class Site(BaseHTTPRequestHandler):
    """The site."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        kind, text = PAGES.get(self.path, ("image/svg+xml", _PICTURE))
        body = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("cache-control", "no-store" if self.path in ("/", "/api") else "max-age=3600, immutable")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that is killed leaves in the middle of a sentence."""


def serve() -> None:
    """Serve the site on a free port, say which, and go on until killed."""
    server = _Server(("127.0.0.1", 0), Site)
    print(server.server_port, flush=True)
    server.serve_forever()


@contextmanager
def site() -> Iterator[str]:
    """The site in a process of its own, so that it takes no time from whoever is measured; its address."""
    program = subprocess.Popen([sys.executable, "-m", "bench.browsing"], stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout is not None
        yield f"http://127.0.0.1:{int(program.stdout.readline())}/"
    finally:
        program.kill()
        program.wait()


async def visit(page: Page, url: str) -> None:
    """Open the page and read every post."""
    await page.goto(url, wait_until="domcontentloaded")
    rows = await page.eval_on_selector_all("article", EXTRACT)
    assert len(rows) == POSTS


async def visit_through(pool: Pool, url: str, account: str = "robin", *, op: str = "counts") -> None:
    """The same by a lease of ours."""
    async with pool.page(account, state=None, wait_s=60, op=op) as page:
        await visit(page, url)


async def visit_cold(browser: Browser, url: str) -> None:
    """The same as anybody writes it: a new context, a new page."""
    context = await browser.new_context()
    page = await context.new_page()
    await visit(page, url)
    await context.close()


@asynccontextmanager
async def pooled(**options: Any) -> AsyncIterator[Pool]:
    """A pool of ours, looked after."""
    heap = {"heap_max_mb": options.pop("heap_max_mb")} if "heap_max_mb" in options else {}
    path = await asyncio.to_thread(chromium.find)
    pool = Pool(CLOCK, path=path, arguments=chromium.flags(**heap), restarts_max=1_000, **options)
    watch = asyncio.create_task(pool.watch())
    try:
        yield pool
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        await pool.close()


async def standing_by(pool: Pool) -> None:
    """Wait until another browser stands by."""
    for _ in range(600):
        if pool.supervisor.spare is not None and pool.supervisor.spare.up:
            return
        await asyncio.sleep(0.05)
    raise SystemExit("no browser stands by after 30 s")


def seat_of(pool: Pool, place: int = 0) -> Seat:
    """What stands at a place."""
    seat = pool.places[place].seat
    assert isinstance(seat, Seat)
    return seat


def bare_options() -> dict[str, Any]:
    """How a script starts the browser of this machine."""
    return {
        "executable_path": chromium.find() or None,
        "args": ["--no-sandbox"] if os.geteuid() == 0 else [],
        "headless": True,
    }


async def crash(page: Page) -> None:
    """Crash a page as a browser does it when it runs out of memory."""
    with contextlib.suppress(Exception):
        line = await page.context.new_cdp_session(page)
        await asyncio.wait_for(line.send("Page.crash"), 5)


def crawlee_version() -> str:
    """Its version; empty where it is not installed."""
    try:
        return version("crawlee")
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    serve()

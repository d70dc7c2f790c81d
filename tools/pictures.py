"""Takes a picture of every page of a living rehearsal: light and dark, on a phone and wide.

1. Start `bowerbird demo` in a folder of its own, and let it live for a while, so that the pages have something to say.
2. Sign in as its owner and find an address of every page of the table by following links.
3. Write the pictures into build/pictures, with index.html, on which all of them are looked at.
4. With --keep, also take the two that README and docs show anew. At the end the rehearsal is stopped.

With --check, or on a machine without Chromium, it takes none and says so.
"""

import argparse
import asyncio
import html
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, ViewportSize, async_playwright

from bowerbird.browsers import chromium
from bowerbird.dashboard.routes import LEAVES
from tools.walk import stroll

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "pictures"
KEPT = ROOT / "docs" / "pictures"
SIZES: dict[str, ViewportSize] = {"phone": {"width": 390, "height": 844}, "wide": {"width": 1280, "height": 900}}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LIVE_S = 60.0
"""How long the rehearsal lives before it is looked at, in seconds."""
GREETING = re.compile(r"The dashboard: +(\S+) +password: (\S+)")
Taken = dict[str, list[str]]
"""The files of each address, in the order of SIZES and SCHEMES."""


@contextmanager
def rehearsal(folder: Path) -> Iterator[tuple[str, str]]:
    """Rehearse in this folder; gives the dashboard's address and password."""
    argv = [sys.executable, "-m", "bowerbird", "--data", str(folder), "demo"]
    environment = {**os.environ, "BOWERBIRD_FACE_PORT": str(free_port())}
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as running:
        try:
            yield greeted(running)
        finally:
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=60)


def free_port() -> int:
    """A port that was free a moment ago: another rehearsal may be at the usual one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def greeted(running: subprocess.Popen[str]) -> tuple[str, str]:
    """Read what the rehearsal says until it names its dashboard; return the address and the password."""
    said: list[str] = []
    for line in running.stdout or ():
        said.append(line)
        if found := GREETING.search(line):
            return found[1], found[2]
    raise RuntimeError(f"The rehearsal did not start:\n{''.join(said)}")


@asynccontextmanager
async def visitor(browser: Browser, url: str, password: str, **view: Any) -> AsyncIterator[BrowserContext]:
    """Somebody who is signed in."""
    context = await browser.new_context(reduced_motion="reduce", **view)
    page = await context.new_page()
    await page.goto(f"{url}/login")
    await page.get_by_label("Password").fill(password)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{url}/")
    yield context
    await context.close()


async def addresses(context: BrowserContext, url: str) -> list[tuple[str, str]]:
    """A name and an address of every page that some link leads to, and the page for what is not there."""

    async def page_at(path: str) -> str:
        return await (await context.request.get(url + path)).text()

    reached = await stroll(page_at)
    names = {leaf.path: Path(leaf.template).stem for leaf in LEAVES}
    for path in (path for path, paths in reached.items() if not paths):
        print(f"No picture of {path}: nothing in this rehearsal leads there.")
    named = [(f"{names[path]}{f'-{n}' if n else ''}", one) for path in reached for n, one in enumerate(reached[path])]
    return [*named, ("missing", "/nowhere")]


async def take(context: BrowserContext, url: str, pages: list[tuple[str, str]], size: str, taken: Taken) -> None:
    """Take every page as it is at this size, from top to bottom, in both palettes."""
    page = context.pages[0]
    for name, path in pages:
        await page.goto(url + path, wait_until="load")
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            await page.wait_for_timeout(50)
            file = f"{name}-{size}-{scheme}.png"
            await page.screenshot(path=FOLDER / file, full_page=True)
            taken.setdefault(path, []).append(file)


async def keep(context: BrowserContext, url: str, file: str) -> None:
    """Take the first screen of the overview for the docs, in the light palette."""
    page = context.pages[0]
    await page.emulate_media(color_scheme="light")
    await page.goto(f"{url}/")
    await page.screenshot(path=KEPT / file)


def index(taken: Taken) -> str:
    """A page with every picture on it, a row for each address."""
    rows = ""
    for path, files in taken.items():
        shown = " ".join(f"<a href={file}><img src={file} loading=lazy></a>" for file in files)
        rows += f"<h2>{html.escape(path)}</h2><p>{shown}"
    style = "body{background:#888;font-family:sans-serif}img{width:23%;height:340px;object-fit:cover;object-position:0}"
    return f"<!doctype html><meta charset=utf-8><title>Every page</title><style>{style}</style>{rows}"


async def pictures(url: str, password: str, *, live_s: float, kept: bool) -> Taken:
    """Wait until the rehearsal has lived for a while, then take everything."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    await asyncio.sleep(live_s)  # noqa: TID251 - a script of the workshop's lives in real time
    taken: Taken = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium.find() or None, args=chromium.flags())
        pages: list[tuple[str, str]] = []
        for size, viewport in SIZES.items():
            async with visitor(browser, url, password, viewport=viewport, device_scale_factor=1.5) as context:
                pages = pages or await addresses(context, url)
                await take(context, url, pages, size, taken)
        if kept:
            for file, view in (("phone.png", "phone"), ("overview.png", "wide")):
                scale = 1.5 if view == "phone" else 1
                async with visitor(browser, url, password, viewport=SIZES[view], device_scale_factor=scale) as context:
                    await keep(context, url, file)
        await browser.close()
    (FOLDER / "index.html").write_text(index(taken), encoding="utf-8")
    return taken


def main() -> None:
    """Takes the pictures, or says why it takes none."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    words.add_argument("--check", action="store_true", help="take none: a picture is looked at, not compared")
    words.add_argument("--live", type=float, default=LIVE_S, help="seconds the rehearsal lives first")
    words.add_argument("--keep", action="store_true", help="take those of README and docs anew, too")
    asked = words.parse_args()
    if asked.check or not chromium.available():
        why = "only asked to check" if asked.check else "there is no Chromium on this machine; `make chromium`"
        print(f"NO PICTURES WERE TAKEN: {why}.")
        return
    with tempfile.TemporaryDirectory() as folder, rehearsal(Path(folder)) as (url, password):
        taken = asyncio.run(pictures(url, password, live_s=asked.live, kept=asked.keep))
    count = sum(len(files) for files in taken.values())
    print(f"{count} pictures of {len(taken)} pages: build/pictures/index.html")


if __name__ == "__main__":
    main()

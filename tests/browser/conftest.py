"""A real Chromium, the face on a porch and a sandbox for the web driver; without a browser they skip, loudly."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from bowerbird.browsers import chromium
from bowerbird.browsers.pool import Pool
from tests.contracts.stages import CLOCK, WebStage
from tests.perch import Perch, running_perch

from .porch import WIDE, Porch, open_porch

NO_CHROMIUM = "There is no Chromium on this machine; tools/chromium.sh installs one."


@pytest.fixture(scope="session")
def perch() -> Iterator[Perch]:
    """One sandbox process."""
    with running_perch() as running:
        yield running


@pytest.fixture(scope="session")
def program() -> str:
    """The browser's program; empty for Playwright's own."""
    if not chromium.available():
        pytest.skip(NO_CHROMIUM)
    return chromium.find()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seat(program: str) -> AsyncIterator[Pool]:
    """One browser for the tests of a file."""
    seat = Pool(CLOCK, path=program, arguments=chromium.flags(), restarts_max=100)
    yield seat
    await seat.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chrome(program: str) -> AsyncIterator[Browser]:
    """One browser for the pages of a file."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program or None, args=chromium.flags())
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def porch() -> AsyncIterator[Porch]:
    """A fresh house on a port."""
    async with open_porch() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def page(chrome: Browser) -> AsyncIterator[Page]:
    """A fresh visitor with a wide window."""
    context = await chrome.new_context(viewport=WIDE)
    context.set_default_timeout(10_000)
    yield await context.new_page()
    await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(perch: Perch, seat: Pool) -> AsyncIterator[WebStage]:
    """A driver whose account nobody else uses."""
    stage = WebStage(perch, seat)
    yield stage
    await stage.close()


def children(besides: Iterable[int] = ()) -> dict[int, str]:
    """Every process that descends from this one, with its command line.

    Args:
        besides: processes that do not count, nor does what descends from them: another browser of ours starts
            helpers whenever it likes.
    """
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    others = set(besides)
    parents = {pid: parent for pid in pids if pid not in others and (parent := _parent(pid))}
    ours = {os.getpid()}
    while found := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= found
    return {pid: line for pid in ours - {os.getpid()} if (line := _command(pid))}


def browser_pid() -> int:
    """The browser itself, not one of its helpers."""
    (pid,) = [pid for pid, line in children().items() if "--remote-debugging-pipe" in line and "--type=" not in line]
    return pid


def driver_pid() -> int:
    """The process through which Playwright speaks to the browser."""
    (pid,) = [pid for pid, line in children().items() if "run-driver" in line]
    return pid


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return None


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""

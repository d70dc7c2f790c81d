"""Proofs and drills in a real Chromium: narrowed by tabs, run by a button, watched, and read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, replace

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bowerbird.core.books import Batch
from bowerbird.core.drilled import Drilled, over, under_way
from bowerbird.core.work import Command
from bowerbird.dashboard.workshop import Workshop
from tests.dashboard.pages.test_drills import ROW
from tests.dashboard.pages.test_proofs import FAILED, OPEN, PROVED, handed
from tests.drills.test_report import HELD

from .porch import PHONE, WIDE, Porch, open_porch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SHOP = Workshop(promises=[PROVED, OPEN, FAILED], drills=[ROW], tests=True)
SOON_MS = 5_000
"""How long a change may take to be seen on a busy machine."""


@pytest_asyncio.fixture(loop_scope="module")
async def porch() -> AsyncIterator[Porch]:
    """A house with a workshop, whose engine writes down that a drill begins and does not run it."""
    async with open_porch() as opened:
        handed(opened, SHOP)

        async def begin(command: Command) -> str:
            await opened.books.record(Batch(snapshots=(under_way(a_run(opened), now=opened.clock.now()),)))
            return "The drill of 4.1 begins."

        opened.desk.verbs = {**opened.desk.verbs, "drill": begin}
        yield opened


def a_run(porch: Porch) -> Drilled:
    """A run that began just now."""
    now = porch.clock.now()
    return Drilled(id="run-1", row="4.1", by="owner", began_at=now, until=now + 600_000_000)


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
async def test_a_drill_is_run_by_keyboard_watched_and_its_report_read(
    porch: Porch, chrome: Browser, size: object
) -> None:
    """What it says appears while it runs; when it is over its report is a link away."""
    context = await chrome.new_context(viewport=size)  # type: ignore[arg-type]  # one of two
    page = await context.new_page()
    await porch.enter(page, "/drills")
    button = page.get_by_role("button", name="Run 4.1")
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("The drill of 4.1 begins")
    await expect(page.get_by_role("region", name="Running: 4.1")).to_be_visible()
    await expect(button).to_have_count(0)
    run = a_run(porch).saying(["The network answers 500."])
    await porch.put(snapshots=(under_way(run, now=porch.clock.now()),))
    await expect(page.get_by_role("list", name="What it says")).to_contain_text("answers 500", timeout=SOON_MS)
    done = replace(run, ended_at=porch.clock.now(), ok=True, ways=[asdict(HELD)])
    await porch.put(snapshots=(over([done], now=1), under_way(None, now=1)))
    report = page.get_by_role("link", name="Report of 4.1")
    await expect(report).to_be_visible(timeout=SOON_MS)
    await report.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Drill of 4.1")
    await expect(page.get_by_role("img", name="Told after 2.0 s, at most 5 s")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]  # type: ignore[index]
    await context.close()


async def test_promises_are_narrowed_and_read_without_scripts(porch: Porch, chrome: Browser) -> None:
    """Tabs are links, and what a promise rests on opens by itself."""
    context = await chrome.new_context(viewport=PHONE, java_script_enabled=False)
    page: Page = await context.new_page()
    await porch.enter(page, "/proofs")
    await page.get_by_role("link", name="Proved 1").click()
    await expect(page.get_by_text("2.G3")).to_be_visible()
    await expect(page.get_by_text("X12")).to_have_count(0)
    await page.get_by_text("1 test").click()
    await expect(page.get_by_text("tests/jobs/test_x.py::test_a")).to_be_visible()
    await context.close()

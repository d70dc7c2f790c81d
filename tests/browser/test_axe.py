"""axe-core finds nothing wrong with any page: light and dark, on a phone and wide, full and empty.

The pages come from the table of pages, so a page that is added is looked at by itself. axe is the one of the wheel
axe-playwright-python, put into each page beside the policy that keeps other people's scripts out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from importlib.resources import files
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize

from bowerbird.dashboard.routes import LEAVES
from tests.dashboard.furniture import furnish
from tests.dashboard.house import TEXT_MAX
from tools.walk import walk

from .porch import PHONE, WIDE, Porch, open_porch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""Everything axe knows but what is experimental."""
BY_COLOUR = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""What can differ between light and dark: the rest of a page is the same in both."""
LONG = ("Averylongwordwithoutanyspace" * 9 + " and some more words, <b>bold</b>; ünïcödé, العربية.")[:TEXT_MAX]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def porch() -> AsyncIterator[Porch]:
    """A house with something of every kind, which nobody in this file changes."""
    async with open_porch() as opened:
        await furnish(opened, LONG)
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(chrome: Browser) -> AsyncIterator[Page]:
    """A visitor whose every page carries axe."""
    context = await chrome.new_context(viewport=WIDE, reduced_motion="reduce")
    await context.add_init_script(script=(files("axe_playwright_python") / "axe.min.js").read_text())
    yield await context.new_page()
    await context.close()


async def found(page: Page, **options: Any) -> list[str]:
    """What axe finds on the page as it is now: rule, element, and how to mend it."""
    asked = {"resultTypes": ["violations"], **options}
    seen = await page.evaluate("asked => axe.run(document, asked)", asked)
    return [
        f"{each['id']}: {' '.join(node['target'])}: {node['failureSummary']}"
        for each in seen["violations"]
        for node in each["nodes"]
    ]


async def looked_at(page: Page, sizes: Sequence[ViewportSize] = (WIDE, PHONE)) -> list[str]:
    """What axe finds on the page that is open, at each size in light and dark."""
    wrong: list[str] = []
    for size in sizes:
        await page.set_viewport_size(size)
        await page.emulate_media(color_scheme="light")
        wrong += [f"{size['width']} px: {each}" for each in await found(page, runOnly=RULES)]
        await page.emulate_media(color_scheme="dark")
        wrong += [f"{size['width']} px, dark: {each}" for each in await found(page, runOnly=BY_COLOUR)]
    return wrong


async def everywhere_in(
    porch: Porch, page: Page, paths: Sequence[str], sizes: Sequence[ViewportSize] = (WIDE, PHONE)
) -> str:
    """What axe finds on these pages, with everything opened that can be; a line each."""
    wrong: list[str] = []
    for path in paths:
        await page.goto(porch.url + path)
        await page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
        wrong += [f"{path}, {each}" for each in await looked_at(page, sizes)]
    return "\n".join(wrong)


async def test_no_page_has_anything_wrong(porch: Porch, page: Page) -> None:
    """Every page of the table, with the answer of a button that could not be done."""
    await porch.enter(page)
    wrong = await everywhere_in(
        porch, page, [f"{path}?did=c1" for path in [*await walk(porch.read, each=1), "/posts/p1", "/posts/p9"]]
    )
    assert not wrong, wrong


async def test_an_empty_house_and_its_door_have_nothing_wrong(page: Page) -> None:
    """What every page teaches at first, what is not there, the door, and the door after a wrong password."""
    async with open_porch(empty=True) as porch:
        await page.context.clear_cookies()
        wrong = await everywhere_in(porch, page, ["/login"])
        await page.get_by_label("Password").fill("wrong")
        await page.keyboard.press("Enter")
        await page.get_by_role("alert").wait_for()
        wrong += "\n".join(await looked_at(page))
        await porch.enter(page)
        plain = [leaf.path for leaf in LEAVES if "{" not in leaf.path]
        wrong += await everywhere_in(porch, page, [*plain, "/nowhere"], [PHONE])
    assert not wrong, wrong


async def test_the_menu_and_the_list_of_keys_have_nothing_wrong(porch: Porch, page: Page) -> None:
    """As they stand open on a phone."""
    await porch.enter(page, "/approvals")
    await page.set_viewport_size(PHONE)
    await page.get_by_text("Menu").click()
    wrong = await found(page, runOnly=RULES)
    await page.keyboard.press("?")
    await page.get_by_role("dialog", name="Keys").wait_for()
    wrong += await found(page, runOnly=RULES)
    assert not wrong, wrong

"""What holds for every page of the table in a real Chromium: on a phone and wide, in a house with all kinds of things.

Nothing in this file changes the house, so all of it is looked at by one visitor; test_axe.py judges the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.dashboard.corpus import HOSTILE
from tests.dashboard.furniture import furnish
from tools.walk import walk

from .porch import PHONE, WIDE, Porch, open_porch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LONG = "Averylongwordwithoutanyspace" * 20


@dataclass
class Furnished:
    """A house in which this text stands everywhere, and an address of every page."""

    porch: Porch
    paths: list[str]

    async def visit(self, context: BrowserContext) -> Page:
        """Somebody who is signed in."""
        page = await context.new_page()
        await self.porch.enter(page)
        return page


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(chrome: Browser) -> AsyncIterator[Furnished]:
    """Long words everywhere."""
    async with open_porch() as porch:
        await furnish(porch, LONG)
        yield Furnished(porch, await walk(porch.read, each=1))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(chrome: Browser, house: Furnished) -> AsyncIterator[Page]:
    """A visitor in Kathmandu, where no hour begins with one of ours."""
    context = await chrome.new_context(viewport=WIDE, timezone_id="Asia/Kathmandu", reduced_motion="reduce")
    context.set_default_timeout(10_000)
    yield await house.visit(context)
    await context.close()


async def test_no_page_scrolls_sideways_on_a_phone_or_wide(house: Furnished, page: Page) -> None:
    """Long words, long handles and wide numbers wrap; the header is one row; what is opened fits, too."""
    for path in house.paths:
        await page.goto(house.porch.url + path)
        await page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
        for size in (PHONE, WIDE):
            await page.set_viewport_size(size)
            assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"], (path, size)
            assert await page.evaluate("document.querySelector('.top').offsetHeight") <= 66, (path, size)


SAYS = """() => {
  const parts = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" };
  const clock = new Intl.DateTimeFormat([], parts), all = (what) => [...document.querySelectorAll(what)];
  const words = all("time[data-clock]").filter((each) => each.textContent !== clock.format(each.dataset.clock / 1000));
  const titles = all("time[data-at]").filter((each) => each.title !== clock.format(each.dataset.at / 1000));
  const moving = all("*").filter((each) => getComputedStyle(each).transitionDuration !== "0s");
  return {
    instants: [...words, ...titles].map((each) => each.outerHTML),
    zones: [...new Set(all("[data-zone]").map((each) => each.textContent))],
    moves: document.getAnimations().length + moving.length,
  };
}"""


async def test_every_page_says_where_one_is_and_whose_time_it_is_and_stands_still(house: Furnished, page: Page) -> None:
    """One heading of the first rank, one main part, the page marked in the menu; the viewer's zone; no motion."""
    await page.set_viewport_size(WIDE)
    for path in house.paths:
        await page.goto(house.porch.url + path)
        assert await page.get_by_role("heading", level=1).count() == 1, path
        assert [await page.get_by_role(role).count() for role in ("main", "banner", "navigation")] == [1, 1, 1], path
        here = page.get_by_role("navigation", name="Pages").locator("[aria-current=page]")
        assert await here.count() == (path.count("/") == 1), path
        said = await page.evaluate(SAYS)
        assert (said["instants"], said["moves"]) == ([], 0), path
        assert set(said["zones"]) <= {"Times are yours (Asia/Katmandu)."}, path


FOCUSABLE = """() => {
  const kinds = "a[href], button, summary, input:not([type=hidden]), select, textarea, [tabindex='0']";
  const all = [...document.querySelectorAll(kinds)];
  window.wanted = new Set(all.filter((each) => each.checkVisibility({ visibilityProperty: true })));
  window.reached = [];
  document.addEventListener("focusin", (event) => window.reached.push(event.target));
  return window.wanted.size;
}"""
REACHED = """() => {
  const missed = [...window.wanted].filter((each) => !window.reached.includes(each));
  const back = window.reached.filter((each, n) => n && window.reached[n - 1].compareDocumentPosition(each) & 2);
  const name = (each) => each.outerHTML.slice(0, 90);
  return { missed: missed.map(name), back: back.map(name), first: window.reached[0].className };
}"""


async def test_tab_reaches_everything_in_the_order_in_which_it_is_read(house: Furnished, page: Page) -> None:
    """The way to the content first; nothing is left out, nothing is jumped to."""
    await page.route("**/live?*", lambda route: route.abort())  # what is drawn anew meanwhile would be another page
    for size in (PHONE, WIDE):
        await page.set_viewport_size(size)
        for path in house.paths:
            await page.goto(house.porch.url + path)
            presses = await page.evaluate(FOCUSABLE)
            await asyncio.gather(*(page.keyboard.press("Tab") for _ in range(presses)))
            seen = await page.evaluate(REACHED)
            assert seen == {"missed": [], "back": [], "first": "skip"}, (path, size)
    await page.unroute("**/live?*")


async def test_the_first_tab_leads_past_the_menu(house: Furnished, page: Page) -> None:
    """And is seen while it has the focus."""
    await page.set_viewport_size(PHONE)
    await page.goto(f"{house.porch.url}/accounts")
    await page.keyboard.press("Tab")
    box = await page.get_by_role("link", name="Skip to the content").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()


SEEN = """() => Object.fromEntries(["h1, h2, h3", "button", "input, select, textarea", "a", "table", "li"].map((what) =>
  [what, [...document.querySelectorAll(what)].filter((each) => each.checkVisibility()).length]))"""


async def test_every_page_reads_without_scripts(house: Furnished, page: Page, chrome: Browser) -> None:
    """No heading, button or field is missing, and no place kept free for what only a script would draw."""
    context = await chrome.new_context(java_script_enabled=False, viewport=PHONE)
    plain = await house.visit(context)
    await page.set_viewport_size(PHONE)
    for path in house.paths:
        await asyncio.gather(plain.goto(house.porch.url + path), page.goto(house.porch.url + path))
        without, usual = await plain.evaluate(SEEN), await page.evaluate(SEEN)
        assert {what: n for what, n in usual.items() if without[what] < n and what != "table"} == {}, path
        assert await plain.locator(".plot:visible").count() == 0, path
    await context.close()


async def test_no_hostile_word_runs_and_nothing_is_fetched_from_elsewhere(chrome: Browser) -> None:
    """Every text of the corpus in every place; a policy violation, a dialog, an error or a foreign request fails."""
    seen: list[str] = []
    async with open_porch() as porch:
        await furnish(porch, "\n".join(HOSTILE))
        context = await chrome.new_context(viewport=WIDE)
        page = await context.new_page()
        page.on("dialog", lambda dialog: seen.append(f"dialog {dialog.message}"))
        page.on("request", lambda request: seen.append(request.url) if not request.url.startswith(porch.url) else None)
        page.on("console", lambda message: seen.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: seen.append(str(error)))
        await porch.enter(page)
        for path in await walk(porch.read, each=1):
            await page.goto(f"{porch.url}{path}?did=c1")
            await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
            await page.wait_for_timeout(60)
            assert await page.evaluate("window.hacked") is None, path
        await context.close()
    assert seen == []

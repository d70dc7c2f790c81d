"""What a person on watch does, by keys alone, on a phone's width and wide; test_approvals.py decides posts by keys.

Nothing here is clicked: Tab and letters lead there, Enter and Space press.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bowerbird.core.breaker import Position
from bowerbird.dashboard.routes import LEAVES
from tests.dashboard.furniture import HOST, jobs
from tests.dashboard.house import PASSWORD
from tests.dashboard.test_nodes import an_incident

from .porch import PHONE, WIDE, Porch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SOON_MS = 3_000
NAME = """() => {
  const at = document.activeElement, label = at.labels?.[0]?.innerText;
  return (at.getAttribute("aria-label") || label || at.innerText || "").replace(/\\s+/g, " ").trim();
}"""
"""The name of what has the focus, as a person hears it."""


@pytest_asyncio.fixture(loop_scope="module", params=[WIDE, PHONE], ids=["wide", "phone"])
async def page(chrome: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """A fresh visitor with a wide window or a phone."""
    context = await chrome.new_context(viewport=request.param)
    context.set_default_timeout(10_000)
    yield await context.new_page()
    await context.close()


async def tab_to(page: Page, name: str, *, times: int = 80) -> None:
    """Press Tab until what is called so has the focus."""
    for _ in range(times):
        await page.keyboard.press("Tab")
        if await page.evaluate(NAME) == name:
            return
    raise AssertionError(f"Tab never reached {name!r}")


async def answered(page: Page, words: str) -> None:
    """The page says what became of the last button."""
    await expect(page.get_by_role("status")).to_contain_text(words, timeout=SOON_MS)


async def test_signing_in_and_out(porch: Porch, page: Page) -> None:
    """The password's field has the focus already; a wrong one is told, and nothing else is lost."""
    await page.goto(f"{porch.url}/accounts")
    await expect(page.get_by_label("Password")).to_be_focused()
    await page.keyboard.type("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    await expect(page.get_by_label("Password")).to_be_focused()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Accounts")).to_be_visible()
    await tab_to(page, "Sign out")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_an_incident_is_taken_and_silenced(porch: Porch, page: Page) -> None:
    """From the list to its page, with a length chosen and a reason given; the silence ends early."""
    now = porch.clock.now()
    await porch.put(incidents=(an_incident(opened_at=now, seen_at=now, title="Planning fails."),))
    await porch.enter(page, "/incidents")
    await tab_to(page, "I take it")
    await page.keyboard.press("Enter")
    await answered(page, "owner has it")
    await tab_to(page, "Planning fails.")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Planning fails.")).to_be_visible()
    await tab_to(page, "Tell nobody about it for a while")
    await page.keyboard.press("Enter")
    await tab_to(page, "For how long")
    await page.keyboard.press("ArrowDown")
    await tab_to(page, "Why")
    await page.keyboard.type("We know.")
    await page.keyboard.press("Enter")
    await answered(page, "Nothing is sent about it until")
    (silence,) = await porch.books.silences(now=now)
    assert (silence.why, silence.until - now > 3_700_000_000) == ("We know.", True)
    await page.keyboard.press("g")
    await page.keyboard.press("i")
    await expect(page.get_by_role("heading", name="Silences")).to_be_visible()
    await tab_to(page, "End it now")
    await page.keyboard.press("Space")
    await answered(page, "The silence is over")


async def test_a_breaker_is_opened_probed_and_closed(porch: Porch, page: Page) -> None:
    """Each with a reason that the audit log keeps."""

    async def answers() -> None:
        """The other side is there."""

    porch.breakers.add(HOST, answers)
    await porch.enter(page, "/breakers")
    await expect(page.get_by_role("heading", name=HOST)).to_be_visible(timeout=SOON_MS)
    await tab_to(page, "Why is it to be open?")
    await page.keyboard.type("They asked for quiet.")
    await page.keyboard.press("Enter")
    await answered(page, "is open and stays so until you close it")
    await tab_to(page, "Why close it?")
    await page.keyboard.type("Quiet is over.")
    await page.keyboard.press("Enter")
    await answered(page, "is closed")
    porch.breakers[HOST].open("once more", by="owner")
    await expect(page.get_by_role("button", name="Probe now")).to_be_visible(timeout=SOON_MS)
    await tab_to(page, "Why probe it now?")
    await page.keyboard.type("It may be back.")
    await page.keyboard.press("Enter")
    await answered(page, "is probed now")
    await expect(page.get_by_text("All of them are closed")).to_be_visible(timeout=SOON_MS)
    assert porch.breakers[HOST].state.position is Position.CLOSED
    whys = [command.args.get("why") for command in await porch.books.commands()]
    assert set(whys) == {"They asked for quiet.", "Quiet is over.", "It may be back."}


async def test_a_job_is_run_now(porch: Porch, page: Page) -> None:
    """The engine is rung at, and says so."""
    await porch.put(snapshots=(jobs("It broke.", porch.clock.now()),))
    await porch.enter(page, "/jobs")
    await tab_to(page, "Run now harvest")
    await page.keyboard.press("Enter")
    await answered(page, "looks for work now")
    assert porch.rung == ["harvest"]


async def test_an_account_is_paused_with_a_reason_and_resumed(porch: Porch, page: Page) -> None:
    """From the list to its page by keys; the reason stands where it is held."""
    await porch.enter(page, "/accounts")
    await page.keyboard.press("j")
    await page.keyboard.press("o")
    await expect(page.get_by_role("heading", level=1, name="wren")).to_be_visible()
    await tab_to(page, "Why?")
    await page.keyboard.type("Holidays.")
    await page.keyboard.press("Enter")
    await answered(page, "Paused sandbox:wren")
    await expect(page.get_by_text("Holidays.").first).to_be_visible()
    await tab_to(page, "Resume")
    await page.keyboard.press("Enter")
    await answered(page, "Resumed sandbox:wren")
    assert await porch.books.holds(now=porch.clock.now()) == []


async def test_two_letters_lead_to_every_page_of_the_menu(porch: Porch, page: Page) -> None:
    """As the list of keys says; wherever one is, the focus is in the page that opened."""
    await porch.enter(page, "/nowhere")
    keyed = [leaf for leaf in LEAVES if leaf.key]
    for leaf in keyed:
        await page.keyboard.press("g")
        await page.keyboard.press(leaf.key)
        await expect(page.locator(".menu [aria-current=page]")).to_have_text(leaf.label)
        await expect(page.get_by_role("main")).to_be_focused()
    await page.keyboard.press("?")
    said = await page.get_by_role("dialog", name="Keys").inner_text()
    assert [leaf.label for leaf in keyed if f"g {leaf.key}" not in said] == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_the_menu_opens_by_keys_on_a_phone(porch: Porch, page: Page) -> None:
    """Enter opens it, Tab goes through it, Enter follows; the page that comes has it closed."""
    await page.set_viewport_size(PHONE)
    await porch.enter(page)
    await tab_to(page, "Menu")
    await page.keyboard.press("Enter")
    await tab_to(page, "Accounts")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Accounts")).to_be_visible()
    await expect(page.get_by_role("link", name="Approvals", exact=True)).to_be_hidden()

"""The way of a post and a replay in a real Chromium: by keyboard, drawn where scripts run, readable where none do."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bowerbird.core.findings import Counts, Reading
from bowerbird.core.lifecycle import State
from bowerbird.core.replay import Mark
from bowerbird.dashboard.asked import Kept
from tests.core.test_replay import replay, step
from tests.dashboard.furniture import Held
from tests.dashboard.house import START, WREN, published
from tests.dashboard.pages.test_post import TWO_ATTEMPTS

from .porch import PHONE, Porch, open_porch
from .test_face import SOON_MS, state_of, tab_to

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module")
async def porch() -> AsyncIterator[Porch]:
    """A house with a published post that was measured twice, and a parked one."""
    async with open_porch() as opened:
        readings = tuple(
            Reading(post_id="p9", account_id=WREN.id, rung=n, age_s=60.0 * 3**n, observed_at=START + n, rehearsal=True,
                    counts=Counts(likes=7 * n, impressions=1_200 + n)) for n in (1, 2)
        )  # fmt: skip
        await opened.put(published("p9"), opened.post("p2", state=State.PARKED), facts=TWO_ATTEMPTS, readings=readings)
        yield opened


async def test_a_parked_post_is_settled_with_the_keyboard_alone(porch: Porch, page: Page) -> None:
    """Tab to the verdict, Enter; the light of the proof turns, and the story says who said so."""
    await porch.enter(page, "/posts/p2")
    await expect(page.locator(".rail li", has_text="Proof")).to_contain_text("needs you")
    await tab_to(page, "It is there")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("it is published", timeout=SOON_MS)
    assert (await state_of(porch, "p2"))[0] is State.PUBLISHED
    await expect(page.locator(".rail li", has_text="Proof")).to_contain_text("proved")
    await expect(page.locator(".story")).to_contain_text("The owner said: it is there.")


async def test_the_readings_are_drawn_and_their_numbers_can_be_opened(porch: Porch, page: Page) -> None:
    """A canvas for each curve; the same as a table behind one press."""
    await porch.enter(page, "/posts/p9")
    await expect(page.locator(".curve canvas")).to_have_count(2, timeout=SOON_MS)
    numbers = page.locator("#curve-answers details")
    await numbers.locator("summary").press("Enter")
    await expect(numbers.get_by_role("row", name="9 min")).to_contain_text("14")


async def test_everything_is_read_without_scripts_on_a_phone(porch: Porch, chrome: Browser) -> None:
    """The way, the attempts and the numbers, and the steps of a replay; nothing is wider than the phone."""
    steps = (step(1), step(2, mark=Mark.CRASH, words="worker-0-life-0 dies."))
    porch.face.replays = Held([Kept(name="seed-3", at=START, size=1, replay=replay(*steps))])
    context = await chrome.new_context(java_script_enabled=False, viewport=PHONE)
    page = await context.new_page()
    await porch.sign_in(page, "/posts/p9")
    for told in ("2 attempts", "1 look saw nothing.", "This post is on the platform"):
        await expect(page.get_by_role("main")).to_contain_text(told)
    await expect(page.locator("#curve-seen .plot")).to_be_hidden()
    await expect(page.locator("#curve-seen").get_by_role("row", name="9 min")).to_be_visible()
    await page.goto(f"{porch.url}/replay")
    await page.get_by_role("link", name="seed-3").click()
    await expect(page.get_by_role("row", name="00:00:02")).to_contain_text("worker-0-life-0 dies.")
    for path in ("/posts/p9", "/posts/p2", "/replay", "/replay/seed-3", "/settings", "/audit"):
        await page.goto(porch.url + path)
        wide = await page.locator("html").evaluate("(it) => it.scrollWidth")
        assert wide <= PHONE["width"], path
    await context.close()

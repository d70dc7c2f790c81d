"""A week of approvals in a real Chromium: decided by keys alone, on a phone, and with nothing typed lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import Browser, Page, expect

from bowerbird.core.lifecycle import State
from bowerbird.core.post import Media, Payload
from tests.dashboard.house import WREN

from .porch import PHONE, Porch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def state_of(porch: Porch, post_id: str) -> tuple[State, str, str]:
    """Where a post is, its words, and why."""
    post = await porch.books.post(post_id)
    assert post is not None
    return post.state, post.payload.text, post.reason


async def has_focus(page: Page, post_id: str) -> None:
    """The focus stands on this post."""
    await expect(page.locator(f"#{post_id}")).to_be_focused()


async def test_five_posts_are_decided_by_keys_alone(porch: Porch, page: Page) -> None:
    """Approve, change and approve, turn down with a reason, skip and come back: no mouse, no Tab."""
    await porch.put(*(porch.post(f"p{n}", in_s=3600 * n) for n in range(1, 6)))
    await porch.enter(page, "/approvals")
    keys = page.keyboard
    await keys.press("j")
    await has_focus(page, "p1")
    await keys.press("a")
    await has_focus(page, "p2")  # deciding leads on
    await keys.press("j")
    await has_focus(page, "p3")
    await keys.press("r")
    await keys.type("Too dull.")
    await keys.press("Enter")
    await has_focus(page, "p4")
    await keys.press("e")
    await keys.press("Control+A")
    await keys.type("Better words.")
    await keys.press("Control+Enter")
    await has_focus(page, "p5")
    await keys.press("k")
    await has_focus(page, "p2")
    await keys.press("a")
    await has_focus(page, "p5")
    await keys.press("a")
    await expect(page.get_by_text("Nothing waits for you.")).to_be_visible()
    assert [(await state_of(porch, f"p{n}"))[0] for n in (1, 2, 4, 5)] == [State.QUEUED] * 4
    assert (await state_of(porch, "p4"))[1] == "Better words."
    assert await state_of(porch, "p3") == (State.REJECTED, "The words of p3.", "Too dull.")


async def test_deciding_one_keeps_what_is_typed_in_another(porch: Porch, page: Page) -> None:
    """Half a sentence in a box, half a reason in a field, and a button pressed elsewhere."""
    await porch.put(*(porch.post(f"p{n}", in_s=3600 * n) for n in range(1, 4)))
    await porch.enter(page, "/approvals")
    await page.locator("#p2").get_by_text("Change the words").click()
    await page.locator("#text-p2").fill("Half a sen")
    await page.locator("#reason-p3").fill("Not")
    await page.locator("#p1").get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("status")).to_contain_text("Approved; it goes at its time.")
    await expect(page.locator("#p1")).to_have_count(0)
    assert await page.locator("#text-p2").input_value() == "Half a sen"
    assert await page.locator("#reason-p3").input_value() == "Not"
    await expect(page.locator("#p2").get_by_role("button", name="Approve these words")).to_be_visible()


async def test_a_gate_that_says_no_keeps_the_words_and_the_place(porch: Porch, page: Page) -> None:
    """Too long: the box stays open with what was typed, and the focus stays on that post."""
    await porch.put(porch.post("p1"), porch.post("p2", in_s=7200))
    await porch.enter(page, "/approvals")
    await page.keyboard.press("j")
    await page.keyboard.press("e")
    await page.locator("#text-p1").fill("x" * 301)
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert")).to_contain_text("at most 300 fit")
    await has_focus(page, "p1")
    assert await page.locator("#text-p1").input_value() == "x" * 301
    await expect(page.locator("#text-p1")).to_be_visible()


async def test_a_whole_day_is_approved_with_one_press(porch: Porch, page: Page) -> None:
    """After a second look, for it is many."""
    now_day = [porch.post(f"p{n}", in_s=60 + n) for n in range(4)]
    await porch.put(*now_day)
    await porch.enter(page, "/approvals")
    await page.get_by_text("Approve the whole day").first.click()
    await page.get_by_role("button", name="Approve all").first.click()
    await expect(page.get_by_role("status")).to_contain_text("approved; each goes at its time.")
    states = [(await state_of(porch, post.id))[0] for post in now_day]
    assert states.count(State.QUEUED) >= 2  # all of them, unless midnight lies between


async def test_a_preview_on_a_phone_shows_what_the_platform_will(porch: Porch, chrome: Browser) -> None:
    """Links marked, the picture's description, the count; nothing scrolls sideways."""
    media = (Media(path="a.png", mime="image/png", alt="A bower of blue caps.", sha256="0"),)
    text = "See https://example.org/" + "long-" * 30 + " @ann.example.org #birds " + "W" * 90
    post = porch.post("p1")
    await porch.put(replace(post, payload=Payload(text=text, media=media)))
    context = await chrome.new_context(viewport=PHONE, java_script_enabled=False)
    page = await context.new_page()
    await porch.sign_in(page, "/approvals")
    item = page.locator("#p1")
    await expect(item.locator("a[href^='https://example.org/']")).to_have_count(1)
    assert await item.locator(".facet").all_inner_texts() == ["@ann.example.org", "#birds"]
    await expect(item.get_by_text("A bower of blue caps.")).to_be_visible()
    await expect(item.get_by_text("of 300 characters")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await context.close()


async def test_several_accounts_are_paused_with_and_without_scripts(porch: Porch, chrome: Browser) -> None:
    """Boxes appear when they are asked for; the reason and the answer stand on the page."""
    await porch.put(accounts=(WREN, replace(WREN, id="sandbox:robin", handle="robin")))
    for scripts, handle in ((False, "wren"), (True, "robin")):
        context = await chrome.new_context(viewport=PHONE, java_script_enabled=scripts)
        page = await context.new_page()
        await porch.sign_in(page, "/accounts")
        await expect(page.get_by_label(f"Tick {handle}")).to_be_hidden()
        await page.get_by_text("Pause or resume several at once").click()
        await page.get_by_label(f"Tick {handle}").check()
        await page.get_by_label("Why? It is kept in the audit log").fill(f"For {handle}.")
        await page.get_by_role("button", name="Pause those ticked").click()
        await expect(page.get_by_role("status")).to_contain_text(f"Paused sandbox:{handle}")
        await expect(page.get_by_text(f"For {handle}.")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        await context.close()

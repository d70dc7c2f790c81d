"""The face in a real Chromium: by keyboard, on a phone, without scripts, while things change under one's hands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US, Payload
from bowerbird.posting import approvals
from tests.dashboard.house import PASSWORD, WREN, published
from tests.dashboard.test_nodes import an_incident

from .porch import PHONE, WIDE, Porch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SOON_MS = 3_000
"""How long a change may take to be seen: asked once a second, plus what a busy machine needs."""


@pytest_asyncio.fixture(loop_scope="module")
async def page(chrome: Browser) -> AsyncIterator[Page]:
    """A fresh visitor with a wide window in Berlin."""
    context = await chrome.new_context(viewport=WIDE, timezone_id="Europe/Berlin", locale="en-GB")
    context.set_default_timeout(10_000)
    yield await context.new_page()
    await context.close()


async def state_of(porch: Porch, post_id: str = "p1") -> tuple[State, str]:
    """Where a post is, and its words."""
    post = await porch.books.post(post_id)
    assert post is not None
    return post.state, post.payload.text


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element of this name has the focus."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        focused = await page.evaluate("(document.activeElement.innerText || document.activeElement.id || '').trim()")
        if focused == name:
            return
    raise AssertionError(f"Tab never reached {name!r}")


async def test_a_post_is_approved_with_the_keyboard_alone(porch: Porch, page: Page) -> None:
    """Tab to the button, Enter; the focus survives that the page draws itself anew meanwhile."""
    await porch.put(porch.post("p1"))
    await porch.sign_in(page, "/approvals")
    await tab_to(page, "Approve")
    await porch.put(porch.post("p0", in_s=60))
    await expect(page.locator("li.post")).to_have_count(2, timeout=SOON_MS)
    assert await page.evaluate("document.activeElement.getAttribute('form')") == "yes-p1"
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Approved; it goes at its time.")
    assert (await state_of(porch))[0] is State.QUEUED


async def test_changed_words_are_approved_and_the_button_says_so(porch: Porch, page: Page) -> None:
    """What stands in the box is what goes."""
    await porch.put(porch.post("p1"))
    await porch.enter(page, "/approvals")
    await page.locator("#p1").get_by_text("Change the words").click()
    await page.get_by_label("Words").fill("Better words.\nTwo lines.")
    await page.get_by_role("button", name="Approve these words").click()
    await expect(page.get_by_role("status")).to_contain_text("Approved in your words")
    assert await state_of(porch) == (State.QUEUED, "Better words.\nTwo lines.")


async def test_enter_in_the_reason_turns_down_and_never_approves(porch: Porch, page: Page) -> None:
    """A reason is typed, Enter is pressed."""
    await porch.put(porch.post("p1"))
    await porch.enter(page, "/approvals")
    await page.get_by_label("Why not?").fill("Too dull.")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Turned down")
    assert (await state_of(porch))[0] is State.REJECTED


async def test_a_stale_page_is_told_and_shows_both_versions(porch: Porch, page: Page) -> None:
    """Somebody else changed the words while I typed mine."""
    post = porch.post("p1")
    await porch.put(post)
    await porch.enter(page, "/approvals")
    await page.locator("#p1").get_by_text("Change the words").click()
    await page.get_by_label("Words").fill("Mine.")
    await approvals.edit(porch.books, WREN, "p1", text="Theirs.", key="k9", by="ann", now=porch.clock.now())
    await page.wait_for_timeout(1_500)
    await page.get_by_role("button", name="Approve these words").click()
    await expect(page.get_by_role("alert")).to_contain_text("you saw version 1, it is version 2 now")
    await expect(page.locator("blockquote")).to_have_text("Theirs.")
    await expect(page.get_by_label("Words")).to_be_visible()
    assert await page.get_by_label("Words").input_value() == "Mine."
    assert await state_of(porch) == (State.PROPOSED, "Theirs.")


async def test_pausing_and_resuming_an_account(porch: Porch, page: Page) -> None:
    """The button that makes sense is the one that is there."""
    await porch.enter(page, "/accounts")
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("Held: paused")).to_be_visible()
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("status")).to_contain_text("Resumed sandbox:wren")
    assert await porch.books.holds(now=porch.clock.now()) == []


async def test_a_post_of_ones_own_is_queued_and_a_too_long_one_is_kept(porch: Porch, page: Page) -> None:
    """Nobody types it again."""
    await porch.enter(page, "/accounts/sandbox:wren")
    await page.get_by_text("Write a post of your own").click()
    await page.get_by_label("Words for wren").fill("x" * 301)
    await page.get_by_role("button", name="Queue it now").click()
    await expect(page.get_by_role("alert")).to_contain_text("at most 300 fit")
    assert await page.get_by_label("Words for wren").input_value() == "x" * 301
    await page.get_by_label("Words for wren").fill("My own words.")
    await page.get_by_role("button", name="Queue it now").click()
    await expect(page.get_by_role("status")).to_contain_text("In the queue.")
    assert await state_of(porch, "own") == (State.QUEUED, "My own words.")


async def test_the_page_follows_the_books(porch: Porch, page: Page) -> None:
    """A new post appears and a published one moves, without anybody reloading."""
    await porch.enter(page)
    await porch.put(porch.post("p1", text="Fresh from the planner."))
    await expect(page.get_by_text("Fresh from the planner.")).to_be_visible(timeout=SOON_MS)
    await porch.put(replace(published("p9"), payload=Payload(text="Just out."), published_at=porch.clock.now()))
    await expect(page.locator("[aria-labelledby=done]").get_by_text("Just out.")).to_be_visible(timeout=SOON_MS)


async def test_nothing_typed_is_lost_while_the_page_follows(porch: Porch, page: Page) -> None:
    """Half a sentence stays, with the focus and the place in it, also when the post is decided elsewhere meanwhile."""
    await porch.put(porch.post("p1"), porch.post("p2"))
    await porch.enter(page, "/approvals")
    box = page.locator("#text-p2")
    await page.locator("#p2").get_by_text("Change the words").click()
    await box.press_sequentially("Half a sen")
    before = await box.evaluate("box => [box.value, box.selectionStart]")
    await porch.put(porch.post("p0", in_s=30))
    await expect(page.locator("#p0")).to_be_visible(timeout=SOON_MS)
    await approvals.turn_down(porch.books, "p2", by="ann", now=porch.clock.now(), reason="no")
    await expect(page.locator("#p2.decided")).to_be_visible(timeout=SOON_MS)
    assert await box.evaluate("box => [box.value, box.selectionStart]") == before
    assert await page.evaluate("document.activeElement.id") == "text-p2"


async def test_a_silent_engine_is_red_within_ten_seconds(porch: Porch, page: Page) -> None:
    """Nothing in the books changes; the page finds out by the time alone."""
    await porch.enter(page)
    await expect(page.locator(".light.amber")).to_be_visible()
    heard_at = await porch.falls_silent(since_s=4)
    await expect(page.locator(".light.red")).to_contain_text("Engine: Silent for", timeout=10_000)
    assert porch.clock.now() - heard_at <= 10 * SECOND_US


async def test_the_first_screen_of_a_phone_shows_the_light_and_what_is_worst(porch: Porch, page: Page) -> None:
    """Its sentence and the tile of the layer that fails, before anybody scrolls."""
    await page.set_viewport_size(PHONE)
    await porch.put(porch.post("p1"), incidents=(an_incident("learning:sandbox:wren"), an_incident("session:x")))
    await porch.enter(page)
    await expect(page.locator(".light h1")).to_be_in_viewport(ratio=1)
    for tile in await page.locator(".tile.red").all():
        await expect(tile).to_be_in_viewport(ratio=1)


async def test_the_posts_stand_row_by_row_on_a_phone(porch: Porch, page: Page) -> None:
    """Nothing is pushed out to the right, and who listens still hears a table."""
    await porch.put(porch.post("p1"), published("p9", text="word " * 60))
    await page.set_viewport_size(PHONE)
    await porch.enter(page, "/posts")
    rows = page.get_by_role("table").get_by_role("row")
    await expect(rows.filter(has_text="The words of p1.")).to_contain_text("in 60 min")
    assert await page.evaluate("(box => box.scrollWidth - box.clientWidth)(document.querySelector('.stacked'))") == 0
    assert await rows.first.get_by_role("columnheader").count() == 6


async def test_a_page_that_lost_touch_says_so(porch: Porch, page: Page) -> None:
    """The face itself is gone: what is shown may be old."""
    await page.route("**/live?*", lambda route: route.abort())
    await porch.enter(page)
    await expect(page.locator("body.cut-off")).to_be_attached(timeout=SOON_MS)


async def test_instants_are_said_in_the_viewers_own_zone(porch: Porch, page: Page) -> None:
    """15 January 2027, 08:00 UTC is nine o'clock in Berlin."""
    await porch.put(published("p9"))
    await porch.enter(page, "/posts/p9")
    await expect(page.locator(".story time").first).to_have_text("15 Jan, 09:00:00")
    await expect(page.get_by_text("Times are yours (Europe/Berlin).")).to_be_visible()


async def test_it_reads_and_acts_without_scripts(porch: Porch, chrome: Browser) -> None:
    """Sign in, approve in other words, turn down, pause, read the answers."""
    await porch.put(porch.post("p1"), porch.post("p2"))
    context = await chrome.new_context(java_script_enabled=False, viewport=PHONE)
    page = await context.new_page()
    await porch.sign_in(page, "/approvals")
    await page.locator("#p1").get_by_text("Change the words").click()
    await page.locator("#text-p1").fill("Without scripts.")
    await page.locator("#p1").get_by_role("button", name="Approve").click()
    assert await state_of(porch) == (State.QUEUED, "Without scripts.")
    assert "Approved in your words" in await page.get_by_role("status").inner_text()
    await page.locator("#p2").get_by_role("button", name="Turn down").click()
    assert (await state_of(porch, "p2"))[0] is State.REJECTED
    await page.goto(f"{porch.url}/accounts")
    await page.get_by_role("button", name="Pause").click()
    assert "Paused" in await page.get_by_role("status").inner_text()
    await context.close()


async def test_a_page_takes_few_requests_and_few_bytes(porch: Porch, page: Page) -> None:
    """At most eight requests and 100 KiB for the first look."""
    await porch.put(*(porch.post(f"p{n}", text="word " * 60) for n in range(60)))
    await porch.enter(page)
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length", 0))))
    for path in ("/", "/approvals"):
        sizes.clear()
        await page.goto(porch.url + path, wait_until="load")
        assert 1 <= len(sizes) <= 8
        assert sum(sizes) <= 100 * 1024


async def test_signing_out_leads_to_the_door_and_an_open_page_follows(porch: Porch, page: Page) -> None:
    """A second tab of the same browser is led there by itself."""
    await porch.sign_in(page)
    other = await page.context.new_page()
    await other.goto(porch.url + "/accounts")
    await other.get_by_role("button", name="Sign out").click()
    await expect(other.get_by_label("Password")).to_be_visible()
    await page.bring_to_front()
    await expect(page.get_by_label("Password")).to_be_visible(timeout=SOON_MS)
    assert PASSWORD not in await page.content()


async def test_a_link_followed_by_htmx_brings_a_page_that_follows_the_books(porch: Porch, page: Page) -> None:
    """By keys alone: `g a` leads to the approvals, the focus is in the page, and what is new appears; back works."""
    await porch.enter(page)
    await page.wait_for_function("window.htmx")
    await page.keyboard.press("g")
    await page.keyboard.press("a")
    await expect(page.get_by_role("heading", name="Approvals")).to_be_visible()
    await page.wait_for_function("document.activeElement.tagName === 'MAIN'")
    await porch.put(porch.post("p1", text="Fresh."))
    await expect(page.locator("#p1")).to_be_visible(timeout=SOON_MS)
    await page.go_back()
    await expect(page.get_by_role("heading", name="Layers")).to_be_visible()


async def test_the_list_of_keys_opens_and_closes_by_key(porch: Porch, page: Page) -> None:
    """And single keys can be turned off, for those whose tools type by themselves (WCAG 2.1.4)."""
    await porch.enter(page, "/settings")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Approvals")
    await page.get_by_role("button", name="Turn single keys off").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("g")
    await page.keyboard.press("a")
    await page.wait_for_timeout(300)
    assert page.url.endswith("/settings")


async def test_a_page_that_is_hidden_lets_go_of_its_connection_and_catches_up(porch: Porch, page: Page) -> None:
    """Six connections are all a browser has for one host."""
    await porch.enter(page, "/approvals")
    live = porch.app.state.live
    while not len(live):
        await page.wait_for_timeout(20)
    hide = (
        "Object.defineProperty(document, 'hidden', {{value: {}, configurable: true}});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    await page.evaluate(hide.format("true"))
    await porch.put(porch.post("p1", text="Meanwhile."))
    await page.wait_for_timeout(500)
    assert len(live) == 0
    await page.evaluate(hide.format("false"))
    await expect(page.get_by_label("Words")).to_have_value("Meanwhile.", timeout=SOON_MS)
    await expect(page.locator("body.cut-off")).to_have_count(0)


async def test_the_menu_opens_on_a_phone_and_stands_beside_the_page_where_there_is_room(
    porch: Porch, page: Page
) -> None:
    """The same links, in groups, in both."""
    await porch.enter(page)
    await expect(page.get_by_role("link", name="Approvals", exact=True)).to_be_visible()
    await page.set_viewport_size(PHONE)
    await expect(page.get_by_role("link", name="Approvals", exact=True)).to_be_hidden()
    await page.get_by_text("Menu").click()
    await page.get_by_role("link", name="Approvals", exact=True).click()
    await expect(page.get_by_role("heading", name="Approvals")).to_be_visible()
    await expect(page.get_by_role("link", name="Jobs", exact=True)).to_be_hidden()

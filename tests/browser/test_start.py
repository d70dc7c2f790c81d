"""The first run in a real Chromium: five actions to the first post, and an account connected by two fields."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bowerbird.app.doorstep import Doorstep
from bowerbird.settings import load
from tests.pds import served_pds
from tests.platforms.bluesky.fake_pds import HANDLE, PASSWORD, FakePds
from tests.processes import answers, family, wait_for

from .porch import PHONE, Porch, open_porch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

ACTIONS_MAX = 5
UP_S = 60.0
OUT_MS = 90_000
"""Slots come every half minute; a busy machine needs some more."""


@pytest_asyncio.fixture(loop_scope="module")
async def pds() -> AsyncIterator[tuple[FakePds, str]]:
    """A server that knows one handle and one password."""
    async with served_pds() as served:
        yield served


@pytest_asyncio.fixture(loop_scope="module")
async def porch(tmp_path: Path) -> AsyncIterator[Porch]:
    """A house whose engine connects accounts as the real one does."""
    settings = await asyncio.to_thread(load, env={}, data__folder=str(tmp_path))
    async with open_porch() as opened:
        doorstep = Doorstep(opened.books, opened.clock, settings, lambda name: None)
        assert opened.desk is not None
        opened.desk.verbs = {**opened.desk.verbs, **doorstep.table()}
        yield opened


@contextmanager
def program_in(folder: Path) -> Iterator[str]:
    """`bowerbird run` in this folder; gives the dashboard's address once it answers."""
    argv = [sys.executable, "-m", "bowerbird", "--data", str(folder), "run"]
    env = {**os.environ, "BOWERBIRD_FACE_PORT": "0"}
    process = subprocess.Popen(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        wait_for(lambda: answers(f"{address}/login"), UP_S)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=UP_S)
        wait_for(lambda: family(folder) == [], UP_S)


async def ask_who(page: Page, url: str, password: str) -> None:
    """Fill in the two fields, and where the server is, for it is not Bluesky's own."""
    await page.get_by_label("Handle").fill(HANDLE)
    await page.get_by_label("App password").fill(password)
    if not await page.get_by_label("The server's address").is_visible():
        await page.get_by_text("On another server").click()
    await page.get_by_label("The server's address").fill(url)
    await page.get_by_role("button", name="Ask who this is").click()


@pytest.mark.slow
async def test_from_an_empty_folder_to_the_first_post_in_five_actions(page: Page, tmp_path: Path) -> None:
    """Sign in, follow the way to the guide, rehearse, approve: then it is out. Nothing of it is left running."""
    running = program_in(tmp_path)
    address = await asyncio.to_thread(running.__enter__)
    try:
        actions = 0
        await page.goto(address)
        await page.get_by_label("Password").fill((tmp_path / "face.password").read_text().strip())
        await page.get_by_label("Password").press("Enter")
        actions += 1
        await page.get_by_role("main").get_by_role("link", name="Start here").click()
        actions += 1
        for name in ("Rehearse first", "Approve it"):
            await page.get_by_role("button", name=name).click(timeout=OUT_MS)
            actions += 1
        await expect(page.get_by_role("link", name="See it on the network")).to_be_visible(timeout=OUT_MS)
        assert actions <= ACTIONS_MAX
        await expect(page.get_by_text("1 of 6 steps done")).to_be_visible()
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


async def test_two_fields_show_who_one_is_before_anything_is_kept_or_sent(
    porch: Porch, page: Page, pds: tuple[FakePds, str]
) -> None:
    """Name, handle and followers as the platform says them; the account is there only after the yes."""
    server, url = pds
    await porch.enter(page, "/start")
    await ask_who(page, url, PASSWORD)
    you = page.get_by_role("group", name="This is you")
    for told in ("Wren", HANDLE, "7", url):
        await expect(you).to_contain_text(told)
    assert [account.id for account in await porch.books.accounts()] == ["sandbox:wren"]
    assert server.records == {}
    await page.get_by_role("button", name="Yes, this is me").click()
    await expect(page.get_by_text(f"{HANDLE} on bluesky is connected.")).to_be_visible()
    assert f"bluesky:{HANDLE}" in [account.id for account in await porch.books.accounts()]
    assert server.records == {}
    assert server.how_often("createSession") == 1
    kept = repr([await porch.books.commands(), await porch.books.facts()]) + await page.content()
    assert PASSWORD not in kept


async def test_a_wrong_password_is_a_sentence_and_keeps_the_handle(
    porch: Porch, page: Page, pds: tuple[FakePds, str]
) -> None:
    """What was typed as a password is gone; the right one then leads on."""
    _, url = pds
    await porch.enter(page, "/start")
    await ask_who(page, url, "wrong")
    await expect(page.get_by_role("alert")).to_contain_text("refuses the handle or the app password")
    await expect(page.get_by_label("Handle")).to_have_value(HANDLE)
    await expect(page.get_by_label("App password")).to_have_value("")
    assert porch.books.books.secrets == {}
    await ask_who(page, url, PASSWORD)
    await page.get_by_role("button", name="No, forget it").click()
    await expect(page.get_by_role("status")).to_contain_text("is forgotten")
    assert porch.books.books.secrets == {}


async def test_a_phone_without_scripts_walks_the_same_steps(
    porch: Porch, chrome: Browser, pds: tuple[FakePds, str]
) -> None:
    """Connect, choose how posts go, attest: plain forms, each with its answer, and nothing scrolls sideways."""
    context = await chrome.new_context(viewport=PHONE, java_script_enabled=False)
    page = await context.new_page()
    await porch.sign_in(page, "/start")
    await ask_who(page, pds[1], PASSWORD)
    await page.get_by_role("button", name="Yes, this is me").click()
    await page.get_by_label("Times of day").fill("08:15, 25:00")
    await page.get_by_role("button", name="Let posts go like this").click()
    await expect(page.get_by_role("alert")).to_contain_text("'25:00' is no time of day")
    await expect(page.get_by_label("Times of day")).to_have_value("08:15, 25:00")
    await page.get_by_label("Times of day").fill("08:15")
    await page.get_by_label("Who says yes").select_option("veto")
    await page.get_by_role("button", name="Let posts go like this").click()
    await expect(page.get_by_text("Posts go unless you say no in time; at most 12 a day.")).to_be_visible()
    await page.get_by_label("Who runs it").fill("Ann")
    await page.get_by_role("button", name="The profile says so").click()
    await expect(page.get_by_text("Labelled as automated, and run by Ann.")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    account = await porch.books.account(f"bluesky:{HANDLE}")
    assert account is not None
    assert (account.mode, account.slots, account.operator) == ("veto", ("08:15",), "Ann")
    await context.close()


async def test_the_two_fields_are_reached_and_sent_by_keys(porch: Porch, page: Page, pds: tuple[FakePds, str]) -> None:
    """`g t` leads here, Tab goes through the fields in their order, Enter asks, and the answer has the focus."""
    await porch.enter(page, "/")
    await page.keyboard.press("g")
    await page.keyboard.press("t")
    await expect(page.get_by_role("heading", name="Start here")).to_be_visible()
    await page.get_by_label("Handle").focus()
    await page.keyboard.type(HANDLE)
    await page.keyboard.press("Tab")
    await page.keyboard.type("wrong")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")  # opens the field for another server
    await page.keyboard.press("Tab")
    await page.keyboard.type(pds[1])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("refuses the handle")
    await expect(page.locator("#key-step-connect")).to_be_focused()

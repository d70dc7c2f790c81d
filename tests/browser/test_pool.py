"""The seat in a real browser: it is waited for within bounds, and what hangs, freezes or lies is thrown away."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from bowerbird.browsers import chromium
from bowerbird.browsers import seat as seats
from bowerbird.browsers.pool import Pool
from bowerbird.core.errors import Unreachable
from tests.browser.conftest import browser_pid, children
from tests.contracts.stages import CLOCK
from tests.writers.test_fetching import site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def title(seat: Pool, account_id: str = "robin") -> str:
    """Use the seat for something small."""
    async with seat.page(account_id, state=None, wait_s=20) as page:
        await page.goto("data:text/html,<title>perch</title>")
        return await page.title()


@pytest.mark.proves("5.2")
async def test_who_waits_too_long_for_the_seat_is_told(seat: Pool) -> None:
    """The browser is busy: nothing was sent, and the one who sits there is not disturbed."""
    async with seat.page("robin", state=None, wait_s=20) as page:
        with pytest.raises(Unreachable) as unreachable:
            async with seat.page("wren", state=None, wait_s=0.1):
                pass
        assert unreachable.value.reason == "browser_busy"
        assert await page.evaluate("1 + 1") == 2


async def test_a_page_is_warm_for_the_next_lease_and_each_account_has_its_own(seat: Pool) -> None:
    """The same page again, and another one for somebody else."""
    pages = []
    for name in ("robin", "robin", "wren"):
        async with seat.page(name, state=None, wait_s=20) as page:
            pages.append(page)
    assert pages[0] is pages[1] is not pages[2]


async def test_a_page_has_no_company_that_nobody_asked_for(seat: Pool) -> None:
    """Each context brought two hidden pages of the address bar along, which took more than the page itself."""
    async with seat.page("robin", state=None, wait_s=20) as page:
        browser = page.context.browser
        assert browser is not None
        line = await browser.new_browser_cdp_session()
        told = await line.send("Target.getTargets")
        pages = sum(len(context.pages) for context in browser.contexts)
    assert [row["type"] for row in told["targetInfos"]] == ["page"] * pages


async def test_a_page_that_served_long_is_made_anew_and_knows_what_it_knew(
    seat: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Playwright keeps each request that a context has made in our process; the cookies go along."""
    monkeypatch.setattr(seats, "LEASES_MAX", 3)
    pages = []
    with site({"/in": (200, {"set-cookie": "bower=built"}, b"perch"), "/": (200, {}, b"perch")}) as (url, _):
        for n in range(7):
            async with seat.page("finch", state=None, wait_s=20) as page:
                await page.goto(f"{url}/" if n else f"{url}/in")
                assert await page.evaluate("document.cookie") == "bower=built"
                pages.append(page)
    assert [page is pages[0] for page in pages] == [True] * 3 + [False] * 4
    assert pages[3] is pages[5] is not pages[6]
    assert pages[0].is_closed()
    browser = pages[6].context.browser
    assert browser is not None
    assert pages[0].context not in browser.contexts


async def test_a_page_that_hangs_costs_its_lease_and_no_more(seat: Pool) -> None:
    """A script that never ends has no time limit of its own; the lease's has, and the browser stays."""
    await title(seat)
    starts = seat.starts
    with pytest.raises(Unreachable):
        async with seat.page("robin", state=None, wait_s=20) as page, asyncio.timeout(0.5):
            await page.evaluate("while (true) {}")
    assert await title(seat) == "perch"
    assert seat.starts == starts


async def test_a_lease_that_is_cancelled_leaves_a_seat_for_the_next(seat: Pool) -> None:
    """The page is thrown away, since nobody knows what it was doing."""
    sitting = asyncio.Event()

    async def sit() -> None:
        async with seat.page("robin", state=None, wait_s=20) as page:
            sitting.set()
            await page.wait_for_selector("#never")

    lease = asyncio.create_task(sit())
    await sitting.wait()
    lease.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lease
    assert await title(seat) == "perch"


async def test_a_frozen_browser_costs_a_wait_and_no_lease(seat: Pool) -> None:
    """It says that it is connected and answers nothing, not even to be closed; the lease has a new one."""
    await title(seat)
    starts, frozen = seat.starts, browser_pid()
    os.kill(frozen, signal.SIGSTOP)
    begun = time.monotonic()
    assert await title(seat) == "perch"
    assert seat.starts == starts + 1
    assert time.monotonic() - begun < 20
    assert frozen not in children()


@pytest.mark.proves("P1")
async def test_a_frozen_browser_is_noticed_and_replaced_while_somebody_sits_there(seat: Pool) -> None:
    """Its driver calls it connected; asked itself it says nothing, and who sits there need not wait for his time."""
    await title(seat)
    frozen = browser_pid()
    assert await seat.answers()

    async def sit() -> None:
        async with seat.page("robin", state=None, wait_s=20) as page:
            os.kill(frozen, signal.SIGSTOP)
            await page.evaluate("1 + 1")

    lease = asyncio.create_task(sit())
    await CLOCK.sleep(0.2)
    assert (seat.up, await seat.answers()) == (True, False)
    await seat.open(wait_s=20)
    assert await seat.answers()
    with pytest.raises(Unreachable):
        await lease
    assert frozen not in children()


@pytest.mark.proves("5.G3")
async def test_a_browser_that_is_worn_is_replaced_after_a_lease_and_the_cookies_go_along(seat: Pool) -> None:
    """Whoever comes next waits for nothing but that."""
    with site({"/in": (200, {"set-cookie": "bower=built"}, b"perch"), "/": (200, {}, b"perch")}) as (url, _):
        async with seat.page("tit", state=None, wait_s=20) as page:
            await page.goto(f"{url}/in")
            seat.places[0].worn = ("grown", "a test says so")
            seat.supervisor.standby.have()
            while seat.supervisor.spare is None:
                await CLOCK.sleep(0.1)
            fresh = seat.supervisor.spare
        async with seat.page("tit", state=None, wait_s=20) as page:
            await page.goto(f"{url}/")
            assert await page.evaluate("document.cookie") == "bower=built"
    assert seat.places[0].seat is fresh


async def test_a_program_that_is_no_browser_is_told_at_once(tmp_path: Path) -> None:
    """It starts and ends; whoever waits is told that no browser could be started, and nothing hangs."""
    program = tmp_path / "no-browser"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    seat = Pool(CLOCK, path=str(program), arguments=[])
    with pytest.raises(Unreachable) as unreachable:
        await title(seat)
    assert unreachable.value.reason == "no_browser"
    await seat.close()


async def test_closing_twice_leaves_no_process(program: str) -> None:
    """The browser, its helpers and its driver are gone; before the first lease there is nothing to close."""
    before = set(children())
    await Pool(CLOCK, path=program, arguments=chromium.flags()).close()
    seat = Pool(CLOCK, path=program, arguments=chromium.flags())
    await title(seat)
    await seat.close()
    await seat.close()
    deadline = time.monotonic() + 5
    while (left := set(children(besides=before))) and time.monotonic() < deadline:
        await CLOCK.sleep(0.05)
    assert left == set()

"""Every fault a browser knows, done to a real one: who waits does not fail, and the next lease works in time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bowerbird.browsers import chromium, nest
from bowerbird.browsers.pool import Pool
from bowerbird.browsers.seat import Seat
from bowerbird.core.errors import Unreachable
from tests.browser.conftest import children
from tests.contracts.stages import CLOCK

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

LOOSE = 2.0
"""A machine that does other things besides takes so many times as long as the benches allow."""
LEAK = "() => { const kept = []; for (;;) kept.push(new Array(1e5).fill(kept.length + 0.5)); }"
"""Fills the heap with numbers as fast as it can."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(program: str) -> AsyncIterator[Pool]:
    """One seat with another browser that stands by, and somebody who looks after both."""
    pool = Pool(CLOCK, path=program, arguments=chromium.flags(), standby=True, restarts_max=100)
    watch = asyncio.create_task(pool.watch())
    yield pool
    watch.cancel()
    await pool.close()


async def title(pool: Pool, account_id: str = "robin") -> str:
    """Use a page for something small."""
    async with pool.page(account_id, state=None, wait_s=30, op="counts") as page:
        await page.goto("data:text/html,<title>perch</title>")
        return await page.title()


async def ready(pool: Pool) -> Seat:
    """The seat, once another one stands by."""
    await title(pool)
    for _ in range(300):
        if pool.supervisor.spare is not None and pool.supervisor.spare.up:
            break
        await CLOCK.sleep(0.1)
    seat = pool.places[0].seat
    assert isinstance(seat, Seat)
    return seat


async def strike(pool: Pool, pid: int, what: signal.Signals) -> float:
    """Do it to a process while three wait for the browser; return the seconds until the first of them was served."""
    began = time.monotonic()
    os.kill(pid, what)
    waits = [asyncio.create_task(title(pool, f"wren{n}")) for n in range(3)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    took_s = time.monotonic() - began
    assert await asyncio.gather(*waits) == ["perch"] * 3
    return took_s


@pytest.mark.proves("5.5")
async def test_a_browser_that_is_killed_costs_nobody_who_waits(pool: Pool) -> None:
    """The one that stands by takes its place."""
    seat = await ready(pool)
    lost = pool.tally.restarts["browser_died"]
    assert await strike(pool, seat.pids["browser"], signal.SIGKILL) < 1.7 * LOOSE
    assert pool.tally.restarts["browser_died"] == lost + 1


@pytest.mark.proves("5.5")
async def test_a_driver_that_is_killed_is_replaced(pool: Pool) -> None:
    """Playwright says nothing about it, and the process does."""
    seat = await ready(pool)
    assert await strike(pool, seat.pids["driver"], signal.SIGKILL) < 2.5 * LOOSE
    assert pool.tally.restarts["driver_died"] >= 1


@pytest.mark.proves("5.5", "5.1")
async def test_a_browser_that_is_frozen_is_replaced(pool: Pool) -> None:
    """It is connected and says nothing, not even when it is closed."""
    seat = await ready(pool)
    assert await strike(pool, seat.pids["browser"], signal.SIGSTOP) < 6 * LOOSE
    assert seat.pids.get("browser", 0) not in children()


@pytest.mark.proves("5.2")
async def test_a_page_without_end_is_closed_and_its_browser_stays(pool: Pool) -> None:
    """It raises nothing, and `evaluate` has no limit of its own."""
    await ready(pool)
    starts, began = pool.starts, time.monotonic()

    async def hang() -> None:
        async with pool.page("robin", state=None, wait_s=30, op="counts") as page:
            await page.evaluate("for (;;) {}")

    with pytest.raises(Unreachable, match="the page hung in counts"):
        await hang()
    assert await title(pool) == "perch"
    assert time.monotonic() - began < 4 * LOOSE
    assert pool.starts == starts


@pytest.mark.proves("5.5")
async def test_a_page_that_crashes_costs_its_own_lease(pool: Pool) -> None:
    """Its siblings keep everything, and its account has another page."""
    await ready(pool)
    async with pool.page("wren", state=None, wait_s=30) as sibling:
        await sibling.goto("data:text/html,<title>sibling</title>")

    async def crash() -> None:
        async with pool.page("robin", state=None, wait_s=30) as page:
            line = await page.context.new_cdp_session(page)
            dying = asyncio.ensure_future(line.send("Page.crash"))
            with contextlib.suppress(Exception):
                await asyncio.wait_for(dying, 5)
            await page.evaluate("1")

    with pytest.raises(Unreachable, match=r"page failed|hung"):
        await crash()
    assert await title(pool) == "perch"
    async with pool.page("wren", state=None, wait_s=30) as sibling:
        assert await sibling.title() == "sibling"


async def test_a_bug_in_a_listener_reaches_no_other_page(pool: Pool) -> None:
    """Playwright would raise it in the next call, of whatever account, also long after the lease."""
    await ready(pool)
    seen, heard = pool.tally.listeners, []

    def bug(_: object) -> None:
        heard.append(1)
        raise KeyError("not there")

    async with pool.page("robin", state=None, wait_s=30) as page:
        page.on("console", bug)
        await page.evaluate("setInterval(() => console.log('hear'), 20)")
    assert [await title(pool, "wren") for _ in range(3)] == ["perch"] * 3
    assert pool.tally.listeners - seen == len(heard) > 0
    await pool.forget("robin")


@pytest.mark.proves("5.3")
async def test_a_page_that_leaks_crashes_alone(program: str) -> None:
    """At its heap's limit, long before the machine notices; without one it took 3.8 GB."""
    pool = Pool(CLOCK, path=program, arguments=chromium.flags(96))

    async def leak() -> None:
        async with pool.page("robin", state=None, wait_s=30) as page:
            await page.evaluate(LEAK)

    try:
        async with pool.page("wren", state=None, wait_s=30) as sibling:
            await sibling.goto("data:text/html,<title>sibling</title>")
        with pytest.raises(Unreachable):
            await asyncio.wait_for(leak(), 30)
        async with pool.page("wren", state=None, wait_s=30) as sibling:
            assert await sibling.title() == "sibling"
        assert pool.starts == 1
    finally:
        await pool.close()


async def test_after_all_of_it_nothing_is_left(program: str) -> None:
    """Neither a process nor a profile, whoever was killed."""
    before = set(children())
    pool = Pool(CLOCK, path=program, arguments=chromium.flags(), restarts_max=100)
    nests = await asyncio.to_thread(_nests)
    for what in ("driver", "browser"):
        await title(pool)
        seat = pool.places[0].seat
        assert isinstance(seat, Seat)
        os.kill(seat.pids[what], signal.SIGKILL)
        await CLOCK.sleep(0.3)
    await title(pool)
    await pool.close()
    deadline = time.monotonic() + 5
    while (left := set(children(besides=before))) and time.monotonic() < deadline:
        await CLOCK.sleep(0.05)
    assert left == set()
    assert await asyncio.to_thread(_nests) <= nests


def _nests() -> set[str]:
    home = nest.ground() / nest.mine()
    return {path.name for path in home.iterdir()} if home.exists() else set()

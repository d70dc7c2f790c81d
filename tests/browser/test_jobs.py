"""Jobs, queue and limits in a real Chromium: a job is run and a lane paused, with and without scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bowerbird.app.steering import Steering
from bowerbird.core.gauge import Snapshot
from bowerbird.core.lifecycle import State
from bowerbird.core.work import Command, Outcome, Run
from bowerbird.jobs.pauses import Pauses
from tests.dashboard.pages.engine_room import a_job, a_lane, said

from .porch import PHONE, Porch, open_porch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


class Room:
    """A porch whose engine obeys what an owner says to jobs and lanes, and says how they are."""

    def __init__(self, porch: Porch) -> None:
        self.porch, self.pauses, self.rung = porch, Pauses(), list[str]()
        steering = Steering(porch.books, porch.clock, porch.chance, {}, (), self.rung.append, self.pauses)
        self.verbs = steering.table()
        told = {"run": self.verbs["run"], "lane_pause": self.tell, "lane_resume": self.tell}
        porch.desk.verbs = {**porch.desk.verbs, **told}

    async def tell(self, command: Command) -> str:
        """Pause a lane or let it go on, and say at once how it is."""
        answer = await self.verbs[command.verb](command)
        await self.porch.put(snapshots=(self.says(),))
        return answer

    def says(self) -> Snapshot:
        """What the engine says of its jobs and lanes."""
        pause, now = self.pauses.of("reading"), self.porch.clock.now()
        state: dict[str, Any] = {"state": "paused", "light": "amber", "sentence": pause.sentence} if pause else {}
        times: dict[str, Any] = {"last_at": now, "next_at": now + 60_000_000, "bars": []}
        jobs = [a_job("measure", **times, **state), a_job("learn", 1, ("measure",), lane="thinking", **times)]
        paused = asdict(pause) | {"sentence": pause.sentence} if pause else None
        return said(*jobs, lanes=(a_lane(paused=paused), a_lane("thinking"), a_lane("desk")), at=now)


@pytest_asyncio.fixture(loop_scope="module")
async def room() -> AsyncIterator[Room]:
    """A fresh one, which has said how its jobs are."""
    async with open_porch() as porch:
        made = Room(porch)
        await porch.put(snapshots=(made.says(),))
        yield made


async def test_a_job_is_run_now(room: Room, page: Page) -> None:
    """By the button that names it; the page of its runs has the same one."""
    await room.porch.enter(page, "/jobs")
    await page.get_by_role("button", name="Run now learn").click()
    await expect(page.get_by_role("status")).to_contain_text("learn looks for work now.")
    await page.get_by_role("region", name="learn", exact=True).get_by_role("link", name="learn").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("learn")
    await page.get_by_role("button", name="Run now learn").click()
    await expect(page.get_by_role("status")).to_contain_text("learn looks for work now.")
    assert room.rung == ["learn", "learn"]


async def test_a_lane_is_paused_for_a_while_with_a_reason_and_let_go_on(room: Room, page: Page) -> None:
    """By the keyboard alone; what was said and by whom stands on the page and in the audit log."""
    await room.porch.enter(page, "/jobs")
    lane = page.get_by_role("region", name="Lane reading")
    await lane.get_by_text("Pause reading").focus()
    await page.keyboard.press("Enter")
    await lane.get_by_label("For how long").select_option("4 hours")
    await lane.get_by_label("Why").fill("The host asks for quiet.")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("is paused by owner until")
    await expect(lane).to_contain_text("Paused by owner: The host asks for quiet;")
    await expect(page.get_by_role("button", name="Run now measure")).to_have_count(0)
    pause = room.pauses.of("reading")
    assert pause is not None
    assert pause.until is not None
    assert (pause.until - pause.since) / 3_600e6 == 4
    await lane.get_by_role("button", name="Let reading go on").click()
    await expect(page.get_by_role("status")).to_contain_text("The lane reading goes on")
    await expect(page.get_by_role("button", name="Run now measure")).to_be_visible()
    await page.goto(f"{room.porch.url}/audit")
    await expect(page.get_by_role("row").filter(has_text="lane pause")).to_contain_text("The host asks for quiet.")


async def test_a_pause_is_seen_on_an_open_page_and_keeps_what_is_typed_elsewhere(room: Room, page: Page) -> None:
    """Somebody else pauses a lane while I type why another one should rest."""
    await room.porch.enter(page, "/jobs")
    mine = page.get_by_role("region", name="Lane thinking")
    await mine.get_by_text("Pause thinking").click()
    await mine.get_by_label("Why").fill("Half a sen")
    await room.porch.signed_in().press("lane_pause", onward="/jobs", lane="reading", hours="1", why="Quiet.")
    await expect(page.get_by_role("region", name="Lane reading")).to_contain_text("Paused by owner: Quiet;")
    await expect(mine.get_by_label("Why")).to_have_value("Half a sen")


@pytest.mark.parametrize("path", ["/jobs", "/jobs/learn", "/queue", "/limits"])
async def test_a_phone_without_scripts_reads_it_all(room: Room, chrome: Browser, path: str) -> None:
    """Nothing scrolls sideways but tables, and a lane is paused without them, too."""
    now = room.porch.clock.now()
    run = Run(id="r1", job="learn", slot_at=now, started_at=now, ended_at=now, outcome=Outcome.FAILED, error="E" * 90)
    await room.porch.put(room.porch.post("p1", in_s=-5, state=State.QUEUED, text="W" * 120), runs=(run,))
    context = await chrome.new_context(viewport=PHONE, java_script_enabled=False)
    page = await context.new_page()
    await room.porch.sign_in(page, path)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    if path == "/jobs":
        lane = page.get_by_role("region", name="Lane reading")
        await lane.get_by_text("Pause reading").click()
        await lane.get_by_label("Why").fill("No scripts.")
        await lane.get_by_role("button", name="Pause the lane").click()
        await expect(page.get_by_role("status")).to_contain_text("is paused by owner until")
    await context.close()

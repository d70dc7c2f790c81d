"""The three ways in which one small fault became hours of silence: cascade, silence, exhaustion."""

from __future__ import annotations

from bowerbird.drills.acts import arming, disarm, flowing, ran_well, say_now
from bowerbird.drills.layer2 import take_seats
from bowerbird.drills.layer4 import browser_posts
from bowerbird.drills.layer5 import WAITING, free_seat, gone_out
from bowerbird.drills.row import Drill
from bowerbird.drills.stage import Stage

HUNG = ("measure", "harvest", "learn")
"""The jobs that take their seats and never give them back; the first two are all that fit in their lane."""
MEANWHILE_S = 10.0
"""So soon has to go out what needs nothing that is held: posts are due at once in one account, each 5 s in another."""


async def freeze_browser(stage: Stage) -> None:
    """Every process of the browser stands still: leases run out, its breaker opens, its posts wait."""
    stage.memory["wren"] = await stage.published("wren")
    stage.breaking.spoil_browser()
    stage.breaking.freeze_browser()


async def thaw_browser(stage: Stage) -> None:
    """It can be started again; meanwhile the others must have posted."""
    if await stage.published("wren") <= stage.memory["wren"]:
        stage.notes.append("the account that needs no browser did not post meanwhile")
    stage.breaking.restore_browser()
    stage.breaking.thaw_browser()


async def exhaust(stage: Stage) -> None:
    """Every background job takes its seat and never gives it back."""
    for job in HUNG:
        stage.breaking.arm(f"job.{job}", "hang")


async def exhaust_seats(stage: Stage) -> None:
    """Whatever reads through a browser never gives it back; posts are due in the account it holds and in the other."""
    stage.memory["finch"] = await stage.published("finch")
    await take_seats(stage)
    for account in (stage.memory["held"], stage.memory["free"]):
        await say_now(stage, account, WAITING)


async def give_seats_back(stage: Stage) -> None:
    """Nobody hangs any more; meanwhile only the account whose page was held was to wait."""

    async def other_posts() -> bool:
        return await stage.published("finch") > int(stage.memory["finch"])

    async def other_browser() -> bool:
        return len(await gone_out(stage, stage.memory["free"])) >= WAITING

    if not await stage.until(other_posts, within_s=MEANWHILE_S):
        stage.notes.append("the account that needs no browser did not post meanwhile")
    if not await stage.until(other_browser, within_s=MEANWHILE_S):
        stage.notes.append("what was due through the other browser did not go out meanwhile")
    await free_seat(stage)


async def held_and_all_run(stage: Stage) -> bool:
    """What was held has gone out, posts flow, and the jobs that hung run again."""
    return len(await gone_out(stage, stage.memory["held"])) >= WAITING and await flows_and_runs(stage)


async def flows_and_runs(stage: Stage) -> bool:
    """Posts go out, and all of the jobs that hung run again."""
    still = [await stage.sample("bowerbird_job_stuck_seconds", job=job) for job in HUNG]
    return await flowing(stage) and await ran_well("measure")(stage) and not any(still)


DRILLS = (
    Drill(
        id="P1", name="P1 cascade", program="browser",
        breaks="The whole browser is frozen, and cannot be started again.",
        root="seats|browser|breaker:browser", break_it=freeze_browser, mend_it=thaw_browser, healthy=browser_posts,
        healed_by="its own probe succeeded", holds_s=45,
    ),
    Drill(
        id="P2", name="P2 silence",
        breaks="The plan raises, again and again.",
        root="job:plan", break_it=arming(("job.plan", "raise")), mend_it=disarm, healthy=ran_well("plan"),
        healed_by="it is tried again after growing waits", holds_s=30,
    ),
    Drill(
        id="P3", name="P3 exhaustion",
        breaks="Measure, harvest and learn take their seats and never give them back.",
        root="lane:reading", break_it=exhaust, mend_it=disarm, healthy=flows_and_runs,
        healed_by="posting has seats of its own; what hung was cut off", holds_s=20,
    ),
    Drill(
        id="P3", name="P3 exhaustion of browsers", program="rivals",
        breaks=f"Whatever reads through a browser never gives it back, and {WAITING} posts are due in each account.",
        root="seats", break_it=exhaust_seats, mend_it=give_seats_back, healthy=held_and_all_run,
        healed_by="one browser of two is kept for posts; what hung was cut off", holds_s=45, calm_max_s=240,
    ),
)  # fmt: skip
"""P1 to P3."""

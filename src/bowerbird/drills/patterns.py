"""The three ways in which one small fault became hours of silence: cascade, silence, exhaustion."""

from __future__ import annotations

from bowerbird.drills.acts import arming, disarm, flowing, ran_well
from bowerbird.drills.layer4 import browser_posts
from bowerbird.drills.row import Drill
from bowerbird.drills.stage import Stage

HUNG = ("measure", "harvest", "learn")
"""The jobs that take their seats and never give them back; the first two are all that fit in their lane."""


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
)  # fmt: skip
"""P1 to P3."""

"""Startup: the browser that does not start, the runner that does not start, the monitors that die."""

from __future__ import annotations

from bowerbird.drills.acts import arming, disarm
from bowerbird.drills.row import Drill
from bowerbird.drills.stage import Stage

MONITORS = ("monitor.alerts", "monitor.breakers", "monitor.lag")
"""Three of the loops that watch, each with its failpoint."""


def spoil(stage: Stage) -> None:
    """Before the start: the browser's program exits with 1."""
    stage.breaking.spoil_browser()


async def restore(stage: Stage) -> None:
    """The browser's program is a browser again."""
    stage.breaking.restore_browser()


async def others_post(stage: Stage) -> bool:
    """Accounts that need no browser post all the same."""
    return await stage.published("wren") > 0


async def start_seen(stage: Stage) -> None:
    """Nothing more to break: wait until the accounts that need no browser have posted."""
    if not await stage.until(lambda: others_post(stage), within_s=20):
        stage.notes.append("the account that needs no browser did not post without one")


async def browser_posts(stage: Stage) -> bool:
    """The account that is driven through the browser posts."""
    return await stage.published("robin") > 0


def no_runner(stage: Stage) -> None:
    """Before the start: the runner of the jobs cannot start."""
    stage.breaking.arm("jobs.start", "raise")


def no_runner_at_first(stage: Stage) -> None:
    """Before the start: the runner of the jobs cannot start, four times."""
    stage.breaking.arm("jobs.start", "raise*4")


async def engine_stays(stage: Stage) -> None:
    """The process stays up in spite of it: one engine, which is heard."""
    stage.memory["engine"] = stage.breaking.worker("engine")


async def same_engine_posts(stage: Stage) -> bool:
    """Jobs run, in the very process that could not start them."""
    return await stage.published() > 0


async def kill_monitors(stage: Stage) -> None:
    """Let three monitors die at their next round."""
    for name in MONITORS:
        stage.breaking.arm(name, "raise*1")


async def monitors_came_round(stage: Stage) -> bool:
    """Every monitor that died was started again."""
    died = {str(fact.data.get("monitor", "")) for fact in await stage.facts("monitor_died", limit=20)}
    silences = [await stage.sample("bowerbird_monitor_silence_seconds", monitor=name) for name in died]
    return len(died) > 0 and all(silence is not None and silence < 5 for silence in silences)


DRILLS = (
    Drill(
        id="1.1", name="1.1 no browser at the start", program="browser", alone=True, start_broken=spoil,
        breaks="The program starts, and its browser's program exits with 1.",
        root="browser|breaker:browser", break_it=start_seen, mend_it=restore, healthy=browser_posts,
        healed_by="it is started again with growing waits", holds_s=12,
    ),
    Drill(
        id="1.2", name="1.2 the runner does not start", alone=True, start_broken=no_runner,
        breaks="The program starts, and the runner of its jobs raises each time it is started.",
        root="jobs|engine", break_it=engine_stays, mend_it=disarm, healthy=same_engine_posts,
        healed_by="it is started again in the same process", holds_s=12,
    ),
    Drill(
        id="1.2", name="1.2 the runner starts at the fifth try", alone=True, start_broken=no_runner_at_first,
        breaks="The program starts, and the runner of its jobs raises the first four times.",
        root="jobs", break_it=engine_stays, mend_it=disarm, healthy=same_engine_posts, by_itself=True,
        healed_by="it is started again in the same process", recover_max_s=20,
    ),
    Drill(
        id="1.3", name="1.3 monitors die",
        breaks="A loop that watches raises, and is gone.",
        root="monitor:", break_it=arming(("monitor.breakers", "raise*1")), mend_it=disarm, healthy=monitors_came_round,
        healed_by="its supervisor starts it again", by_itself=True,
    ),
)  # fmt: skip
"""1.1 to 1.3."""

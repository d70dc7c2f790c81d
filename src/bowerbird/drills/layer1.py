"""Startup: the browser that does not start, the runner that does not start, the monitors that die."""

from __future__ import annotations

from bowerbird.drills.acts import disarm
from bowerbird.drills.row import Drill
from bowerbird.drills.stage import Stage

MONITOR = "breakers"
"""One of the loops that watch: it probes breakers that are open."""
CLOSE_US = 100_000
"""So near to its start the first round is the start itself, microseconds: two clocks are compared."""


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


async def kill_monitor(stage: Stage) -> None:
    """Let the loop that probes breakers die at its next round; the fault begins when it does."""
    stage.breaking.arm(f"monitor.{MONITOR}", "raise*1")

    async def died() -> bool:
        return await _instant(stage, "monitor_died") is not None

    if not await stage.until(died, within_s=15):
        stage.notes.append("the monitor did not die")
    stage.began_at(await _instant(stage, "monitor_died") or stage.clock.now())


async def _instant(stage: Stage, kind: str) -> int | None:
    """When this first happened to it since the drill began, if it did."""
    facts = await stage.facts(kind, limit=20)
    mine = [fact.at for fact in facts if fact.data.get("monitor") == MONITOR and fact.at > stage.memory["marked_at"]]
    return min(mine, default=None)


async def came_round(stage: Stage) -> bool:
    """It was started again: it has come round since it died."""
    started_at, snapshot = await _instant(stage, "monitor_started"), await stage.books.snapshot("samples")
    silence_s = await stage.sample("bowerbird_monitor_silence_seconds", monitor=MONITOR)
    if started_at is None or snapshot is None or silence_s is None or snapshot.at <= started_at:
        return False
    if snapshot.at - round(silence_s * 1_000_000) < started_at - CLOSE_US:
        return False
    if stage.well_at is None:
        stage.was_well(started_at)
    return True


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
        root="monitor:", break_it=kill_monitor, mend_it=disarm, healthy=came_round,
        healed_by="its supervisor starts it again", by_itself=True,
    ),
)  # fmt: skip
"""1.1 to 1.3."""

"""Jobs: one that fails, a timer that never fires, one on whom others live, and all at once."""

from __future__ import annotations

from bowerbird.drills.acts import arming, disarm, heard, nothing, ran_well, say_now
from bowerbird.drills.row import Act, Drill
from bowerbird.drills.stage import Stage

CROWD = 8
"""Posts that are due at once while everything else wants a seat."""
HOUR_S = 3600.0


async def freeze(stage: Stage) -> None:
    """Stop the engine in the middle of whatever it does."""
    stage.breaking.freeze()


async def thaw(stage: Stage) -> None:
    """Let it go on, if the guardian has not replaced it."""
    stage.breaking.thaw()


async def crowd(stage: Stage) -> None:
    """Every background job hangs on its seat, and many posts are due at once."""
    for job in ("measure", "harvest", "learn", "connect"):
        stage.breaking.arm(f"job.{job}", "sleep:12")
    await stage.clock.sleep(2)
    stage.fault_begins()
    await say_now(stage, stage.kind.cast[0].account_id, CROWD)


async def crowd_sent(stage: Stage) -> bool:
    """All of them went out, and none waited for a seat."""
    waited = await stage.sample("bowerbird_lane_wait_seconds", lane="posting")
    if waited is not None and waited > 5:
        stage.notes.append(f"a due post waited {waited:.1f} s for a seat")
    return await stage.due_s() < 5


def stepping(offset_s: float) -> Act:
    """Step the program's wall clock to so many seconds from the true time."""

    async def act(stage: Stage) -> None:
        stage.step_clock(offset_s)

    return act


async def steady(stage: Stage) -> bool:
    """The clock is trusted again, and posts go out; seen in published posts alone, for its instants are moved."""
    return await stage.published() > int(stage.memory["published_at_mend"]) and not await stage.incidents()


async def learn_blocked(stage: Stage) -> None:
    """Measure stops; wait until those that live on it say so."""
    stage.breaking.arm("jobs.timer.measure", "drop")


async def learn_waits(stage: Stage) -> bool:
    """Both run again."""
    return await ran_well("measure")(stage) and (await stage.sample("bowerbird_job_blocked", job="learn") or 0) == 0


DRILLS = (
    Drill(
        id="2.1", name="2.1 a job fails three times",
        breaks="The plan raises three times in a row, then works.",
        root="job:plan", break_it=arming(("job.plan", "raise*3")), mend_it=disarm, healthy=ran_well("plan"),
        healed_by="it is tried again after growing waits, long before its next turn", by_itself=True,
    ),
    Drill(
        id="2.2", name="2.2 the timer never fires",
        breaks="The timer of the harvest is dropped.",
        root="job:harvest", break_it=arming(("jobs.timer.harvest", "drop")), mend_it=disarm,
        healthy=ran_well("harvest"), healed_by="a monitor starts its timer again", alert_max_s=15,
        because="overdue is half a period and at least 5 s late, after a period of 3 s, judged and sent",
    ),
    Drill(
        id="2.2", name="2.2 the loop is blocked",
        breaks="Something blocks the engine's event loop for 8 s.",
        root="loop|engine", break_it=arming(("loop.block", "block:8*1")), mend_it=disarm, healthy=heard, by_itself=True,
        healed_by="the loop goes on", recover_max_s=13,
    ),
    Drill(
        id="2.2", name="2.2 the engine is frozen",
        breaks="SIGSTOP to the engine; nobody ever sends SIGCONT.",
        root="engine", break_it=freeze, mend_it=nothing, healthy=heard, by_itself=True,
        healed_by="the guardian starts it again", recover_max_s=60,
    ),
    Drill(
        id="2.2", name="2.2 the clock jumps ahead", program="clock",
        breaks="The wall clock is stepped ahead by an hour (libfaketime).",
        root="clock", break_it=stepping(HOUR_S), mend_it=nothing, healthy=steady, by_itself=True,
        healed_by="nothing is missed while the wall is not trusted; then it is", recover_max_s=90,
    ),
    Drill(
        id="2.2", name="2.2 the clock jumps back", program="clock",
        breaks="The wall clock is stepped back by an hour (libfaketime).",
        root="clock", break_it=stepping(0.0), mend_it=nothing, healthy=steady, by_itself=True,
        healed_by="nothing is sent twice while the wall is not trusted; then it is", recover_max_s=90,
    ),
    Drill(
        id="2.3", name="2.3 others live on it",
        breaks="The timer of measure is dropped; learn lives on its readings.",
        root="job:measure", break_it=learn_blocked, mend_it=disarm, healthy=learn_waits,
        healed_by="it runs again, and they have fresh results", alert_max_s=10, recover_max_s=10,
    ),
    Drill(
        id="2.4", name="2.4 all at once",
        breaks=f"Every background job hangs on its seat, and {CROWD} posts are due.",
        root="", break_it=crowd, mend_it=disarm, healthy=crowd_sent, by_itself=True,
        healed_by="posting has seats that nobody else can take", recover_max_s=20,
    ),
)  # fmt: skip
"""2.1 to 2.4."""

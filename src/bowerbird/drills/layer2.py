"""Jobs: one that fails, a timer that never fires, one on whom others live, and all at once."""

from __future__ import annotations

from bowerbird.browsers.line import URGENT
from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US
from bowerbird.drills.acts import arming, disarm, heard, nothing, ran_well, say_now
from bowerbird.drills.layer5 import ROBIN, WREN, free_seat, gone_out, held, hold_seat
from bowerbird.drills.row import Act, Drill
from bowerbird.drills.stage import Stage

CROWD = 8
"""Posts that are due at once while everything else wants a seat."""
LONG_READ, READS = "counts", ("own_posts", "mentions", "search")
"""What the background asks of a browser: the one that may take a minute, and the others, which have half of that."""
OTHERS = 2
"""Jobs that read through a browser, besides the one that holds a seat: three there are, one account after the other."""
ASKED_S = 50.0
"""Each waits 20 s for a seat and begins within a few; one and the same job may be both of them, seconds."""
WAIT_MAX_S = 5.0
"""So long a due post may wait for background work, seconds."""
HANG_S = 12.0
"""How long a background job hangs on its seat, seconds."""
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
        stage.breaking.arm(f"job.{job}", f"sleep:{HANG_S:g}")
    await stage.clock.sleep(2)
    stage.memory["struck_at"] = stage.now()
    stage.fault_begins()
    await say_now(stage, stage.kind.cast[0].account_id, CROWD)


async def crowd_sent(stage: Stage) -> bool:
    """All of them went out, and none waited for a seat; well it was with the last of them."""
    waited = await stage.sample("bowerbird_lane_wait_seconds", lane="posting")
    if waited is not None and waited > WAIT_MAX_S:
        stage.notes.append(f"a due post waited {waited:.1f} s for a seat")
    return await crowd_went(stage, stage.kind.cast[0].account_id) and await stage.due_s() < WAIT_MAX_S


async def crowd_went(stage: Stage, account: str) -> bool:
    """Whether so many posts of the account have gone out since the blow."""
    went = await gone_out(stage, account)
    if len(went) < CROWD:
        return False
    stage.was_well(max(went))
    return True


async def let_go(stage: Stage) -> None:
    """No other job hangs; those that do give their seats back, or the next drill would begin in the midst of this."""
    stage.breaking.disarm()
    await stage.clock.sleep(HANG_S)


async def take_seats(stage: Stage) -> None:
    """Whatever reads through a browser hangs there, and takes every seat but the one that is kept for posts.

    An account has one page, so what is due in the one whose page is held waits for that; the other one is free. Who
    waits for the held page goes on to the other account when it was turned away, and would take the seat that is kept.
    The reading that has the longest time holds it first, so that the same page is held until the posts are through.
    """
    before = await turned_away(stage)
    await hold_seat(LONG_READ)(stage)
    _, account = await held(stage) or (0, "")
    for op in READS:
        stage.breaking.arm(f"browser.lease.{op}", "hang")

    async def all_asked() -> bool:
        return await turned_away(stage) >= before + OTHERS

    if not await stage.until(all_asked, within_s=ASKED_S):
        stage.notes.append(f"{OTHERS} others did not ask for a seat in vain within {ASKED_S:g} s")
    stage.memory |= {"struck_at": stage.now(), "held": account, "free": WREN if account == ROBIN else ROBIN}


async def turned_away(stage: Stage) -> int:
    """How often background work asked for a browser in vain so far."""
    snapshot = await stage.books.snapshot("browsers")
    rows = snapshot.data["waits"] if snapshot else []
    return sum(row["refused"] for row in rows if row["class"] not in URGENT)


async def crowd_seats(stage: Stage) -> None:
    """Background work has taken its seats, and many posts are due at once in the account that is free."""
    await take_seats(stage)
    await say_now(stage, stage.memory["free"], CROWD)


async def crowd_sent_meanwhile(stage: Stage) -> bool:
    """All of them went out through the browser that was kept, and none was under way for long."""
    if not await crowd_went(stage, stage.memory["free"]):
        return False
    longest_s = await slowest_s(stage)
    if longest_s > WAIT_MAX_S and not stage.notes:
        stage.notes.append(f"a due post was under way for {longest_s:.1f} s, so it waited for a browser")
    return True


async def slowest_s(stage: Stage) -> float:
    """How long the slowest of them was under way, seconds: that takes a second, and what it waited for a browser."""
    posts = [each for each in await stage.posts(State.PUBLISHED) if each.account_id == stage.memory["free"]]
    mine = [each for each in posts if each.created_at >= int(stage.memory["struck_at"])]
    return max(((each.published_at or 0) - (each.first_claim_at or 0) for each in mine), default=0) / SECOND_US


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
        root="", break_it=crowd, mend_it=let_go, healthy=crowd_sent, by_itself=True,
        healed_by="posting has seats that nobody else can take", recover_max_s=20,
    ),
    Drill(
        id="2.4", name="2.4 all at the browsers", program="rivals",
        breaks=f"Whatever reads through a browser hangs there, and {CROWD} posts are due in another account.",
        root="seats", break_it=crowd_seats, mend_it=free_seat, healthy=crowd_sent_meanwhile, by_itself=True,
        healed_by="one browser of two is kept for posts", alert_max_s=30, recover_max_s=75, calm_max_s=240,
        because="it counts from the first seat that is held, and the posts are due when others asked twice in vain for "
        "20 s; none of them may be under way for longer than the promised 5 s",
    ),
)  # fmt: skip
"""2.1 to 2.4."""

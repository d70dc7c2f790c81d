"""Posting: breakers that open, limits that are exceeded, posts nobody knows of."""

from __future__ import annotations

from functools import partial

from bowerbird.core.breaker import Position
from bowerbird.core.lifecycle import State
from bowerbird.drills.acts import arming, begins_when, disarm, flowing, network_heals, say_now
from bowerbird.drills.row import Act, Drill
from bowerbird.drills.stage import Stage

WINDOW_S = 10.0
"""The window of the network's limit, seconds."""
LOST = 3
"""Answers that are dropped in the drill of lost answers."""
HOST = "sandbox "
"""How the breaker of the rehearsal network is called."""


async def begins_open(stage: Stage, breaker: str) -> None:
    """The fault begins when this breaker opens."""

    async def is_open() -> bool:
        state = await stage.breaker(breaker)
        return state is not None and state.position is not Position.CLOSED

    await begins_when(stage, is_open, within_s=60, else_note=f"the breaker {breaker.strip()} did not open")


def break_host(*more: Act) -> Act:
    """Let the network fail until its breaker opens; the fault begins there. Then do more."""

    async def act(stage: Stage) -> None:
        await stage.network.arm("500", on="any", for_s=600)
        await begins_open(stage, HOST)
        for each in more:
            await each(stage)

    return act


async def heal_host(stage: Stage) -> None:
    """The network answers; whatever else was broken is mended."""
    stage.breaking.disarm()
    await stage.network.disarm()


async def host_closed(stage: Stage) -> bool:
    """The breaker closed by itself."""
    return await stage.breakers_closed() and await stage.posts_flow()


async def closed_again(stage: Stage) -> bool:
    """The breaker closed by itself; posts go out when the stepped clock is trusted again, a minute later."""
    return await stage.breakers_closed()


async def restart(stage: Stage) -> None:
    """Kill the engine while the breaker is open; the guardian starts another."""
    stage.breaking.kill()


async def clock_back(stage: Stage) -> None:
    """Step the wall clock back by an hour while the breaker is open."""
    stage.step_clock(-3600)


async def lose_browser(stage: Stage) -> None:
    """Kill the browser, whose program from now on exits with 1; the fault begins when its breaker opens."""
    stage.breaking.spoil_browser()
    stage.breaking.kill_browser()
    await begins_open(stage, "browser")


async def restore_browser(stage: Stage) -> None:
    """Its program is a browser again."""
    stage.breaking.restore_browser()


async def browser_posts(stage: Stage) -> bool:
    """What was held for the browser has gone out."""
    return await stage.breakers_closed() and await stage.due_s("robin") < 5 and await stage.posts_flow()


async def flood(stage: Stage) -> None:
    """Ten posts are due at once where the network allows two in ten seconds."""
    account = stage.kind.cast[0]
    stage.memory["limited_at"] = stage.clock.now()
    await stage.network.limit(account.handle, posts=2, posts_window_s=WINDOW_S)
    await say_now(stage, account.account_id, 10)
    stage.fault_begins()


async def unlimit(stage: Stage) -> None:
    """The network allows as many as before."""
    await stage.network.limit(stage.kind.cast[0].handle, posts=100_000, posts_window_s=3600)


async def within_limit(stage: Stage) -> bool:
    """By the network's own clock never more than two stood within any ten seconds while it was limited."""
    handle, since = stage.kind.cast[0].handle, stage.memory["limited_at"] + int(WINDOW_S * 1_000_000)
    rows = (await stage.network.accepted()).values()
    times = sorted(row["at"] for row in rows if row["account"] == handle and row["at"] >= since)
    ended = stage.memory["marked_at"]
    sets = zip(times, times[2:], strict=False)
    return not any(later - first < WINDOW_S * 1_000_000 for first, later in sets if later < ended)


async def kill_in_flight(stage: Stage) -> None:
    """Freeze answers so that a post is under way for sure, then kill the engine."""
    await stage.network.arm("slow", on="write", for_s=20, delay_s=5)

    async def under_way() -> bool:
        return bool(await stage.posts(State.SENDING))

    await begins_when(stage, under_way, within_s=30, else_note="no post was ever under way")
    stage.breaking.kill()
    await stage.network.disarm()


async def nothing_stuck(stage: Stage) -> bool:
    """No post is under way for long, none is in doubt, and new ones go out."""
    return await stage.settled() and await stage.posts_flow()


async def drop_answers(stage: Stage) -> None:
    """The network accepts the next three posts and closes the connection without an answer.

    The fault begins with the first of them; those that follow are found before it is called well, and none is left
    armed for whoever posts next.
    """
    await stage.network.arm("drop_answer", on="write", count=LOST)

    async def first() -> bool:
        return await stage.network.armed("drop_answer") < LOST

    await begins_when(stage, first, within_s=30, else_note="no answer was dropped")


async def found_again(stage: Stage) -> bool:
    """Every answer was dropped that should be, no post is in doubt, and new ones go out."""
    return await stage.network.armed("drop_answer") == 0 and await nothing_stuck(stage)


async def post_behind_our_back(stage: Stage) -> None:
    """Somebody else posts with our account."""
    said = await stage.network.say_as(stage.kind.cast[0].handle, f"Not by Bowerbird: {stage.clock.now()}")
    stage.foreign.add(said)
    stage.memory["foreign"] = said


async def delete_it(stage: Stage) -> None:
    """The owner deletes what was not theirs."""
    if said := stage.memory.get("foreign"):
        await stage.network.arm("remove_post", post=said)


async def timeline_ours(stage: Stage) -> bool:
    """Everything on the timeline is ours again, and posts go out."""
    account = stage.kind.cast[0].account_id
    foreign = await stage.sample("bowerbird_truth_foreign_posts", account=account)
    return foreign == 0 and await stage.sampled_since() and await stage.posts_flow()


of_the_host = partial(Drill, id="4.1", root=f"breaker:{HOST}", mend_it=heal_host)

DRILLS = (
    of_the_host(
        name="4.1 the breaker opens",
        breaks="The network answers 500 until its breaker opens; then it is well, and nobody touches the breaker.",
        break_it=break_host(), healthy=host_closed, healed_by="its own probe succeeded",
    ),
    of_the_host(
        name="4.1 and its probe hangs",
        breaks="The breaker is open, and its probe hangs for ever.",
        break_it=break_host(arming(("probe.hang", "hang*1"))), healthy=host_closed,
        healed_by="the lease of its probe expired, and the next one succeeded",
    ),
    of_the_host(
        name="4.1 and the engine is killed",
        breaks="The breaker is open, and the engine is killed.",
        break_it=break_host(restart), healthy=host_closed,
        healed_by="its state survived, and its own probe succeeded", holds_s=8,
    ),
    of_the_host(
        name="4.1 and the clock jumps back", program="clock", besides="clock",
        breaks="The breaker is open, and the wall clock is stepped back by an hour (libfaketime).",
        break_it=break_host(clock_back), healthy=closed_again,
        healed_by="its waits are counted on the monotonic clock", holds_s=4, calm_max_s=300,
    ),
    Drill(
        id="4.2", name="4.2 the browser is gone", program="browser",
        breaks="The browser is killed, and its program exits with 1.",
        root="seats|browser|breaker:browser", break_it=lose_browser, mend_it=restore_browser, healthy=browser_posts,
        healed_by="its own probe succeeded", holds_s=15,
    ),
    Drill(
        id="4.3", name="4.3 ten posts, two allowed", program="limited",
        breaks="Ten posts are due at once, where the network allows two in ten seconds.",
        root="", break_it=flood, mend_it=unlimit, healthy=within_limit, holds_s=25,
        healed_by="the limit is taken in the same transaction as the claim",
    ),
    Drill(
        id="4.3", name="4.3 a limit that cannot be read", program="writer",
        breaks="Reading a limit raises.",
        root="limits", break_it=arming(("limits.read", "raise")), mend_it=disarm, healthy=flowing,
        healed_by="the limit can be read again", recover_max_s=10,
    ),
    Drill(
        id="4.4", name="4.4 killed in the middle of a message",
        breaks="The engine is killed while a post is under way.",
        root="", break_it=kill_in_flight, mend_it=network_heals, healthy=nothing_stuck, by_itself=True,
        healed_by="its lease was seen to be a dead one's, and the platform was asked",
    ),
    Drill(
        id="4.5", name="4.5 the answer is lost",
        breaks="The network accepts posts and never answers for them.",
        root="", break_it=drop_answers, mend_it=network_heals, healthy=found_again, by_itself=True,
        healed_by="we looked, and found them",
    ),
    Drill(
        id="4.5", name="4.5 somebody else posts",
        breaks="Somebody else posts with our account.",
        root="truth:", break_it=post_behind_our_back, mend_it=delete_it, healthy=timeline_ours,
        healed_by="a person was told, and deleted it",
    ),
)  # fmt: skip
"""4.1 to 4.5."""

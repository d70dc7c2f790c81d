"""Browsers: lost, frozen, without their driver, with pages that crash, and signed out; their breaker, their seats,
their memory.

Whoever is driven through a browser has posts due at the very moment at which it is broken: what waits does not fail.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial

from bowerbird.core.lifecycle import State
from bowerbird.dashboard.nodes import BROWSERS
from bowerbird.drills.acts import arming, begins_when, disarm, network_heals, nothing, say_now
from bowerbird.drills.layer4 import browser_posts, lose_browser, restart
from bowerbird.drills.row import Act, Drill
from bowerbird.drills.stage import Stage

ROBIN = "sandbox-web:robin"
"""The account that is driven through a browser."""
SEATS = "seats|browser|breaker:browser"
"""A browser that is lost is a seat's affair, and everybody's once none can be started."""
TRAPS = 2
"""Pages that run for ever, one after the other."""
DEADLINE_S = 70.0
"""A reading through a browser may take 60 s; it is cut off 2 s after its end, a post that was turned away meanwhile
comes again within 5 s, and takes a few."""
WAITING = 2
"""Posts that are due while the browser is broken."""
LATE = "a session that works again is looked for every 30 s, and the look itself takes a second or two"
WREN = "sandbox-web:wren"
"""The other one, in the program whose accounts share one browser."""
HELD_S = 4.0
"""Whoever has a seat for so long does not give it back by itself: what works here takes a second, seconds."""
ODD = "no longer it"
"""A password that the site does not take."""


# --- 5.1 -------------------------------------------------------------------------------------------------------------


def break_browser(*more: Act) -> Act:
    """Kill the browser, whose program exits with 1, until the breaker opens; the fault begins there. Then do more."""

    async def act(stage: Stage) -> None:
        await lose_browser(stage)
        for each in more:
            await each(stage)

    return act


async def mend_browser(stage: Stage) -> None:
    """Its program is a browser again; nobody touches the breaker."""
    stage.breaking.disarm()
    stage.breaking.restore_browser()


async def lose_too_many(stage: Stage) -> None:
    """Kill each browser that is started until no more may be lost; the fault ends with the last blow."""
    stage.fault_begins()
    for _ in range(int(stage.kind.settings["browsers.restarts_max"]) + 1):
        if not await stage.until(lambda: _struck(stage), within_s=20):
            stage.notes.append("no browser was started again, though more might have been lost")
        stage.fault_ends()
    stage.memory["struck_at"] = stage.now()
    await say_now(stage, ROBIN, WAITING)


async def _struck(stage: Stage) -> bool:
    """Whether there was a browser to kill that has answered: one that is still starting is none that was lost."""
    snapshot = await stage.books.snapshot("browsers")
    up = snapshot is not None and any(row["up"] for row in snapshot.data["seats"])
    known, pids = stage.memory.get("killed", set()), set(stage.breaking.browser())
    fresh = pids - known
    if not (up and fresh and snapshot is not None and snapshot.at > stage.memory.get("killed_at", 0)):
        return False
    stage.memory |= {"killed": known | pids, "killed_at": stage.now()}
    return stage.breaking.kill_browser()


# --- 5.2 -------------------------------------------------------------------------------------------------------------


async def held(stage: Stage) -> tuple[int, str] | None:
    """Since when a seat has been held by somebody who does not give it back, and whose page; None if none is."""
    snapshot = await stage.books.snapshot("browsers")
    rows = snapshot.data["seats"] if snapshot else []
    since, account = min(((row["held_at"], row["holder"]) for row in rows if row["held_at"]), default=(None, ""))
    return (since, account) if since is not None and stage.now() - since > HELD_S * 1_000_000 else None


async def held_since(stage: Stage) -> int | None:
    """Since when a seat has been held so; None if none is."""
    found = await held(stage)
    return found[0] if found else None


def hold_seat(*ops: str, times: str = "") -> Act:
    """Whoever does one of these takes a seat and never gives it back; the fault begins when it has."""

    async def act(stage: Stage) -> None:
        stage.memory["struck_at"] = stage.now()
        for op in ops:
            stage.breaking.arm(f"browser.lease.{op}", f"hang{times}")

        async def is_held() -> bool:
            return await held_since(stage) is not None

        await begins_when(stage, is_held, within_s=60, else_note="nobody held the seat")
        stage.began_at(await held_since(stage) or stage.now())

    return act


async def hold_and_post(stage: Stage) -> None:
    """A reading takes the only seat and never gives it back; then posts are due in both accounts."""
    await hold_seat("counts", times="*1")(stage)
    stage.memory["struck_at"] = stage.now()
    for account in (ROBIN, WREN):
        await say_now(stage, account, WAITING)


async def free_seat(stage: Stage) -> None:
    """Nobody hangs any more; the fault ends when the last one who did was cut off."""
    stage.breaking.disarm()
    if not await stage.until(lambda: _is_free(stage), within_s=70):
        stage.notes.append("who held the seat was not cut off within 70 s")
    stage.fault_ends()


async def _is_free(stage: Stage) -> bool:
    return await held_since(stage) is None


async def trap_pages(stage: Stage) -> None:
    """The next two pages of an account come with a script that never ends; posts are due in it."""
    stage.memory["struck_at"] = stage.now()
    await stage.network.arm("loop", on="read", account="robin", count=TRAPS)

    async def first() -> bool:
        return await stage.network.armed("loop") < TRAPS

    await begins_when(stage, first, within_s=30, else_note="no page was opened")
    await say_now(stage, ROBIN, WAITING)


async def out_of_traps(stage: Stage) -> bool:
    """Both pages were opened, and what was due has gone out."""
    return await stage.network.armed("loop") == 0 and await waiting_went(stage)


# --- 5.3 -------------------------------------------------------------------------------------------------------------


FIRST_PAGE_S = 30.0
"""A page of the account is read within so many seconds; before that nothing leaks."""


async def leak(stage: Stage) -> None:
    """Each page of an account takes 200 MB a second; it begins with the first of them that is read."""
    stage.memory["engine"] = stage.breaking.worker("engine")
    await stage.network.arm("leak", on="read", account="robin", for_s=600)

    async def leaks() -> bool:
        return await stage.network.hits("leak") > 0

    if not await stage.until(leaks, within_s=FIRST_PAGE_S):
        stage.notes.append(f"no page of the account was read within {FIRST_PAGE_S:g} s")
    stage.fault_begins()


async def fits_again(stage: Stage) -> bool:
    """The browsers take no more than they may, posts go out through them, and the engine is the one it was."""
    if stage.breaking.worker("engine") != stage.memory["engine"]:
        stage.notes.append("the engine was started again")
    snapshot = await stage.books.snapshot("browsers")
    if snapshot is None or snapshot.at <= int(stage.memory["marked_at"]):
        return False
    memory = snapshot.data["memory"]
    fits = (memory["used_bytes"] or 0) <= (memory["budget_bytes"] or 0)
    return bool(fits) and await stage.due_s("robin") < 5 and await stage.posts_flow()


# --- 5.5 -------------------------------------------------------------------------------------------------------------


def striking(strike: Callable[[Stage], bool]) -> Act:
    """Break it with posts due at that moment; the fault begins with the blow."""

    async def act(stage: Stage) -> None:
        stage.memory["struck_at"] = stage.now()
        stage.fault_begins()
        if not strike(stage):
            stage.notes.append("there was nothing to break")
        await say_now(stage, ROBIN, WAITING)

    return act


def kill_browsers(stage: Stage) -> bool:
    """Kill every browser, the one that stands by, too."""
    return stage.breaking.kill_browser()


def freeze_one(stage: Stage) -> bool:
    """Stop the browser that works."""
    return stage.breaking.strike_browser(signal.SIGSTOP)


def kill_driver(stage: Stage) -> bool:
    """Kill the driver of the browser that works."""
    return stage.breaking.strike_driver(signal.SIGKILL)


def crash_page(stage: Stage) -> bool:
    """The next page that is lent out crashes."""
    stage.breaking.arm("page.crash", "drop*1")
    return True


def spoil_listener(stage: Stage) -> bool:
    """What listens to a page raises, the next five times."""
    stage.breaking.arm("page.listener", "raise*5")
    return True


async def waiting_went(stage: Stage) -> bool:
    """All that was due when it broke has gone out through a browser: well it was with the first of them."""
    return await went_out(stage, ROBIN) and await stage.due_s("robin") < 5


async def both_went(stage: Stage) -> bool:
    """All that was due in both accounts has gone out: well it was when the first of each had."""
    return await went_out(stage, ROBIN, WREN) and await stage.due_s() < 5


async def went_out(stage: Stage, *accounts: str) -> bool:
    """Whether `WAITING` posts of each account have gone out since the blow; one that is left behind is not well."""
    went = [await gone_out(stage, account) for account in accounts]
    if any(len(each) < WAITING for each in went):
        return False
    stage.was_well(max(min(each) for each in went))
    return True


async def gone_out(stage: Stage, account: str) -> list[int]:
    """When the posts of an account that were made since the blow went out, microseconds."""
    struck = int(stage.memory["struck_at"])
    posts = [post for post in await stage.posts(State.PUBLISHED) if post.account_id == account]
    return [post.published_at for post in posts if post.created_at >= struck and post.published_at]


async def listener_ended(stage: Stage) -> bool:
    """It was counted, and the posts went out all the same."""
    ended = await stage.sample("bowerbird_browser_listener_errors_total")
    return bool(ended) and await waiting_went(stage)


# --- 5.4 -------------------------------------------------------------------------------------------------------------


async def revoke(stage: Stage) -> None:
    """The site forgets the session, with posts due in it; the password still works."""
    stage.memory["struck_at"] = stage.now()
    stage.fault_begins()
    await stage.network.arm("session_revoked", account="robin")
    await say_now(stage, ROBIN, WAITING)


async def sign_out(stage: Stage) -> None:
    """The site forgets the session, and takes the password no longer."""
    stage.memory["wren"] = await stage.published("wren")
    stage.memory["password"] = await stage.books.load_secret(ROBIN, "password")
    await stage.books.save_secret(ROBIN, "password", ODD)
    await stage.network.arm("session_revoked", account="robin")


async def sign_in(stage: Stage) -> None:
    """A person gives the right password; meanwhile only this account was to wait."""
    if await stage.published("wren") <= stage.memory["wren"]:
        stage.notes.append("the account that is signed in did not post meanwhile")
    stage.memory["robin"] = await stage.published("robin")
    await stage.books.save_secret(ROBIN, "password", stage.memory["password"])


async def robin_posts(stage: Stage) -> bool:
    """It posts again, and none of its posts waits."""
    return await stage.published("robin") > stage.memory["robin"] and await stage.due_s("robin") < 5


signed_out = partial(
    Drill, program="seats", root=f"session:{ROBIN}", break_it=sign_out, mend_it=sign_in, healthy=robin_posts,
    healed_by="the session works again", holds_s=12, calm_max_s=240,
)  # fmt: skip
"""Ways in which nobody is signed in any more; what must be seen besides is the row's own affair."""

of_a_crash = partial(
    Drill, id="5.5", program="seats", mend_it=disarm, healthy=waiting_went, by_itself=True, calm_max_s=240,
)  # fmt: skip

of_the_breaker = partial(Drill, id="5.1", program="seats", root=SEATS, mend_it=mend_browser, calm_max_s=240)

DRILLS = (
    of_the_breaker(
        name="5.1 its breaker opens",
        breaks="The browser cannot be started until its breaker opens; then it can, and nobody touches the breaker.",
        break_it=break_browser(), healthy=browser_posts, healed_by="its own probe succeeded", holds_s=10,
    ),
    of_the_breaker(
        name="5.1 and its probe hangs",
        breaks="The browser's breaker is open, and its probe hangs for ever.",
        break_it=break_browser(arming(("probe.hang", "hang*1"))), healthy=browser_posts, holds_s=10,
        healed_by="the lease of its probe expired, and the next one succeeded",
    ),
    of_the_breaker(
        name="5.1 and the engine is killed",
        breaks="The browser's breaker is open, and the engine is killed.",
        break_it=break_browser(restart), healthy=browser_posts, holds_s=10,
        healed_by="its state survived, and its own probe succeeded",
    ),
    of_the_breaker(
        name="5.1 too many are lost", program="few",
        breaks="The only browser is killed, and each one that is started after it, until no more may be lost.",
        break_it=lose_too_many, mend_it=nothing, healthy=waiting_went,
        healed_by="one is tried every 30 s however many were lost",
    ),
    Drill(
        id="5.2", name="5.2 a lease hangs", program="crowd",
        breaks=f"A reading takes the only seat and never gives it back, with {WAITING} posts due in both accounts.",
        root="seats", break_it=hold_and_post, mend_it=disarm, healthy=both_went, by_itself=True, calm_max_s=240,
        healed_by="its deadline passed, it was cut off, and who waited went next", recover_max_s=DEADLINE_S,
        because="the promise is the deadline: a reading may take 60 s and is cut off 2 s later; a post that was turned "
        "away comes again within 5 s",
    ),
    Drill(
        id="5.2", name="5.2 pages run for ever", program="crowd",
        breaks=f"{TRAPS} pages of one account run for ever, with {WAITING} posts due in it.",
        root="", break_it=trap_pages, mend_it=network_heals, healthy=out_of_traps, by_itself=True, calm_max_s=240,
        healed_by="a page that answers nothing is cut off, and its account is given another one", seen_on=(BROWSERS,),
        recover_max_s=15,
    ),
    Drill(
        id="5.3", name="5.3 a page leaks", program="leaky",
        breaks="Each page of an account takes 200 MB a second, outside of the heap of its scripts.",
        root="seats", break_it=leak, mend_it=network_heals, healthy=fits_again, holds_s=20, calm_max_s=240,
        healed_by="what was over the budget was closed, page by page and then the browser",
    ),
    Drill(
        id="5.4", name="5.4 the session is revoked", program="seats",
        breaks=f"The site forgets the session, with {WAITING} posts due; it takes the password.",
        root="", break_it=revoke, mend_it=nothing, healthy=waiting_went, by_itself=True, calm_max_s=240,
        healed_by="it was signed in again at the first operation, and the post was sent once",
    ),
    signed_out(
        id="5.4", name="5.4 only a person can sign in",
        breaks="The site forgets the session, and takes the password no longer.",
        recover_max_s=35, because=LATE,
    ),
    of_a_crash(
        name="5.5 every browser is killed",
        breaks=f"SIGKILL to every browser, also the one that stands by, with {WAITING} posts due in one.",
        root=SEATS, break_it=striking(kill_browsers), healed_by="another one was started under the same driver",
    ),
    of_a_crash(
        name="5.5 the driver is killed",
        breaks=f"SIGKILL to the driver between the engine and a browser, with {WAITING} posts due in it.",
        root=SEATS, break_it=striking(kill_driver), healed_by="the one that stood by took its place",
    ),
    of_a_crash(
        name="5.5 the browser is frozen",
        breaks=f"SIGSTOP to the browser that works, with {WAITING} posts due in it; nobody ever sends SIGCONT.",
        root=SEATS, break_it=striking(freeze_one), healed_by="it was killed, and another one took its place",
        alert_max_s=5, recover_max_s=6,
        because="a frozen browser raises nothing and is connected: it is asked every 2 s, twice, a second each time",
    ),
    of_a_crash(
        name="5.5 a page crashes",
        breaks=f"CDP's Page.crash to the next page that is lent out, with {WAITING} posts due.",
        root="", break_it=striking(crash_page), healed_by="its account was given another page", seen_on=(BROWSERS,),
    ),
    of_a_crash(
        name="5.5 a listener raises",
        breaks=f"What listens to a page raises, five times, with {WAITING} posts due.",
        root="", break_it=striking(spoil_listener), healthy=listener_ended, seen_on=(BROWSERS,),
        healed_by="what a listener raises ends at the door, and reaches no other call",
    ),
)  # fmt: skip
"""5.1 to 5.5."""

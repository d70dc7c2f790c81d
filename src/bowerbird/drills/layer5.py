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
from bowerbird.drills.acts import disarm, nothing, say_now
from bowerbird.drills.row import Act, Drill
from bowerbird.drills.stage import Stage

ROBIN = "sandbox-web:robin"
"""The account that is driven through a browser."""
SEATS = "seats|browser|breaker:browser"
"""A browser that is lost is a seat's affair, and everybody's once none can be started."""
WAITING = 2
"""Posts that are due while the browser is broken."""
LATE = "a session that works again is looked for every 30 s, and the look itself takes a second or two"
ODD = "no longer it"
"""A password that the site does not take."""


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
    """What was due when it broke has gone out through a browser: well it was with the first of them."""
    struck = int(stage.memory["struck_at"])
    posts = [post for post in await stage.posts() if post.account_id == ROBIN and post.created_at >= struck]
    went = [post.published_at for post in posts if post.state is State.PUBLISHED and post.published_at]
    if went:
        stage.was_well(min(went))
    return bool(went) and await stage.due_s("robin") < 5


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

DRILLS = (
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

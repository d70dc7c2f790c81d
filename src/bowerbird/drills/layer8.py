"""Measuring: pages that have changed, and browsers that have no time for numbers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from bowerbird.core.lifecycle import State
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.nodes import MEASURING
from bowerbird.drills.acts import disarm, say_now
from bowerbird.drills.layer5 import ROBIN, WREN, free_seat, gone_out, hold_seat
from bowerbird.drills.row import Act, Check, Drill
from bowerbird.drills.stage import Stage

TIER_S = 40.0
"""The first tier of this program: the age at which a post is read first, and the period of a search."""
LATE_S = 1.5 * TIER_S
"""So late may a reading or a search be before somebody is told, or it is made."""
BUSY = 13
"""Posts that are due at once in each of two accounts which share one browser."""
SOON_S = 12.0
"""Looks that are due so soon after the blow wait behind its posts, seconds."""
POST_S = 0.6
"""So much longer each of them takes, seconds: with the readings between them, of which one lease may be for twenty
posts, the browser is busy for half a minute. Longer, and the posts themselves are overdue on a busy machine."""
WHY_LATE = (
    f"one and a half of a period, which is {TIER_S:g} s here; the next look comes within one, and may wait for the seat"
)


# --- 8.1 and 9.1 -----------------------------------------------------------------------------------------------------


async def look_soon(stage: Stage) -> bool:
    """Whether a look at a post of each account is due within `SOON_S`."""
    now = stage.now()
    for account in (ROBIN, WREN):
        posts = await stage.books.posts(states=(State.PUBLISHED,), account_id=account, limit=50)
        if not any(now < (post.look_at or 0) < now + SOON_S * SECOND_US for post in posts):
            return False
    return True


def busy(soon: Check, what: str) -> Act:
    """Many posts are due at once in both accounts, and each takes long; this will be due in the middle of them."""

    async def act(stage: Stage) -> None:
        if not await stage.until(partial(soon, stage), within_s=4 * TIER_S):
            stage.notes.append(f"no {what} of each account came to be due at about the same time")
        stage.memory["struck_at"] = stage.now()
        stage.fault_begins()
        stage.breaking.arm("browser.lease.publish", f"sleep:{POST_S:g}")
        for account in (ROBIN, WREN):
            await say_now(stage, account, BUSY)

    return act


def done_meanwhile(first: Callable[[Stage, str], Awaitable[int | None]], what: str) -> Check:
    """Somebody had a turn at this while posts stood in line, and both had in time; well it was with the later of both.

    A class is owed one of eight seats and not each of its accounts: the second stands behind three leases more of its
    own kind, up to eight posts before each, and that may last longer than the posts.
    """

    async def check(stage: Stage) -> bool:
        had = [at for account in (ROBIN, WREN) if (at := await first(stage, account)) is not None]
        went = [at for account in (ROBIN, WREN) for at in await gone_out(stage, account)]
        if len(had) < 2 or len(went) < 2 * BUSY:
            return False
        if min(had) > max(went):
            stage.notes.append(f"nothing was {what} while posts stood in line")
        stage.was_well(max(had))
        return True

    return check


async def first_reading(stage: Stage, account: str) -> int | None:
    """When a post of the account was read first since the blow."""
    return await earliest(stage, "measured", account, int(stage.memory["struck_at"]))


async def earliest(stage: Stage, kind: str, account: str, since: int, what: str = "") -> int | None:
    """When this happened first since an instant; `what`: how that which was done begins."""
    facts = [fact for fact in await stage.facts(kind, limit=200) if fact.account_id == account and fact.at > since]
    return min((fact.at for fact in facts if str(fact.data.get("what", "")).startswith(what)), default=None)


def had_again(kind: str, what: str = "") -> Check:
    """Both accounts had their turn at this since the seat is free; well it was with the later of both."""

    async def check(stage: Stage) -> bool:
        freed = stage.now() - round((stage.clock.monotonic() - (stage.mended or 0.0)) * 1_000_000)
        had = [await earliest(stage, kind, account, freed, what) for account in (ROBIN, WREN)]
        known = [at for at in had if at is not None]
        if len(known) == len(had):
            stage.was_well(max(known))
        return len(known) == len(had)

    return check


# --- 8.4 -------------------------------------------------------------------------------------------------------------


def redesign(variant: str, answers: str) -> Act:
    """The site's pages are made otherwise."""

    async def act(stage: Stage) -> None:
        stage.memory["struck_at"] = stage.now()
        await stage.network.arm("variant", variant=variant, answers=answers)

    return act


async def measured(stage: Stage, since: int) -> int:
    """How many readings of the account in the browser there are since an instant."""
    facts = await stage.facts("measured", limit=100)
    return sum(fact.at > since and fact.account_id == ROBIN for fact in facts)


async def restore(stage: Stage) -> None:
    """The pages are as before."""
    await stage.network.arm("variant", variant="v1", answers="newer")


async def restore_measured(stage: Stage) -> None:
    """The pages are as before; meanwhile posts were to be read in the ways that are left."""
    if not await measured(stage, int(stage.memory["struck_at"])):
        stage.notes.append("no post was read on the changed pages")
    await restore(stage)


async def read_alike(stage: Stage) -> bool:
    """Numbers are read, and nothing says any more that the pages have changed."""
    signs = await stage.sample("bowerbird_page_changed", site="sandbox-web")
    return signs == 0 and await stage.sampled_since() and await measured(stage, int(stage.memory["marked_at"])) > 0


of_a_page = partial(
    Drill, id="8.4", program="seats", root="page:sandbox-web", healthy=read_alike, recover_max_s=60, calm_max_s=240,
    healed_by="its pages are read alike in every way again",
    because="at once is the next page; that a sign is over is seen at the next page that is read in every way, and a "
    "share of readings only over the last 200: a minute of them here",
)  # fmt: skip

turned = partial(Drill, program="crowd", calm_max_s=240, recover_max_s=LATE_S, because=WHY_LATE)
"""Rows of work that has to have its turn at a browser: what it is, and how it is seen, is the row's own affair."""

DRILLS = (
    turned(
        id="8.1", name="8.1 the browsers are busy with posts",
        breaks=f"{BUSY} posts are due at once in each of two accounts that share one browser, and each takes long.",
        root="", break_it=busy(look_soon, "look at a post"), mend_it=disarm,
        healthy=done_meanwhile(first_reading, "read"), by_itself=True,
        healed_by="of each eight seats that it could have, a class that waits gets one", seen_on=(MEASURING,),
    ),
    turned(
        id="8.1", name="8.1 the only browser is held",
        breaks="Whoever looks at a timeline takes the only seat and does not give it back.",
        root="seats", break_it=hold_seat("own_posts"), mend_it=free_seat, healthy=had_again("measured"),
        alert_max_s=LATE_S, healed_by="who held it was cut off, and the next look was due",
    ),
    of_a_page(
        name="8.4 two ways of reading are gone",
        breaks="The site's pages have no test ids any more, and its own API answers nothing.",
        break_it=redesign("v3", "none"), mend_it=restore_measured,
    ),
    of_a_page(
        name="8.4 no way of reading is left",
        breaks="The site's posts are no articles any more, and its own API answers nothing.",
        break_it=redesign("v5", "none"), mend_it=restore,
    ),
)  # fmt: skip
"""8.1 and 8.4."""

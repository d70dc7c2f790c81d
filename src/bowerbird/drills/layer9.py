"""Harvesting: a search that finds nothing because nobody is signed in, and browsers that have no time for it."""

from __future__ import annotations

from bowerbird.core.facts import Fact
from bowerbird.core.post import SECOND_US
from bowerbird.dashboard.nodes import HARVESTING
from bowerbird.drills.acts import disarm, network_heals
from bowerbird.drills.layer5 import LATE, ROBIN, WREN, free_seat, hold_seat, sign_in, sign_out, signed_out
from bowerbird.drills.layer8 import BUSY, LATE_S, TIER_S, busy, done_meanwhile, earliest, had_again, turned
from bowerbird.drills.row import Drill
from bowerbird.drills.stage import Stage

RUN_S = 20.0
"""A search is asked every 10 s here, at the next look of its job, which comes every 3 s, and may wait 5 s for the page
of its account: one run is over within 20 s."""

NEXT_S = 20.0
"""Searches that are due so soon after the blow wait behind its posts, seconds; those of two accounts that share a
browser come up to 17 s apart."""


async def searches(stage: Stage, kind: str, since: int) -> list[Fact]:
    """What became of the searches of the account in the browser since an instant."""
    facts = await stage.facts(kind, limit=50)
    return [
        fact for fact in facts
        if fact.at > since and fact.account_id == ROBIN and str(fact.data.get("what")).startswith("search")
    ]  # fmt: skip


async def believed(stage: Stage) -> bool:
    """Whether a search that found nothing was taken for one that has nothing to find."""
    since = int(stage.memory["struck_at"])
    return any(fact.data.get("found") == 0 for fact in await searches(stage, "harvested", since))


async def sign_out_noted(stage: Stage) -> None:
    """The site forgets the session, and takes the password no longer."""
    stage.memory["struck_at"] = stage.now()
    await sign_out(stage)


async def sign_in_unbelieved(stage: Stage) -> None:
    """A person signs in; meanwhile no empty search was to be believed."""
    if await believed(stage):
        stage.notes.append("a search without a session was taken for one that has nothing to find")
    await sign_in(stage)


async def find_nothing(stage: Stage) -> None:
    """Each search answers 200 and finds nothing, though the pages know us: the next run has to doubt it."""
    stage.memory["struck_at"] = stage.now()
    await stage.network.arm("empty", on="read", account="robin", for_s=600)

    async def doubted() -> bool:
        return bool(await searches(stage, "unharvested", int(stage.memory["struck_at"])))

    if not await stage.until(doubted, within_s=RUN_S):
        stage.notes.append(f"no search was doubted within {RUN_S:g} s, which is one run")
    if await believed(stage):
        stage.notes.append("a search that finds nothing at all was taken for one that has nothing to find")


async def finds(stage: Stage) -> bool:
    """Searches are read again."""
    return bool(await searches(stage, "harvested", int(stage.memory["marked_at"])))


async def search_soon(stage: Stage) -> bool:
    """Whether a search of each account is due within `NEXT_S`: each comes a period after the last."""
    for account in (ROBIN, WREN):
        facts = [fact for fact in await stage.facts("harvested", limit=200) if fact.account_id == account]
        last = max((fact.at for fact in facts if str(fact.data.get("what")).startswith("search")), default=0)
        if not stage.now() < last + TIER_S * SECOND_US < stage.now() + NEXT_S * SECOND_US:
            return False
    return True


async def first_search(stage: Stage, account: str) -> int | None:
    """When the account searched first since the blow."""
    return await earliest(stage, "harvested", account, int(stage.memory["struck_at"]), "search")


DRILLS = (
    turned(
        id="9.1", name="9.1 the browsers are busy with posts",
        breaks=f"{BUSY} posts are due at once in each of two accounts that share one browser, and each takes long.",
        root="", break_it=busy(search_soon, "search"), mend_it=disarm,
        healthy=done_meanwhile(first_search, "searched"), by_itself=True,
        healed_by="of each eight seats that it could have, a class that waits gets one", seen_on=(HARVESTING,),
    ),
    turned(
        id="9.1", name="9.1 the only browser is held",
        breaks="Whoever looks at a timeline takes the only seat and does not give it back.",
        root="seats", break_it=hold_seat("own_posts"), mend_it=free_seat,
        healthy=had_again("harvested", "search"), alert_max_s=LATE_S,
        healed_by="who held it was cut off, and the next search was due",
    ),
    signed_out(
        id="9.3", name="9.3 nobody is signed in", break_it=sign_out_noted, mend_it=sign_in_unbelieved,
        breaks="The site forgets the session and takes the password no longer; its search answers 200 with nothing.",
        recover_max_s=35, because=LATE,
    ),
    Drill(
        id="9.3", name="9.3 search finds nothing at all", program="seats",
        breaks="Each search answers 200 and finds nothing, though the pages know us.",
        root="", break_it=find_nothing, mend_it=network_heals, healthy=finds, recover_max_s=2 * RUN_S, calm_max_s=240,
        healed_by="what is always there is asked for after each search that finds nothing", seen_on=(HARVESTING,),
    ),
)  # fmt: skip
"""9.1 and 9.3."""

"""Measuring: pages that have changed, and browsers that have no time for numbers."""

from __future__ import annotations

from functools import partial

from bowerbird.drills.layer5 import ROBIN
from bowerbird.drills.row import Act, Drill
from bowerbird.drills.stage import Stage


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
)  # fmt: skip

DRILLS = (
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
"""8.4."""

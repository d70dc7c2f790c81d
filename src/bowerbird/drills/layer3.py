"""Content: no model, no disk, no plan."""

from __future__ import annotations

from functools import partial

from bowerbird.drills.acts import arming, disarm
from bowerbird.drills.row import Act, Drill
from bowerbird.drills.stage import Stage

MODEL = "writer:drilled|breaker:writer drilled"


def model_fails(how: str) -> Act:
    """The language model answers this status, hangs, or writes nonsense."""

    async def act(stage: Stage) -> None:
        stage.outside.writer_fault = how

    return act


async def model_heals(stage: Stage) -> None:
    """The language model writes again."""
    stage.outside.writer_fault = ""
    stage.memory["written"] = stage.outside.written


async def model_writes(stage: Stage) -> bool:
    """It was asked again, and its words are used."""
    return stage.outside.written > int(stage.memory.get("written", 0))


async def fill_disk(stage: Stage) -> None:
    """No file of the engine grows any more."""
    stage.breaking.fill_disk()


async def free_disk(stage: Stage) -> None:
    """There is room again."""
    stage.breaking.free_disk()


async def books_well(stage: Stage) -> bool:
    """The books are written, and nothing waits in the spool."""
    waiting = await stage.sample("bowerbird_spool_records")
    return await stage.sampled_since() and not waiting and await stage.heard_s() < 4


async def cover_back(stage: Stage) -> bool:
    """The queue reaches as far as it should."""
    cover = await stage.sample("bowerbird_queue_cover_hours")
    floor = await stage.sample("bowerbird_queue_floor_hours")
    return cover is not None and floor is not None and cover >= floor and await stage.sampled_since()


of_the_model = partial(
    Drill, id="3.1", program="writer",
    root=MODEL, mend_it=model_heals, healthy=model_writes,
    healed_by="the bank fills the slots; the model is asked again by itself", recover_max_s=60, holds_s=15,
)  # fmt: skip
of_the_books = partial(
    Drill, id="3.3", program="writer",
    root="storage|disk|books", healthy=books_well,
    healed_by="what was paid for lay in the spool, and was stored", holds_s=15,
)  # fmt: skip

DRILLS = (
    of_the_model(
        name="3.1 the model answers 500",
        breaks="The language model answers 500 to everything.",
        break_it=model_fails("500"),
    ),
    of_the_model(
        name="3.1 the model hangs",
        breaks="The language model takes the question and never answers.",
        break_it=model_fails("hang"),
    ),
    of_the_books(
        name="3.3 the disk is full",
        breaks="No file of the engine grows any more (RLIMIT_FSIZE), while texts are paid for.",
        break_it=fill_disk, mend_it=free_disk,
    ),
    of_the_books(
        name="3.3 every write fails",
        breaks="Every write to the books raises.",
        break_it=arming(("storage.write", "raise")), mend_it=disarm,
    ),
    Drill(
        id="3.4", name="3.4 the plan does not run",
        breaks="The plan's timer is dropped, and the queue runs dry.",
        root="job:plan|queue:", break_it=arming(("jobs.timer.plan", "drop")), mend_it=disarm, healthy=cover_back,
        healed_by="the plan is run at once", alert_max_s=60,
    ),
)  # fmt: skip
"""3.1, 3.3 and 3.4."""

"""Plots: all that is decided before a world begins. One is drawn from a seed, another tells a single life."""

from __future__ import annotations

from dataclasses import dataclass

from bowerbird.clock import SeededChance
from bowerbird.clock.virtual import START_AT
from bowerbird.core.account import Account, Mode
from bowerbird.core.lifecycle import State
from bowerbird.core.policy import MODE
from bowerbird.core.post import SECOND_US, Payload, Post, expiry
from bowerbird.simulation.cast import DAY_S, Memory, draw_accounts, draw_posts
from bowerbird.simulation.faults import Fate, Schedule, draw_schedule
from bowerbird.simulation.people import Plan, draw_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Who plays, what they want, and what goes wrong.

    Args:
        cast: the accounts, each with what its platform remembers.
        plan: what the person will do; `schedule`: what goes wrong.
        day_s: for how long faults happen, seconds; `workers`: how many processes.
    """

    seed: int
    cast: list[tuple[Account, Memory]]
    posts: list[Post]
    plan: Plan
    schedule: Schedule
    day_s: float = DAY_S
    workers: int = 3
    start_at: int = START_AT


def draw_plot(seed: int) -> Plot:
    """Draw a day of two accounts and three workers, with at least twenty posts due."""
    chance = SeededChance(seed)
    cast = draw_accounts(chance.stream("accounts"))
    posts = [post for account, _ in cast for post in draw_posts(chance, account, start_at=START_AT)]
    plan = draw_plan(chance.stream("plan"), posts, start_at=START_AT)
    schedule = draw_schedule(
        chance.stream("schedule"), start_at=START_AT, day_s=DAY_S, posts=len(posts), accounts=len(cast)
    )
    return Plot(seed=seed, cast=cast, posts=posts, plan=plan, schedule=schedule)


def one_life(memory: Memory, *, fate: Fate | None = None, crash_at: int | None = None, seed: int = 0) -> Plot:
    """Plot the life of one post with two workers, of which one dies at the `crash_at`th point passed.

    Args:
        fate: what happens to the first send.
        crash_at: counted from 1 over both workers; None for nobody dies.
    """
    account = Account(id=f"sandbox-{memory.name}:one", platform=f"sandbox-{memory.name}", handle="one", mode=Mode.AUTO)
    due = START_AT + 60 * SECOND_US
    post = Post(
        id="one-00",
        account_id=account.id,
        key="3mbd3542k2222",
        thread_id="one-00",
        payload=Payload(text="one life"),
        state=State.QUEUED,
        since=START_AT,
        created_at=START_AT,
        due=due,
        expires_at=expiry(due),
        approved_by=f"{MODE}{account.mode}",
    )
    schedule = Schedule(fates={0: fate} if fate else {}, crash_at=crash_at)
    return Plot(seed=seed, cast=[(account, memory)], posts=[post], plan=[], schedule=schedule, day_s=1_800.0, workers=2)

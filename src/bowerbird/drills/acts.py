"""Ways to break and to look that several drills share, each made for one drill by its arguments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bowerbird.clock import SystemChance
from bowerbird.core.books import Batch
from bowerbird.core.errors import BadInput
from bowerbird.core.work import Command
from bowerbird.drills.row import Act, Check
from bowerbird.drills.stage import Stage
from bowerbird.drills.words import sentence


async def nothing(stage: Stage) -> None:
    """Do nothing: it has healed already, or there is nothing to take away."""


def arming(*rows: tuple[str, str]) -> Act:
    """Arm these failpoints: name and action."""

    async def act(stage: Stage) -> None:
        for name, action in rows:
            stage.breaking.arm(name, action)

    return act


async def disarm(stage: Stage) -> None:
    """Take every failpoint away."""
    stage.breaking.disarm()


def network_fails(kind: str, on: str = "any", **more: float) -> Act:
    """Arm a fault of the network, for as long as it is not disarmed."""

    async def act(stage: Stage) -> None:
        await stage.network.arm(kind, on=on, **({"for_s": 600} | more))

    return act


async def network_heals(stage: Stage) -> None:
    """Take every fault of the network away."""
    await stage.network.disarm()


def ran_well(job: str) -> Check:
    """The job has run well since the fault ended, and is not counted as failing any more."""

    async def check(stage: Stage) -> bool:
        failures = await stage.sample("bowerbird_job_failures_in_a_row", job=job)
        overdue = await stage.sample("bowerbird_job_overdue_seconds", job=job)
        return failures == 0 and (overdue or 0) <= 0 and await stage.sampled_since()

    return check


async def begins_when(
    stage: Stage, happened: Callable[[], Awaitable[bool]], *, within_s: float, else_note: str
) -> None:
    """The fault begins when this has happened; if it does not in time, that is held against the program."""
    if not await stage.until(happened, within_s=within_s):
        stage.notes.append(f"{else_note} within {within_s:g} s")
    stage.fault_begins()


async def flowing(stage: Stage) -> bool:
    """Posts go out again, and none waits."""
    return await stage.posts_flow()


async def heard(stage: Stage) -> bool:
    """The engine beats, and posts go out."""
    return await stage.heard_s() < 4.0 and await stage.posts_flow()


async def ask(stage: Stage, verb: str, **args: object) -> str:
    """Press a button, as the dashboard does: a row that the engine executes. Returns the row's id."""
    command = Command(
        id=SystemChance().name("command"), verb=verb, args=dict(args), by="drill", asked_at=stage.clock.now()
    )
    await stage.books.record(Batch(commands=(command,)))
    return command.id


async def say_now(stage: Stage, account_id: str, count: int) -> None:
    """Queue so many own posts that are due now.

    Raises:
        BadInput: the engine did not take one of them within 20 s.
    """
    rng = SystemChance().stream("drill")
    asked = [await ask(stage, "post", account_id=account_id, text=sentence(rng), due="") for _ in range(count)]

    async def answered() -> bool:
        found = [each for each in await stage.books.commands(limit=count + 20) if each.id in asked]
        if refused := [each.answer for each in found if each.ok is False]:
            raise BadInput(f"the engine refused a post of the drill: {refused[0]}")
        return all(each.done_at is not None for each in found)

    if not await stage.until(answered, within_s=20):
        raise BadInput("the engine did not take the posts of the drill within 20 s")

"""A simulated year's world as a replay: the troubles, what the engine wrote about them, and who was told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bowerbird.clock.virtual import START_AT
from bowerbird.core.facts import Fact
from bowerbird.core.post import SECOND_US
from bowerbird.core.replay import NAME_MAX, Mark, Replay, Step, bounded
from bowerbird.core.story import told
from bowerbird.simulation.years.plots import YEAR_S, draw_plot
from bowerbird.simulation.years.story import QUIET
from bowerbird.simulation.years.troubles import TROUBLES, Trouble
from bowerbird.simulation.years.verdict import judge
from bowerbird.simulation.years.world import World, run_plot

LANES = {
    "books_busy": "books", "books_full": "books", "writer_down": "writer", "browser_down": "browser",
    "channel_down": "phone",
    **dict.fromkeys(("job_raises", "job_hangs", "timer_dropped", "monitor_dies", "crash", "frozen", "suspended",
                     "wall_steps"), "engine"),
}  # fmt: skip
"""On which lane a trouble stands; those of the platform stand on that of the account that they hit."""


def kept(seed: int, years: float, seeds: int, *, made_at: int) -> Replay:
    """Live the world that this seed has among so many, and return it as a replay; made_at: now, microseconds."""
    command = f"bowerbird simulate --years {years:g} --seeds {seeds} --seed {seed} --story"
    return replay_of(run_plot(draw_plot(seed, day_s=years * YEAR_S / seeds)), command=command, made_at=made_at)


def replay_of(world: World, *, command: str, made_at: int) -> Replay:
    """Tell a world that has ended as a replay."""
    steps, left_out = bounded([*_troubles(world), *_facts(world), *_messages(world)])
    return Replay(
        seed=world.plot.seed, command=command, made_at=made_at, steps=steps, left_out=left_out,
        lasts_s=max([world.clock.boottime(), *(step.at_s for step in steps)]),
        lanes=_lanes(world, steps), broken=tuple(f"{v.rule}: {v.subject} {v.sentence}" for v in judge(world)),
        ends=dict(Counter(str(post.state) for post in world.shelf.by_id.values())),
    )  # fmt: skip


def _lanes(world: World, steps: tuple[Step, ...]) -> tuple[str, ...]:
    used = {step.lane for step in steps}
    first, last = ["engine", *world.accounts], ["books", "writer", "browser", "phone", "mail"]
    rest = sorted(used - {*first, *last})
    return tuple(lane for lane in [*first, *rest, *last] if lane in used)


def _troubles(world: World) -> Iterator[Step]:
    accounts = list(world.accounts)
    for trouble in world.plot.troubles:
        lane = LANES.get(trouble.kind) or accounts[trouble.account % len(accounts)]
        says = TROUBLES[trouble.kind].says
        yield Step(at_s=trouble.start_s, lane=lane, mark=_mark(trouble), words=says, lasts_s=trouble.lasts_s)


def _mark(trouble: Trouble) -> Mark:
    return {"crash": Mark.CRASH, "frozen": Mark.FREEZE, "suspended": Mark.FREEZE}.get(trouble.kind, Mark.FAULT)


def _facts(world: World) -> Iterator[Step]:
    for fact in world.books.facts:
        if fact.kind not in QUIET:
            yield _told(fact)


def _told(fact: Fact) -> Step:
    at_s = max(0.0, (fact.at - START_AT) / SECOND_US)
    why = str(fact.data.get("why") or fact.data.get("title") or "")
    sentence = told(fact).sentence
    words = f"{sentence} {why}" if why and why not in sentence else sentence
    mark = Mark.START if fact.kind == "started" else Mark.FACT
    lane = "engine" if fact.by.startswith("worker-") else fact.by[:NAME_MAX]
    return Step(at_s=at_s, lane=lane, mark=mark, words=words, post=fact.post_id)


def _messages(world: World) -> Iterator[Step]:
    for message in world.messages:
        words = f"{message.delivery.told}: {message.delivery.title}"
        yield Step(at_s=message.at_s, lane=message.channel, mark=Mark.MESSAGE, words=words)

"""The story of a simulated year's world as text: troubles, facts, messages, and what the judge says."""

from __future__ import annotations

from collections.abc import Iterator

from bowerbird.clock.virtual import START_AT
from bowerbird.core.post import SECOND_US
from bowerbird.simulation.years.plots import YEAR_S, draw_plot
from bowerbird.simulation.years.verdict import judge
from bowerbird.simulation.years.world import World, run_plot


def story(seed: int, years: float) -> str:
    """Run the world of this seed, so long, and tell it."""
    return tell(run_plot(draw_plot(seed, day_s=years * YEAR_S)))


QUIET = frozenset({"measured", "learned", "advised", "wrote", "gated", "planned", "approved", "frozen", "covered"})
"""Facts that tell nothing about trouble."""


def tell(world: World) -> str:
    """Tell a world that has ended, a line per thing that happened, in the order of time."""
    lines = sorted([*_troubles(world), *_facts(world), *_messages(world)])
    told = [f"{_when(at)} {what}" for at, what in lines]
    verdict = [f"VIOLATION {v.rule}: {v.subject} {v.sentence}" for v in judge(world)]
    return "\n".join([f"world {world.plot.seed}", *told, *verdict, f"the end: {len(verdict)} violations"]) + "\n"


def _when(at_s: float) -> str:
    days, left = divmod(at_s, 86_400)
    return f"+{days:.0f}d {left // 3_600:02.0f}:{left // 60 % 60:02.0f}:{left % 60:04.1f}"


def _troubles(world: World) -> Iterator[tuple[float, str]]:
    for trouble in world.plot.troubles:
        yield trouble.start_s, f"TROUBLE {trouble.kind} for {trouble.lasts_s:.0f} s, account {trouble.account}"


def _facts(world: World) -> Iterator[tuple[float, str]]:
    for fact in world.books.facts:
        if fact.kind not in QUIET:
            words = " ".join(f"{name}={value}" for name, value in fact.data.items() if value not in ("", None))
            yield (fact.at - START_AT) / SECOND_US, f"{fact.by:12} {fact.kind} {fact.account_id} {words}".rstrip()


def _messages(world: World) -> Iterator[tuple[float, str]]:
    for message in world.messages:
        yield message.at_s, f"{message.channel:12} {message.delivery.told}: {message.delivery.title}"

"""Who plays in a simulated year, and what will go wrong: all that is decided before a world begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bowerbird.clock import SeededChance
from bowerbird.clock.virtual import START_AT
from bowerbird.core.account import Account, Mode
from bowerbird.simulation.cast import KEYED_FOR_EVER, KEYLESS, Memory
from bowerbird.simulation.years.scenes import SCENES, play
from bowerbird.simulation.years.troubles import Trouble, deal, draw

HOSTS = {"sandbox": "http://net.example", "sandbox-web": "http://web.example"}
SLOTS = ("06:30", "09:00", "11:30", "14:00", "16:30", "19:00", "21:30")
"""When posts are due, every day."""
DUE_S = tuple(int(slot[:2]) * 3_600.0 + int(slot[3:]) * 60.0 for slot in SLOTS)
"""The same in seconds of the day."""
YEAR_S = 365 * 86_400.0
CALM_DOWN_S = 4 * 3_600.0
"""How long a world has to calm down, seconds."""
TROUBLES_PER_DAY = 1.3
"""How many troubles a simulated day has on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """All that is decided before a world begins.

    Args:
        day_s: for how long troubles come, all days together, seconds.
        calm_s: within so long after the last of them everything has to be well, seconds.
    """

    seed: int
    troubles: tuple[Trouble, ...]
    day_s: float
    calm_s: float = CALM_DOWN_S


def cast_of() -> Iterator[tuple[Account, Memory]]:
    """Two accounts that are asked directly, and one that is driven through a browser."""
    for n, (platform, handle, memory) in enumerate(
        (("sandbox", "wren", KEYLESS), ("sandbox", "robin", KEYED_FOR_EVER), ("sandbox-web", "finch", KEYLESS))
    ):
        yield (
            Account(
                id=f"{platform}:{handle}", platform=platform, handle=handle, url=HOSTS[platform],
                rehearsal=True, mode=Mode.AUTO,
                slots=SLOTS if n else SLOTS[::2], cover_h=24.0, created_at=START_AT, labelled=True, operator="somebody",
                other_driver="sandbox" if platform.endswith("-web") else "",
            ),
            memory,
        )  # fmt: skip


def draw_plot(seed: int, *, day_s: float, number: int | None = None) -> Plot:
    """Draw the troubles of a seed, and its scene.

    Args:
        day_s: how long, all days together, seconds. number: how many troubles besides the scene; None: as many as so
            many days have on average.
    """
    number = max(1, round(day_s / 86_400 * TROUBLES_PER_DAY)) if number is None else number
    chance, scenes = SeededChance(seed), [*SCENES]
    kinds = deal(first=seed * number, number=number)
    drawn = draw(chance.stream("troubles"), kinds=kinds, day_s=day_s, accounts=3, hurts_s=DUE_S)
    scene = play(scenes[seed % len(scenes)], chance.stream("scene"), day_s=day_s, dues_s=DUE_S[::2])
    return Plot(seed=seed, troubles=tuple(sorted(drawn + scene)), day_s=day_s)

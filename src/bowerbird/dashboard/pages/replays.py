"""The simulated worlds that were kept: each with its verdict, and those whose file cannot be read with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bowerbird.core.health import Light
from bowerbird.core.ports import Clock
from bowerbird.core.story import count
from bowerbird.dashboard.asked import Asked, Books, Kept

ROWS = 50
"""Replays on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One replay: its light, the verdict in a word and in a sentence, and whether it can be opened."""

    name: str
    at: int
    light: Light
    word: str
    sentence: str
    opens: bool


async def read(books: Books, clock: Clock, asked: Asked) -> dict[str, Any]:
    """Every replay, the newest first."""
    return {"now": clock.now(), "rows": [row(kept) for kept in (await asked.replays.listed())[:ROWS]]}


def row(kept: Kept) -> Row:
    """Put a replay into words."""
    if kept.replay is None:
        return Row(name=kept.name, at=kept.at, light=Light.GREY, word="not readable",
                   sentence=f"The file is not shown: {kept.problem}.", opens=False)  # fmt: skip
    broken = len(kept.replay.broken)
    light, word = (Light.RED, "broken") if broken else (Light.GREEN, "held")
    ends = ", ".join(f"{n:,} {state}" for state, n in kept.replay.ends.items())
    verdict = f"{count(broken, 'promise')} broken" if broken else "Every promise held"
    sentence = f"{verdict}. Posts at the end: {ends or 'none'}."
    return Row(name=kept.name, at=kept.at, light=light, word=word, sentence=sentence, opens=True)

"""Who writes in a simulated year: a provider that is not always there, and a bank of plain claims."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence

from bowerbird.core.errors import WriterError
from bowerbird.core.ports import Brief, Clock, Draft
from bowerbird.core.post import Choice
from bowerbird.writers.claims import Bank, parse_bank

CELLS = tuple(
    Choice(topic=topic, angle=angle, tone="plain", format="claim-first")
    for topic in ("asyncio", "typing", "files")
    for angle in ("worth-knowing", "avoids-a-bug")
)
"""What a post may be like: a few cells, so that there is something to learn."""
WORDS = """
    small calm tidy plain brave quick honest loops tasks files names types tests bytes save time keep order avoid bugs
    stay readable explain errors on monday in loops at night while you for teams by default with care at once
""".split()  # noqa: SIM905 - fifty words are easier to read without quotes
CLAIMS = 200
"""Claims in the bank: enough for weeks without the provider."""
CALL_S = 1.0
"""How long the provider takes, seconds."""


class Provider:
    """A writer who has something new to say each time, when it is there.

    Args:
        down: asked at each call whether it is not.
    """

    name = "provider"

    def __init__(self, clock: Clock, down: Callable[[], bool]) -> None:
        self._clock, self._down = clock, down
        self._said = 0

    def cells(self) -> Sequence[Choice]:
        """What it can write."""
        return CELLS

    def reserve(self, said: Collection[str]) -> int:
        """Nothing without being asked."""
        return 0

    async def draft(self, brief: Brief) -> list[Draft]:
        """Say something, or fail."""
        await self._clock.sleep(CALL_S)
        if self._down():
            raise WriterError("the provider does not answer")
        self._said += 1
        wants = brief.wants if brief.wants.topic else CELLS[self._said % len(CELLS)]
        words = " ".join(WORDS[self._said // 7**n % 7 + 7 * n] for n in range(5))
        text = f"On {wants.topic}: {words}, said as number {self._said}."
        choice = Choice(
            topic=wants.topic, angle=wants.angle, tone="plain", format="claim-first", writer=self.name,
            claim_id=f"claim-{self._said}", evidence="https://docs.python.org/3/",
        )  # fmt: skip
        return [Draft(texts=(text,), choice=choice, cost=0.001)]


@functools.cache
def the_bank() -> Bank:
    """Plain claims, read once in a process."""
    rows = (f"- The year has many days, and day {n} is one of the {WORDS[n % 35]} ones." for n in range(CLAIMS))
    return parse_bank("\n".join(rows).encode(), form=".md", name="days")

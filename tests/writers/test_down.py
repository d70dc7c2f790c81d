"""A provider that is down, from its first failed call to the one message on the owner's phone."""

from __future__ import annotations

import httpx
import pytest

from bowerbird.clock import SeededChance
from bowerbird.core.errors import WriterError
from bowerbird.core.incident import Told
from bowerbird.core.ports import Brief
from bowerbird.core.post import Choice
from bowerbird.writers.ladder import Ladder
from bowerbird.writers.providers import Provider, ProviderWriter
from tests.alerts.room import Room
from tests.writers.speaker import Speaker, breakers_of, completion, http, posts

BRIEF = Brief(id="b", account_id="sandbox:wren", wants=Choice(topic="birds"), text_max=280)
DOWN = "The writer model does not answer"


@pytest.mark.proves("3.1", "3.G2")
@pytest.mark.parametrize("slots", [1, 2, 5])
@pytest.mark.parametrize("greeting", [200, 500])
async def test_a_provider_that_is_down_is_told_once(slots: int, greeting: int) -> None:
    """However many posts a plan asks for, and whether its probe lies or not: one OPENED, one RESOLVED.

    The breaker opens and closes meanwhile, and is never told by itself.
    """
    room = Room()
    async with Speaker(http(500, b"")) as speaker, httpx.AsyncClient(trust_env=False) as client:
        speaker.greeting = http(greeting, b"")
        provider, breakers = Provider(name="model", url=speaker.url, model="m"), breakers_of(room.books, room.clock)
        writer = ProviderWriter(
            provider, client=client, ledger=room.books, clock=room.clock, chance=SeededChance(1), breakers=breakers
        )
        ladder = Ladder([writer], {"model": writer.breaker})
        for _ in range(6):
            await plan(ladder, slots)
            for second in range(60):
                await room.round(*ladder.samples(), *breakers.samples())
                if second % 20 == 10:
                    await writer.breaker.probe_once()
        assert room.ear.told() == [DOWN]
        speaker.greeting = http(200, b"")
        speaker.answers = [completion(posts("back"))]
        await writer.breaker.probe_once()
        await plan(ladder, 1)
        await room.rounds(90, *ladder.samples(), *breakers.samples())
    assert [(row.told, row.channel) for row in room.ear.heard] == [(Told.OPENED, "phone"), (Told.RESOLVED, "phone")]
    assert len(speaker.asked) < 12


async def plan(ladder: Ladder, slots: int) -> None:
    """Ask for so many posts, as a plan does."""
    for _ in range(slots):
        try:
            await ladder.draft(BRIEF)
        except WriterError:
            continue

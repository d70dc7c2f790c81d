"""Words that were paid for: whatever happens to the books in the meantime, they are bought once and become a post."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bowerbird.clock import SeededChance, SystemClock
from bowerbird.core.books import Batch
from bowerbird.core.errors import StorageFull
from bowerbird.core.ports import Brief
from bowerbird.core.post import Choice
from bowerbird.planning.planner import Planner
from bowerbird.resilience import failpoints
from bowerbird.resilience.failpoints import Failpoints
from bowerbird.storage.spooled import SpooledStorage
from bowerbird.writers.providers import Provider, ProviderWriter
from tests.planning.room import WREN, measure
from tests.storage.test_spooled import opened
from tests.writers.speaker import Speaker, breakers_of, completion, posts

MODEL = Provider(name="model", url="http://127.0.0.1:9/v1", model="m", price_in=1.0, price_out=2.0)
TEXT = "Use a deque where both ends move; a list pays for every step at its front."


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the real transport; the books work again when the test is over."""
    monkeypatch.setattr(failpoints, "armed", None)
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


def _planner(books: SpooledStorage, url: str, client: httpx.AsyncClient) -> Planner:
    """A planner whose writer is a provider, as a process has it."""
    clock, chance = SystemClock(), SeededChance(1)
    writer = ProviderWriter(
        replace(MODEL, url=url), client=client, ledger=books, clock=clock, chance=chance,
        breakers=breakers_of(books, clock),
    )  # fmt: skip
    return Planner(books, {WREN.id: measure()}, writer, clock, chance, slots_max=1)


@pytest.mark.proves("3.3")
async def test_books_that_break_during_the_call_cost_nothing(tmp_path: Path, client: httpx.AsyncClient) -> None:
    """The answer comes, the books are shut: it is spooled, and when they open it becomes a post, bought once."""

    def breaking() -> bytes:
        failpoints.armed = Failpoints("storage.write=raise")
        return completion(posts(TEXT))

    books = await opened(tmp_path)
    await books.record(Batch(accounts=(WREN,)))
    async with Speaker(breaking) as speaker:
        planner = _planner(books, speaker.url, client)
        with pytest.raises(StorageFull):
            await planner.plan_once()
        failpoints.armed = None
        assert await books.posts() == []
        await planner.plan_once()
    assert len(speaker.asked) == 1
    assert [post.payload.text for post in await books.posts()] == [TEXT]
    assert await books.unused_words(WREN.id) == []
    (used,) = await books.used([MODEL.quota(0)], now=SystemClock().now())
    assert used.used == pytest.approx(200e-6)
    await books.close()


@pytest.mark.proves("3.3")
async def test_a_process_that_dies_with_the_answer_in_hand_costs_nothing(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    """The answer was kept and the process died before a post was made of it: the next one asks nobody."""
    books = await opened(tmp_path)
    await books.record(Batch(accounts=(WREN,)))
    async with Speaker(completion(posts(TEXT))) as speaker:
        brief = Brief(id="b", account_id=WREN.id, wants=Choice(topic="lists"), text_max=300)
        await _planner(books, speaker.url, client).writer.draft(brief)
    await books.close()
    again = await opened(tmp_path)
    await _planner(again, MODEL.url, client).plan_once()
    (post,) = await again.posts()
    assert (post.payload.text, post.choice.topic, post.choice.writer) == (TEXT, "lists", "model")
    assert await again.unused_words(WREN.id) == []
    await again.close()

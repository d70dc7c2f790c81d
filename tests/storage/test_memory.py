"""The memory engine's own ways: it yields, it goes dead, and it can be given trouble."""

import asyncio
import time

import pytest

from bowerbird.core.errors import StorageError, StorageFull
from bowerbird.core.lifecycle import Event
from bowerbird.storage.memory import MemoryBooks, MemoryStorage
from tests.contracts.books import NOW, WREN, a_fact, a_post, claim, shelve, step, write


async def test_every_verb_lets_others_in_before_and_after() -> None:
    """Two tasks that read and write in turn interleave: neither runs to its end in one go."""
    books = MemoryBooks()
    order: list[str] = []

    async def writer(name: str) -> None:
        handle = MemoryStorage(books)
        for n in range(2):
            await write(handle, facts=(a_fact(),))
            order.append(f"{name}{n}")

    await asyncio.gather(writer("a"), writer("b"))
    assert order == ["a0", "b0", "a1", "b1"]


async def test_a_dead_handle_never_answers_and_changes_nothing() -> None:
    """After a crash no verb has an effect; a new handle finds what was committed."""
    books = MemoryBooks()
    crashed = MemoryStorage(books)
    await write(crashed, facts=(a_fact(),))
    crashed.die()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await write(crashed, facts=(a_fact(),))
    assert len(await MemoryStorage(books).facts()) == 1


async def test_a_handle_that_dies_after_its_effect_does_not_say_so() -> None:
    """The crash between commit and answer: the books have it, the worker never learns."""
    books = MemoryBooks()
    crashed = MemoryStorage(books)
    books.trouble = lambda _verb: crashed.die()
    task = asyncio.create_task(write(crashed, facts=(a_fact(),)))
    await asyncio.sleep(0.01)
    assert not task.done()
    task.cancel()
    books.trouble = None
    assert len(await MemoryStorage(books).facts()) == 1


async def test_trouble_is_raised_before_anything_happens() -> None:
    """A fault of the simulation names the verb and leaves the books alone."""
    books = MemoryBooks()
    seen: list[str] = []

    def trouble(verb: str) -> None:
        seen.append(verb)
        raise StorageFull("the disk is full")

    books.trouble = trouble
    with pytest.raises(StorageFull):
        await write(MemoryStorage(books), facts=(a_fact(),))
    assert seen == ["record"]
    books.trouble = None
    assert await MemoryStorage(books).facts() == []


async def test_a_closed_handle_says_so() -> None:
    """Closing one handle leaves the others open."""
    books = MemoryBooks()
    handle = MemoryStorage(books)
    await handle.close()
    with pytest.raises(StorageError, match="closed"):
        await handle.facts()
    assert await MemoryStorage(books).facts() == []


async def test_memory_is_fast_enough_for_a_simulation() -> None:
    """Claim and record among five thousand published posts: at least a thousand rounds per CPU second."""
    books = MemoryStorage()
    for n in range(5000):
        books.books.shelf.put(a_post(f"old{n}", due=NOW - n - 1).after(Event.WITHDRAWN, now=NOW))
    await shelve(books, *(a_post(f"p{n}") for n in range(300)))
    started = time.process_time()
    for _ in range(300):
        await step(books, await claim(books), Event.CONFIRMED)
        await books.due_accounts(now=NOW)
        await books.said(WREN, limit=50)
    assert 300 / (time.process_time() - started) > 1000

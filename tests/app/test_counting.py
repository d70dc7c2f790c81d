"""Counts that are drawn from facts."""

import pytest

from bowerbird.app.counting import Counting, funnel
from bowerbird.core.books import Batch
from bowerbird.core.facts import Fact
from bowerbird.storage.memory import MemoryStorage

A = "sandbox:wren"


def wrote(kept: int = 1, spare: int = 2, gated: int = 1, dollars: float | None = 0.01) -> Fact:
    """A writer was asked."""
    data = {"writer": "model", "candidates": kept + spare + gated, "kept": kept, "spare": spare, "dollars": dollars}
    return Fact(kind="wrote", at=1, by="planning", account_id=A, data=data)


def gated(code: str = "too long") -> Fact:
    """A candidate was turned away."""
    return Fact(kind="gated", at=1, by="planning", account_id=A, data={"code": code})


async def counted(counting: Counting) -> dict[str, float]:
    """Every count by its metric and the values of its labels."""
    return {":".join([s.name, *s.labels.values()]): s.value for s in await counting.samples()}


@pytest.mark.proves("3.G1")
async def test_the_funnel_adds_up_to_what_came_in() -> None:
    """Kept, spare and turned away are all the candidates there were, each reason by itself."""
    books = MemoryStorage()
    counting = Counting(books)
    await counting.samples()
    await books.record(Batch(facts=(gated(), gated("said before"), wrote(gated=2))))
    found = {name: n for name, n in (await counted(counting)).items() if name.startswith("bowerbird_candidates_total")}
    assert sum(found.values()) == 5
    assert found[f"bowerbird_candidates_total:{A}:gated:said before"] == 1


async def test_each_fact_is_counted_once_and_the_past_not_at_all() -> None:
    """What happened before this process began was counted by the one before it."""
    books = MemoryStorage()
    await books.record(Batch(facts=(wrote(),)))
    counting = Counting(books)
    assert await counted(counting) == {}
    await books.record(Batch(facts=(wrote(dollars=None), wrote(dollars=0.5))))
    for _ in range(2):
        found = await counted(counting)
    assert found["bowerbird_writer_dollars_total:model"] == 0.5
    assert found[f"bowerbird_candidates_total:{A}:kept:"] == 2


@pytest.mark.proves("8.G1", "9.G1")
async def test_looks_and_searches_are_counted_by_how_they_ended() -> None:
    """A look that failed is counted as failed; it is not a look that saw nothing."""
    books = MemoryStorage()
    counting = Counting(books)
    await counting.samples()
    kinds = ("measured", "unmeasured", "harvested", "unharvested", "duplicate_seen")
    await books.record(Batch(facts=tuple(Fact(kind=kind, at=1, by="t", account_id=A) for kind in kinds)))
    found = await counted(counting)
    assert found[f"bowerbird_readings_total:{A}:failed"] == found[f"bowerbird_harvest_total:{A}:read"] == 1
    assert found[f"bowerbird_duplicates_total:{A}"] == 1


async def test_who_is_not_answered_is_no_candidate() -> None:
    """The harvester passes over a conversation with the same word, and no code of the gate: nothing is counted."""
    passed_over = Fact(kind="gated", at=1, by="harvesting", account_id="sandbox:wren", data={"reason": "reply"})
    assert funnel(passed_over) == []

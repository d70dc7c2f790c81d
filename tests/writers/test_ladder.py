"""A writer made of writers."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from bowerbird.clock import VirtualClock
from bowerbird.core.errors import WriterBusy, WriterError, WriterSpent
from bowerbird.core.ports import Brief, Draft
from bowerbird.core.post import Choice
from bowerbird.storage.memory import MemoryStorage
from bowerbird.writers.ladder import Ladder
from tests.writers.speaker import breakers_of

BRIEF = Brief(id="b", account_id="sandbox:wren", wants=Choice(), text_max=280)


@dataclass
class Rung:
    """A writer with one answer: texts, or an error."""

    name: str
    answer: tuple[str, ...] | WriterError = ()
    topics: tuple[str, ...] = ()
    asked: list[Brief] = field(default_factory=list)

    def cells(self) -> list[Choice]:
        """Its topics as cells."""
        return [Choice(topic=topic) for topic in self.topics]

    def reserve(self, said: Collection[str]) -> int:
        """It has to be asked."""
        return 0

    async def draft(self, brief: Brief) -> list[Draft]:
        """Give the answer."""
        self.asked.append(brief)
        if isinstance(self.answer, WriterError):
            raise self.answer
        return [Draft(texts=(text,), choice=Choice(writer=self.name)) for text in self.answer]


async def test_the_first_that_can_write_does() -> None:
    """When the top rung writes nobody else is asked, and nobody fell back."""
    top, bank = Rung("openai", ("hello",)), Rung("bank", ("evergreen",))
    drafts = await Ladder([top, bank]).draft(BRIEF)
    assert [(draft.texts, draft.fell_back) for draft in drafts] == [(("hello",), ())]
    assert bank.asked == []


@pytest.mark.proves("3.1")
async def test_the_bank_takes_over_and_says_for_whom() -> None:
    """Two providers fail, the bank writes, and the draft tells both reasons."""
    rungs = [Rung("a", WriterError("a: out of order")), Rung("b", WriterSpent("b: spent")), Rung("bank", ("x",))]
    (draft,) = await Ladder(rungs).draft(BRIEF)
    assert draft.choice.writer == "bank"
    assert draft.fell_back == ("a: out of order", "b: spent")


async def test_nothing_to_say_is_no_error() -> None:
    """A bank that has run dry below a broken provider gives an empty list."""
    assert await Ladder([Rung("a", WriterError("a: no")), Rung("bank")]).draft(BRIEF) == []


async def test_when_all_fail_the_earliest_wait_is_told() -> None:
    """Waiting is worth it if anybody asked to wait; the sentence names all."""
    rungs = [Rung("a", WriterBusy("a: wait", retry_at=9)), Rung("b", WriterBusy("b: wait", retry_at=5))]
    with pytest.raises(WriterBusy, match="a: wait; b: wait") as caught:
        await Ladder(rungs).draft(BRIEF)
    assert caught.value.retry_at == 5
    with pytest.raises(WriterError, match="c: broken"):
        await Ladder([Rung("c", WriterError("c: broken"))]).draft(BRIEF)


def test_its_cells_are_those_of_the_rungs_below() -> None:
    """A provider writes on anything, so the bank's topics are asked of both, each once."""
    ladder = Ladder([Rung("openai"), Rung("bank", topics=("asyncio", "re")), Rung("b2", topics=("re",))])
    assert [cell.topic for cell in ladder.cells()] == ["asyncio", "re"]
    assert ladder.name == "openai"


def test_a_ladder_needs_a_rung() -> None:
    """An empty ladder is a mistake in the composition."""
    with pytest.raises(ValueError, match="rung"):
        Ladder([])


@pytest.mark.proves("3.1", "3.G2")
async def test_failures_in_a_row_are_counted_by_writer_until_it_writes_again() -> None:
    """What the alert is about: the bank fills the slot, and somebody is told that the model does not answer."""
    top = Rung("model", WriterError("model: out of order"))
    ladder = Ladder([top, Rung("bank", ("x",))])
    told: list[tuple[float, float]] = []
    for _ in range(3):
        await ladder.draft(BRIEF)
        told.append(told_of(ladder))
    top.answer = ("back",)
    await ladder.draft(BRIEF)
    assert [*told, told_of(ladder)] == [(1, True), (2, True), (3, False), (0, True)]


async def test_a_writer_whose_breaker_opened_is_down_until_it_writes() -> None:
    """Its probe alone does not prove it: a free question may be answered where no words are written."""
    top = Rung("model", WriterError("model: hangs"))
    breaker = breakers_of(MemoryStorage(), VirtualClock()).add("writer model", asyncio.Event().wait)
    ladder = Ladder([top, Rung("bank", ("x",))], {"model": breaker})
    breaker.open("it hangs", by="ann")
    assert told_of(ladder) == (0, False)
    await ladder.draft(BRIEF)
    breaker.close("it answers a probe", by="ann")
    assert told_of(ladder) == (1, False)
    top.answer = ("back",)
    await ladder.draft(BRIEF)
    assert told_of(ladder) == (0, True)


def told_of(ladder: Ladder) -> tuple[float, float]:
    """The model's failures, and whether it is up."""
    found = {s.name: s.value for s in ladder.samples() if s.labels["writer"] == "model"}
    return found["bowerbird_writer_failures_in_a_row"], found["bowerbird_writer_up"]

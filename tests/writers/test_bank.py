"""The claim bank as a writer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bowerbird.clock import SeededChance
from bowerbird.core.ports import Brief
from bowerbird.core.post import Choice
from bowerbird.core.text import graphemes
from bowerbird.writers.bank import BankWriter
from bowerbird.writers.claims import Bank, Claim, bundled_bank
from bowerbird.writers.wording import write

GATHER = Claim(
    id="gather", topic="asyncio", text="gather() keeps the order in which you asked.",
    code="from asyncio import gather", link="https://docs.python.org/3/", tags=("Python",), angles=("surprise",),
)  # fmt: skip
PATHS = Claim(id="paths", topic="pathlib", text="A path joins with a slash.", angles=("save-time",))
CACHE = Claim(id="cache", topic="functools", text="It remembers.", code="from functools import cache")
BRIEF = Brief(id="b", account_id="sandbox:wren", wants=Choice(), text_max=300)


@pytest.fixture(scope="module")
def tips() -> BankWriter:
    """A writer over the bundled bank."""
    return BankWriter(bundled_bank(), chance=SeededChance(1))


@pytest.fixture
def writer() -> BankWriter:
    """A writer over three claims."""
    return BankWriter(Bank((GATHER, PATHS, CACHE)), chance=SeededChance(1))


async def test_it_fills_the_wanted_cell_with_the_true_words(writer: BankWriter) -> None:
    """The first candidate is in the wanted cell, and its text is exactly what its choice stands for."""
    wants = Choice(topic="asyncio", angle="surprise", tone="warm", format="claim-first", slot="09:30")
    first, *others = await writer.draft(replace(BRIEF, wants=wants))
    assert replace(first.choice, hook="", claim_id="", writer="person", evidence="") == wants
    assert first.choice.writer == "bank"
    assert first.texts == write(GATHER, first.choice)
    assert len({draft.choice.hook for draft in [first, *others]}) == len(others) + 1 > 1
    assert first.cost == 0


async def test_what_was_said_lately_is_left_out(writer: BankWriter) -> None:
    """An avoided claim is not said, its topic's place is taken by another, and when all are avoided it is silent."""
    wants = Choice(topic="asyncio")
    drafts = await writer.draft(replace(BRIEF, wants=wants, avoid_claims=frozenset({"gather"})))
    assert {draft.choice.claim_id for draft in drafts} == {"paths", "cache"}
    assert await writer.draft(replace(BRIEF, avoid_claims=frozenset({"gather", "paths", "cache"}))) == []


async def test_every_candidate_fits(writer: BankWriter) -> None:
    """Both limits of the brief are kept by every part of every candidate."""
    drafts = await writer.draft(replace(BRIEF, text_max=80, bytes_max=70))
    assert drafts
    assert all(len(graphemes(t)) <= 80 and len(t.encode()) <= 70 for draft in drafts for t in draft.texts)


def test_its_cells_are_those_that_some_claim_fills(writer: BankWriter) -> None:
    """Each cell once, with a topic, an angle, a tone and a format, and nothing else."""
    cells = writer.cells()
    assert len(set(cells)) == len(cells) > 20
    assert all(replace(c, topic="", angle="", tone="", format="") == Choice(writer="") for c in cells)
    assert {cell.topic for cell in cells} == {"asyncio", "pathlib", "functools"}


@pytest.mark.parametrize(
    ("question", "claim"),
    [("Is pathlib fast?", "paths"), ("how do I CACHE a call?", "cache"), ("@wren.example.com asyncio?", "gather")],
)
async def test_a_question_is_answered_by_a_claim_it_names(writer: BankWriter, question: str, claim: str) -> None:
    """The topic or a name in the code is enough; the answer is one text without link and hashtag."""
    first = (await writer.draft(replace(BRIEF, reply_to=question)))[0]
    assert first.choice.claim_id == claim
    assert len(first.texts) == 1
    assert "http" not in first.texts[0]
    assert "#" not in first.texts[0]


async def test_a_question_about_something_else_is_not_answered(writer: BankWriter) -> None:
    """Silence is better than an answer to another question."""
    assert await writer.draft(replace(BRIEF, reply_to="Where is a good lunch?")) == []


@pytest.mark.parametrize(
    "question",
    [
        "How does it compare with doing it by hand?",
        "Does this also work in older versions?",
        "Is this fast enough for a million rows?",
        "How would you explain f-strings to a beginner?",
        "I have used Python for years and never saw this.",
        "What is the first thing to get right next time?",
    ],
)
async def test_everyday_words_are_no_names(tips: BankWriter, question: str) -> None:
    """The bundled bank knows nothing about these, though their words occur in its code."""
    assert await tips.draft(replace(BRIEF, reply_to=question)) == []


@pytest.mark.parametrize(("question", "name"), [("any tip on heapq?", "heapq"), ("what does count() do?", "count(")])
async def test_a_name_is_known_by_what_the_code_uses(tips: BankWriter, question: str, name: str) -> None:
    """What is imported or called counts; an everyday word counts where it is written as code."""
    drafts = await tips.draft(replace(BRIEF, reply_to=question))
    assert drafts
    assert all(name in draft.texts[0] for draft in drafts)


async def test_answers_do_not_all_begin_alike(tips: BankWriter) -> None:
    """Somebody who reads ten answers does not read one opening."""
    hooks = {draft.choice.hook for _ in range(5) for draft in await tips.draft(replace(BRIEF, reply_to="heapq?"))}
    assert len(hooks) >= 4


async def test_the_same_seed_writes_the_same_posts() -> None:
    """Two writers with one seed agree, word for word."""
    one, two = (BankWriter(Bank((GATHER, PATHS, CACHE)), chance=SeededChance(7)) for _ in range(2))
    assert [await one.draft(BRIEF) for _ in range(3)] == [await two.draft(BRIEF) for _ in range(3)]


async def test_a_claim_that_fills_the_cell_is_preferred_to_one_on_the_topic(writer: BankWriter) -> None:
    """Only one of two claims on a topic avoids a bug, and it is the one that is written."""
    trap = replace(PATHS, id="trap", text="An absolute part drops what came before.", angles=("avoid-bug",))
    both = BankWriter(Bank((PATHS, trap)), chance=SeededChance(1))
    wants = Choice(topic="pathlib", angle="avoid-bug", tone="plain", format="claim-only")
    for _ in range(10):
        assert {draft.choice.claim_id for draft in await both.draft(replace(BRIEF, wants=wants))} == {"trap"}

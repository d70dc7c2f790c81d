"""What the queue can count on: nothing invalid gets in, and without any provider no slot stays empty."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bowerbird.clock import SeededChance
from bowerbird.core.errors import WriterError
from bowerbird.core.lifecycle import State
from bowerbird.core.ports import Brief, Draft
from bowerbird.core.text import graphemes
from bowerbird.writers.bank import BankWriter
from bowerbird.writers.claims import Bank, bundled_bank
from bowerbird.writers.ladder import Ladder
from tests.core.test_review import hostile
from tests.planning.room import WREN, Pen, Room, draft

RHYTHM = replace(WREN, every_s=60, cover_h=1 / 6)


@pytest.fixture(scope="module")
def bank() -> Bank:
    """The bundled tips, read before the loop runs."""
    return bundled_bank()


@pytest.mark.proves("3.G3")
async def test_ten_thousand_hostile_candidates_leave_no_invalid_row() -> None:
    """Judged independently, row by row: it can be encoded, seen and counted, fits, and is new."""
    rng, offered = random.Random(23), 0

    def say(brief: Brief, n: int) -> Sequence[Draft]:
        """A hundred candidates for every brief."""
        nonlocal offered
        offered += 100
        return [draft(brief, *(hostile(rng) for _ in range(rng.choice([0, 1, 1, 1, 2])))) for _ in range(100)]

    room = await Room(RHYTHM, say=say).open()
    while offered < 10_000:
        await room.planner.plan_once()
        room.clock.advance(300)
    texts = [post.payload.text for post in await room.posts()]
    assert len(texts) >= 50
    assert len(set(texts)) == len(texts)
    for text in texts:
        assert 0 < len(text.encode()) <= 3_000
        assert len(graphemes(text)) <= 300
        assert any(unicodedata.category(c)[0] in "LNPS" for c in text)
        assert not any(unicodedata.category(c) in {"Cc", "Cs"} and c != "\n" for c in text)


@pytest.mark.proves("3.1")
async def test_without_any_provider_no_slot_stays_empty_for_72_hours(bank: Bank) -> None:
    """A provider that never answers above the bundled bank, a post an hour: each slot is filled, each in time."""
    account = replace(WREN, slots=tuple(f"{hour:02d}:00" for hour in range(24)), cover_h=12)
    room = await Room(account).open()
    broken = Pen(lambda brief, n: [], writer="openai", fails=WriterError("openai: out of order (500)"))
    room.planner.writer = Ladder([broken, BankWriter(bank, chance=SeededChance(1))])
    for _ in range(72):
        while await room.planner.plan_once():
            pass
        room.clock.advance(3_600)
    posts = await room.posts()
    heads = {post.due for post in posts if post.part == 0}
    assert len(heads) == 72 + 12 - 1
    assert all(post.created_at < post.due and post.state is State.QUEUED for post in posts)
    assert all("so bank wrote it" in post.choice.because for post in posts)

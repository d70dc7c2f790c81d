"""Cards in the data folder: drawn once, kept whole, left out without a wait while no browser runs, and swept."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from bowerbird.app.cards import BYTES_MAX, KEEP_S, SPARE_S, Cards, which_cards
from bowerbird.browsers.pool import Pool
from bowerbird.clock import VirtualClock
from bowerbird.core.errors import BadInput
from bowerbird.core.ports import Sketch
from bowerbird.core.post import SECOND_US, Media
from tests.browsers.fakes import Yard, at_once

START = 1_800_000_000 * SECOND_US
SKETCH = Sketch(text="A claim.", code="print(1)", output="1")


class Easel(Cards):
    """Cards whose picture is made here: the file's way is looked at, and how often a browser was asked."""

    asked = 0
    content = b"\x89PNG of a card"

    async def _drawn(self, page: object, name: str) -> bytes:
        self.asked += 1
        await asyncio.to_thread(self._keep, name, self.content)
        return self.content


def easel(folder: Path, which: str = "code") -> Easel:
    """One that needs no browser."""
    clock = VirtualClock(START)
    return Easel(folder, Pool(clock), clock, which)


async def test_a_card_is_drawn_once_and_is_there_afterwards(tmp_path: Path) -> None:
    """The second post with the same card has the same file, and no browser was asked for it."""
    cards = easel(tmp_path)
    first, again = [await cards.draw(SKETCH, by="wren") for _ in range(2)]
    assert isinstance(first, Media)
    assert first == again
    assert cards.asked == 1
    assert first.sha256 == hashlib.sha256((tmp_path / first.path).read_bytes()).hexdigest()
    assert "print(1)" in first.alt
    assert [file.name for file in (tmp_path / "cards").iterdir()] == [Path(first.path).name]


async def test_another_name_is_another_card(tmp_path: Path) -> None:
    """The account stands on it."""
    cards = easel(tmp_path)
    one, other = [await cards.draw(SKETCH, by=name) for name in ("wren", "robin")]
    assert isinstance(one, Media)
    assert isinstance(other, Media)
    assert one.path != other.path


async def test_an_old_card_goes_and_one_that_was_asked_for_stays(tmp_path: Path) -> None:
    """What no post can carry any more takes no room."""
    cards = easel(tmp_path)
    old = await cards.draw(SKETCH, by="wren")
    assert isinstance(old, Media)
    long_ago = START / SECOND_US - KEEP_S - 1
    os.utime(tmp_path / old.path, (long_ago, long_ago))
    await easel(tmp_path).draw(SKETCH, by="wren")  # as good as new
    assert (tmp_path / old.path).exists()
    os.utime(tmp_path / old.path, (long_ago, long_ago))
    await easel(tmp_path).draw(SKETCH, by="robin")
    assert not (tmp_path / old.path).exists()


async def test_without_a_browser_there_is_a_sentence_and_soon_no_wait() -> None:
    """The first try fails as fast as starting does; within a minute nobody tries again, then somebody does."""
    clock = VirtualClock(START)
    yard = Yard(clock, broken=True)
    cards = Cards(Path("nowhere"), Pool(clock, make=yard.make, thread=at_once, read=yard.read), clock)
    assert "browser" in str(await cards.draw(SKETCH, by="wren"))
    made = len(yard.made)
    assert "a moment ago" in str(await cards.draw(SKETCH, by="wren"))
    assert len(yard.made) == made
    await clock.sleep(SPARE_S + 60)
    assert "browser" in str(await cards.draw(SKETCH, by="wren"))
    assert len(yard.made) > made


def test_a_word_that_is_none_of_the_three_is_refused() -> None:
    """With the words that it may be."""
    assert which_cards("all") == "all"
    with pytest.raises(BadInput, match="none, code, all"):
        which_cards("both")
    assert BYTES_MAX < 1_000_000
